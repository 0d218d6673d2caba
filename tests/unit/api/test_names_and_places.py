"""Names that Services can have; paths, hosts and URLs that mean one thing to everybody."""

import pytest

from fakes.cr_documents import (
    findings_in,
    gateway_document,
    group_document,
    reasons_in,
    route,
)


@pytest.mark.parametrize("name", ["a", "a1", "a-b", "a" * 54])
def test_names_of_groups(name: str) -> None:
    assert findings_in(group_document(name)) == ()


@pytest.mark.parametrize(
    "name", ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a" * 55, "a\n", "ä", "a b"]
)
def test_names_that_no_service_of_a_group_could_have(name: str) -> None:
    assert reasons_in(group_document(name)) == {"metadata.name": "InvalidValue"}


def test_names_of_gateways_leave_room_for_their_children() -> None:
    document = gateway_document()
    document["metadata"]["name"] = "a" * 55
    assert findings_in(document) == ()
    document["metadata"]["name"] = "a" * 56
    (finding,) = findings_in(document)
    assert finding.remedy == "shorten it"


def paths_found(*paths: str) -> dict[str, str]:
    return reasons_in(gateway_document(routes=[route(path, "tickets") for path in paths]))


@pytest.mark.parametrize("path", ["/", "/mcp", "/a/b.c/d-e_f~g", "/healthz2", "/a/healthz", "/..."])
def test_paths_of_routes(path: str) -> None:
    assert paths_found(path) == {}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "mcp",
        "//",
        "/a//b",
        "/a/",
        "/.",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a%2Fb",
        "/a b",
        "/a?b",
        "/a#b",
        "/ä",
        "/a\n",
        "/a;b",
        "/a\\b",
        "http://a/b",
        "/" + "a" * 256,
        "/healthz",
        "/readyz",
        "/metrics",
        "/metrics/a",
        "/.well-known/oauth-protected-resource",
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    assert paths_found(path) == {"spec.routes[0].path": "InvalidValue"}


@pytest.mark.parametrize("name", ["localhost", "mcp.example.com", "127.0.0.1", "::1", "x--1.a"])
def test_host_names(name: str) -> None:
    assert findings_in(gateway_document(listener={"hostnames": [name]})) == ()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "*",
        "*.a",
        "a:80",
        "http://a",
        "A.example",
        "a..b",
        "-a",
        "a_b",
        "[::1]",
        "0:0::1",
        "ä.de",
        "a/b",
        "a" * 64,
        "a." * 127 + "a",
        "a\n",
    ],
)
def test_host_names_that_are_refused(name: str) -> None:
    document = gateway_document(listener={"hostnames": [name]})
    assert reasons_in(document) == {"spec.listener.hostnames[0]": "InvalidValue"}


def urls_found(*urls: str) -> dict[str, str]:
    endpoints = [{"url": url} for url in urls]
    return reasons_in(group_document(source={"external": {"endpoints": endpoints}}))


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.example/mcp?key=1",
        "http://127.0.0.1:80/",
        "http://[::1]:9000/mcp",
        "http://a/%7Eb/mcp",
    ],
)
def test_urls_of_endpoints(url: str) -> None:
    assert urls_found(url) == {}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "/mcp",
        "//a/mcp",
        "ftp://a",
        "file:///etc/passwd",
        "http://",
        "http:///a",
        "http:a",
        "http://u:p@a/",
        "http://u@a/",
        "http://@a/",
        "http://a/#b",
        "http://a#",
        "http://a:0/",
        "http://a:65536/",
        "http://a:x/",
        "http://[::1/",
        "http://a b/",
        "http://a/\r\nX: y",
        "http://ä/",
        "http://a_b/",
        "http://A..b/",
        'http://a/"b',
        "http://a/" + "b" * 2048,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    assert urls_found(url) == {"spec.source.external.endpoints[0].url": "InvalidValue"}


def test_one_url_is_one_instance() -> None:
    assert urls_found("http://a/mcp", "http://b/mcp", "http://a/mcp") == {
        "spec.source.external.endpoints[2].url": "Duplicate"
    }


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"type": "Header", "header": "X-Session-ID"}, True),
        ({"type": "Principal"}, True),
        ({}, True),
        ({"type": "Header"}, False),
        ({"header": "X-Session-ID"}, False),
        ({"type": "Principal", "header": "X-Session-ID"}, False),
        ({"type": "Header", "header": "Mcp-Session-Id"}, False),
        ({"type": "Header", "header": "authorization"}, False),
        ({"type": "Header", "header": "X Session"}, False),
        ({"type": "Header", "header": "X:"}, False),
        ({"type": "Header", "header": "X\r\nY"}, False),
    ],
)
def test_affinity_needs_a_header_exactly_when_it_uses_one(
    change: dict[str, str], accepted: bool
) -> None:
    assert (findings_in(group_document(sessions={"affinity": change})) == ()) is accepted
