"""What a watch says, line by line (pure).

Source: Kubernetes API Concepts, "Efficient detection of changes": one JSON object per line,
``{"type": "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR", "object": {…}}``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

GONE = 410
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]


class WatchBroken(Exception):
    """What came is no watch, or over a bound; the message says what, for people."""


class NotPermitted(WatchBroken):
    """The API server refuses it to us (401, 403)."""


class VersionExpired(Exception):
    """The API server no longer has the changes since our version (410): list anew."""


class WatchedMetadata(msgspec.Struct, frozen=True):
    """What a follower itself needs to know of any object."""

    name: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Object(msgspec.Struct, frozen=True):
    metadata: WatchedMetadata = WatchedMetadata()


class _Event(msgspec.Struct, frozen=True):
    type: EventType
    object: msgspec.Raw


class _Status(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class _ListMetadata(msgspec.Struct, frozen=True):
    resource_version: str = msgspec.field(name="resourceVersion", default="")
    next_page: str = msgspec.field(name="continue", default="")


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMetadata
    items: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class WatchEvent:
    """One change. ``document`` is None for a bookmark, which only moves the version on."""

    type: EventType
    name: str
    version: str
    document: dict[str, Any] | None


@dataclass(frozen=True)
class Page:
    """One page of a list, by name; ``next_page`` is empty on the last one."""

    version: str
    documents: dict[str, dict[str, Any]]
    next_page: str


class LineSplitter:
    """Cuts a byte stream into lines; raises WatchBroken where one is over the bound."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that are whole now, without the empty ones."""
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        for line in lines:
            self._bound(line)
            if line.strip():
                yield bytes(line)
        self._bound(rest)

    def _bound(self, line: bytearray) -> None:
        if len(line) > self._max_line_bytes:
            raise WatchBroken(f"a line of the watch is over {self._max_line_bytes} bytes")


def read_event(line: bytes) -> WatchEvent:
    """One line; raises VersionExpired for a 410, WatchBroken for any other error and for garbage.

    Source of the error form: ``metav1.Status`` in the place of the object.
    """
    try:
        event = msgspec.json.decode(line, type=_Event)
        if event.type == "ERROR":
            raise_status(msgspec.json.decode(event.object, type=_Status))
        metadata = msgspec.json.decode(event.object, type=_Object).metadata
        if event.type == "BOOKMARK":
            return WatchEvent(event.type, "", metadata.resource_version, None)
        document = msgspec.json.decode(event.object, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WatchBroken(f"a line is no watch event: {type(error).__name__}") from error
    if not metadata.name:
        raise WatchBroken("an event names no object")
    return WatchEvent(event.type, metadata.name, metadata.resource_version, document)


def raise_status(status: _Status) -> None:
    """What an error event or an error answer means."""
    if status.code == GONE:
        raise VersionExpired
    raise WatchBroken(f"the API server says {status.code}: {status.message[:200]}")


def read_page(body: bytes) -> Page:
    """One page of a list; raises WatchBroken."""
    try:
        page = msgspec.json.decode(body, type=_List)
        named = [(str(item["metadata"]["name"]), item) for item in page.items or ()]
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError) as error:
        raise WatchBroken(f"the answer is no list: {type(error).__name__}") from error
    if not page.metadata.resource_version:
        raise WatchBroken("the list bears no version")
    return Page(page.metadata.resource_version, dict(named), page.metadata.next_page)
