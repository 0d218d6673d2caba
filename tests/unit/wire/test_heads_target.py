"""Request targets: a plain absolute path is read, every trick with it refused."""

import pytest

from moorage_wire.heads import HeadRefusal, read_target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/mcp", "/mcp", ""),
        ("/mcp?", "/mcp", ""),
        ("/tools/v1.2/mcp", "/tools/v1.2/mcp", ""),
        ("/mcp/", "/mcp/", ""),
        ("/...", "/...", ""),
        ("/.well-known/x", "/.well-known/x", ""),
        ("/a%20b", "/a%20b", ""),
        ("/a:b@c;d=1,2+3!$&'()*~_-", "/a:b@c;d=1,2+3!$&'()*~_-", ""),
        ("/messages?sessionId=AQEd2w55t73zrU_-", "/messages", "sessionId=AQEd2w55t73zrU_-"),
        ("/mcp?a=b/../c?d=%2F%2e%2e&e[]={x|y^`}", "/mcp", "a=b/../c?d=%2F%2e%2e&e[]={x|y^`}"),
        ("/mcp?u=http://example.com/", "/mcp", "u=http://example.com/"),
        ("/" + "a" * 2047, "/" + "a" * 2047, ""),
    ],
)
def test_a_plain_path_is_read(target: str, path: str, query: str) -> None:
    assert read_target(target) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "mcp",
        "*",
        "?",
        "http://other/mcp",
        "HTTP://other/mcp",
        "//other/mcp",
        "other:443",
        "/mcp#fragment",
        "/mcp?x#fragment",
        "#",
        "/..",
        "/.",
        "/../mcp",
        "/a/../mcp",
        "/a/./mcp",
        "/mcp/..",
        "/mcp/.",
        "/a//mcp",
        "/mcp//",
        "/mcp%2fx",
        "/mcp%2Fx",
        "/%2e%2e/mcp",
        "/.%2E/mcp",
        "/a%5cb",
        "/a\\b",
        "/%252e",
        "/a%00",
        "/a%0d%0aHost:x",
        "/a%1f",
        "/a%7F",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a%u0041",
        "/%c0%ae%c0%ae/mcp",
        "/caf%C3%A9",
        "/café",
        "/mcp\udcff",
        "/a b",
        "/a\tb",
        "/a\x00b",
        "/mcp\r\n",
        "/mcp\n",
        '/a"b',
        "/a<b>",
        "/a{b}",
        "/a|b",
        "/a^b",
        "/mcp?a=%00",
        "/mcp?a=%0a",
        "/mcp?a=%",
        "/mcp?a\\b",
        "/mcp?a b",
        "/mcp?é",
        "/mcp?a\n",
    ],
)
def test_a_trick_is_refused_without_repeating_it(target: str) -> None:
    with pytest.raises(HeadRefusal) as refusal:
        read_target(target)
    assert (refusal.value.reason, refusal.value.status) == ("BadTarget", 400)
    assert refusal.value.message == (
        "the request target is not acceptable: ask for the plain path of a route, such as /mcp"
    )


def test_a_long_target_is_refused() -> None:
    with pytest.raises(HeadRefusal) as refusal:
        read_target("/" + "a" * 2048)
    assert (refusal.value.reason, refusal.value.status) == ("TargetTooLong", 414)
