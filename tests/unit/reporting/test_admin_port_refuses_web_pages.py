"""Only what no web page could have sent passes the admin guard (threat P9)."""

import pytest

from moorage_gateway.reporting.admin_guard import HOST_REFUSED, ORIGIN_REFUSED, admin_refusal


def refusal(host: str, target: str = "/metrics", bound: str = "127.0.0.1") -> str | None:
    return admin_refusal(target, [host], [], bound)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9090",
        "127.0.0.1",
        "127.0.0.2:9090",
        "localhost:9090",
        "LOCALHOST",
        "localhost:",
        "[::1]:9090",
        "[::1]",
        "10.1.2.3:9090",
        "[fd00::12]:9090",
        "gateway-0.agents:9090",
    ],
)
def test_addresses_loopback_names_and_the_bound_name_pass(host: str) -> None:
    assert refusal(host, bound="Gateway-0.agents") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":9090",
        "evil.example",
        "evil.example:9090",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "127.0.0.1:9090.evil.example",
        "127.0.0.1:9090:9090",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil",
        " 127.0.0.1",
        "127.0.0.1,evil.example",
        "[::1",
        "[::1]evil.example",
        "[evil.example]",
        "::1",
        "127.0.0.1:\uff19\uff10",
    ],
)
def test_every_other_host_is_refused(host: str) -> None:
    assert refusal(host) == HOST_REFUSED


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1", "127.0.0.1"]])
def test_exactly_one_host_is_demanded(hosts: list[str]) -> None:
    assert admin_refusal("/metrics", hosts, [], "127.0.0.1") == HOST_REFUSED


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1:9090", "https://evil.example", ""])
def test_any_origin_is_refused(origin: str) -> None:
    assert admin_refusal("/metrics", ["127.0.0.1"], [origin], "127.0.0.1") == ORIGIN_REFUSED


@pytest.mark.parametrize("target", ["http://evil.example/metrics", "*", "evil.example:80"])
def test_a_target_that_names_a_host_itself_is_refused(target: str) -> None:
    assert refusal("127.0.0.1", target=target) == HOST_REFUSED
