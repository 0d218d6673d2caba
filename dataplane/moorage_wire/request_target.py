"""The strict check of a request target: an absolute path without tricks (RFC 9112 §3.2.1)."""

import re

from moorage_wire.head_refusal import HeadRefusal

MAX_TARGET_CHARS = 2048
_PATH = re.compile(r"/(?:[\w~!$&'()*+,;=:@.%-]+/)*[\w~!$&'()*+,;=:@.%-]*", re.ASCII)
_QUERY = re.compile(r"[!$-;=?-\[\]^_`a-~]*", re.ASCII)
_DOT_SEGMENT = re.compile(r"/\.\.?(?:/|$)")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL_ESCAPE = re.compile(r"%(?:[01]|7[Ff])")
_PATH_ESCAPE = re.compile(r"%(?:2[EeFf5]|5[Cc]|[89A-Fa-f])")
_REMEDY = "ask for the plain path of a route, such as /mcp"


def read_target(target: str) -> tuple[str, str]:
    """Path and query (without the ``?``) of a target; raises HeadRefusal.

    One trailing slash is let through: routes match exactly, so it can only name itself.
    """
    if len(target) > MAX_TARGET_CHARS:
        raise HeadRefusal(
            "TargetTooLong", f"the request target is over {MAX_TARGET_CHARS} characters: shorten it"
        )
    path, _, query = target.partition("?")
    if not _PATH.fullmatch(path) or _DOT_SEGMENT.search(path) or not _QUERY.fullmatch(query):
        raise _bad_target()
    if "%" in target:
        _check_escapes(path, query)
    return path, query


def _check_escapes(path: str, query: str) -> None:
    if _PATH_ESCAPE.search(path):
        raise _bad_target()
    for part in (path, query):
        if _BROKEN_ESCAPE.search(part) or _CONTROL_ESCAPE.search(part):
            raise _bad_target()


def _bad_target() -> HeadRefusal:
    return HeadRefusal("BadTarget", f"the request target is not acceptable: {_REMEDY}")
