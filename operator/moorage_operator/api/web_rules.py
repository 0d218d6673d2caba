"""Which texts are paths, host names, headers and URLs that a gateway can serve or call."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from moorage_operator.api.findings import quoted
from moorage_operator.api.resource_kinds import RESERVED_PATHS
from moorage_operator.api.value import Problem

PATH_CHARACTERS = 256
HOSTNAME_CHARACTERS = 253
HEADER_CHARACTERS = 64
URL_CHARACTERS = 1_024

_PATH_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_PRINTABLE_ASCII = re.compile(r"[!-~]+")
_AUTHORITY = re.compile(r"([^@:\[\]]+|\[[0-9A-Fa-f:.]+\])(:([1-9][0-9]{0,4})?)?")
_URL_PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HOSTNAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_DOT_SEGMENTS = (".", "..")
_HEADERS_WITH_A_JOB = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "last-event-id",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "mcp-session-id",
        "origin",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)


def route_path(text: str) -> Problem | None:
    """A route's path: absolute, of plain segments, none of the gateway's own."""
    return mcp_path(text) or _reserved(text)


def mcp_path(text: str) -> Problem | None:
    """A path as every HTTP library writes it: nothing that one of them would normalise."""
    if not text.startswith("/"):
        return f"{quoted(text)} is not absolute", "begin it with /"
    if len(text) > PATH_CHARACTERS:
        return f"has {len(text)} characters, more than {PATH_CHARACTERS}", "shorten it"
    if text == "/":
        return None
    return next(filter(None, map(_segment_problem, text[1:].split("/"))), None)


def hostname(text: str) -> Problem | None:
    """A name or address that clients write before the port; no wildcard, no port."""
    if "*" in text:
        return f"{quoted(text)} is a wildcard", "list each host name"
    if _is_address(text) and not _is_mapped_or_scoped(text):
        written = str(ip_address(text))
        unusual = f"{quoted(text)} is not the usual form of that address"
        return None if written == text else (unusual, f"write it as {written}")
    if ":" in text or "/" in text:
        return f"{quoted(text)} is more than a host name", "leave scheme, port and path out"
    if len(text) > HOSTNAME_CHARACTERS or _HOSTNAME.fullmatch(text) is None:
        return f"{quoted(text)} is not a host name", "write it in lower case, like mcp.example.com"
    return None


def tls_hostname(text: str) -> Problem | None:
    """A name that a certificate can bear; pods change their addresses, so no address."""
    if len(text) > HOSTNAME_CHARACTERS or _HOSTNAME.fullmatch(text) is None:
        return f"{quoted(text)} is not a host name", "write it in lower case, like mcp.example.com"
    if _is_address(text):
        return f"{quoted(text)} is an address", "write the name that the certificates have"
    return None


def affinity_header(text: str) -> Problem | None:
    """A header that may choose the endpoint: a token that means nothing else."""
    if len(text) > HEADER_CHARACTERS or _HEADER.fullmatch(text) is None:
        return f"{quoted(text)} is not a header's name", "write it like X-Session-ID"
    if text.lower() in _HEADERS_WITH_A_JOB:
        return f"{quoted(text)} has another job in HTTP or MCP", "use a header of your own"
    return None


def endpoint_url(text: str) -> Problem | None:
    """Where a running MCP server is: an absolute http(s) URL and nothing secret in it."""
    return _url_problem(text, ("http", "https"))


def https_url(text: str) -> Problem | None:
    """A URL whose answers are trusted, so https only."""
    return _url_problem(text, ("https",))


def _segment_problem(segment: str) -> Problem | None:
    if not segment:
        return "has an empty segment", "remove the // or the / at the end"
    if segment in _DOT_SEGMENTS:
        return f"has the segment {quoted(segment)}", "write the path that is meant"
    if "%" in segment:
        return f"has an encoded character in {quoted(segment)}", "write the character itself"
    if _PATH_SEGMENT.fullmatch(segment) is None:
        return f"has other characters in {quoted(segment)}", "use letters, digits, -, ., _ and ~"
    return None


def _reserved(text: str) -> Problem | None:
    for reserved in RESERVED_PATHS:
        if text == reserved or text.startswith(f"{reserved}/"):
            return f"{reserved} is the gateway's own path", "choose another path"
    return None


def _is_mapped_or_scoped(text: str) -> bool:
    """``::ffff:10.0.0.7`` has several usual forms; ``fe80::1%eth0`` is another one to each."""
    address = ip_address(text)
    return address.version == 6 and (address.ipv4_mapped is not None or "%" in text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _url_problem(text: str, schemes: tuple[str, ...]) -> Problem | None:
    like = f"write it like {schemes[-1]}://mcp.example.com/mcp"
    if len(text) > URL_CHARACTERS:
        return f"has {len(text)} characters, more than {URL_CHARACTERS}", "shorten it"
    if _PRINTABLE_ASCII.fullmatch(text) is None:
        return f"{quoted(text)} has spaces or other characters that no URL has", like
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return f"{quoted(text)} is not a URL", like
    if parts.scheme not in schemes or not parts.hostname:
        return f"{quoted(text)} is not an absolute {' or '.join(schemes)} URL", like
    return _unwanted_part(text, parts) or _host_problem(parts, parts.hostname, port)


def _unwanted_part(text: str, parts: SplitResult) -> Problem | None:
    if parts.username is not None or parts.password is not None:
        return "has a user name or password in it", "remove everything before the @"
    if "#" in text:
        return "has a fragment", "remove the # and what follows"
    if parts.path and _URL_PATH.fullmatch(parts.path) is None:
        return f"{quoted(parts.path)} is not a URL's path", "encode what is not a letter or digit"
    return None


def _host_problem(parts: SplitResult, host: str, port: int | None) -> Problem | None:
    if port == 0:
        return "has the port 0", "use a port from 1 to 65535"
    if _AUTHORITY.fullmatch(parts.netloc) is None:
        return f"{quoted(parts.netloc)} is not a host and port", "write it like [::1]:8080"
    if not _is_address(host) and _HOSTNAME.fullmatch(host.removesuffix(".")) is None:
        return f"{quoted(host)} is not a host name", "write it like mcp.example.com"
    return None
