"""A leader is named by host and port, and by nothing else."""

import pytest

from moorage_gateway.reporting.report_address import leader_url

URL = "wss://moorage-operator.moorage-system.svc:8443/report"


@pytest.mark.parametrize(
    ("leader", "url"),
    [
        ("", URL),
        ("10.244.0.7:8443", "wss://10.244.0.7:8443/report"),
        ("[fd00::7]:8443", "wss://[fd00::7]:8443/report"),
    ],
)
def test_a_leader_replaces_host_and_port(leader: str, url: str) -> None:
    assert leader_url(URL, leader) == url


@pytest.mark.parametrize(
    "leader",
    ["10.0.0.1", "host:port", "host:99999999", "user@host:1", "host:1/other", "ho st:1", ":1", "["],
)
def test_anything_else_is_refused(leader: str) -> None:
    with pytest.raises(ValueError):
        leader_url(URL, leader)
