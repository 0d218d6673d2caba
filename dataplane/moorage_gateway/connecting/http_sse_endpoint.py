"""Where an HTTP+SSE endpoint wants its messages posted (pure).

Its first event names a URI. An endpoint may name any place on its own origin and none elsewhere:
whoever posted where it says would let it reach the gateway's network (threat: SSRF). Source: MCP
2024-11-05, ``basic/transports``.
"""

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from moorage_gateway.errors import BadAnswer

MAX_TARGET_CHARS = 1024
"""Room for any usual path and id; sealed, it must still fit into a client's request target."""

_VISIBLE = re.compile(rb"[!-~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def message_target(endpoint_url: str, named: bytes) -> str:
    """The path and query to POST to; raises BadAnswer for a foreign origin or a broken URI."""
    if not _VISIBLE.fullmatch(named) or len(named) > MAX_TARGET_CHARS:
        raise BadAnswer(
            f"the endpoint event names no URI of at most {MAX_TARGET_CHARS} visible characters"
        )
    try:
        own = urlsplit(endpoint_url)
        place = urlsplit(urljoin(endpoint_url, named.decode("ascii")))
        foreign = _origin(place) != _origin(own) or "@" in place.netloc
    except ValueError as error:
        raise BadAnswer("the endpoint event names a broken URI") from error
    if foreign:
        raise BadAnswer(
            "the endpoint event names another origin than the endpoint's own",
            remedy="let the server name its message URI as a path",
        )
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    if len(target) > MAX_TARGET_CHARS:
        raise BadAnswer(f"the endpoint's message URI is over {MAX_TARGET_CHARS} characters")
    return target


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)
