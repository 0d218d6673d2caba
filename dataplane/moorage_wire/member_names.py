"""Member names that the house reads, and names that other readers could take for them.

Go's ``encoding/json`` matches names without regard to case, and folds U+017F to ``s`` and U+212A
to ``k`` (CVE-2026-27896): a body with ``Name`` beside ``name`` calls one tool here and another
one there. Such names are refused at the levels that we decide on.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from moorage_wire.malformed import not_a_message, not_json

MAX_MEMBERS: Final = 256
"""Of one object at a level that we read; the protocol itself has about ten."""


class KnownNames:
    """The names that the protocol gives to the members of one level."""

    __slots__ = ("_folded", "_names", "_path", "covers")

    def __init__(self, path: str, names: Iterable[str]) -> None:
        self._path: Final = path
        self._names: Final = frozenset(names)
        self._folded: Final = frozenset(map(_folded, self._names))
        self.covers: Final = self._names.issuperset

    def check(self, names: list[str]) -> None:
        """Refuse names that two readers could read differently.

        Raises ``MalformedMessage``: DuplicateMember, CaseTwin, NulInName, TooManyMembers.
        """
        if len(names) > MAX_MEMBERS:
            raise not_a_message(
                "TooManyMembers", f"an object here has at most {MAX_MEMBERS}", self._path
            )
        if len(set(names)) < len(names):
            self._refuse_duplicate(names)
        for name in names:
            if name not in self._names:
                self._check_unknown(name)

    def _refuse_duplicate(self, names: list[str]) -> None:
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise not_json("DuplicateMember", "a member may appear once", self._at(twice))

    def _check_unknown(self, name: str) -> None:
        if "\0" in name:
            raise not_json("NulInName", "a member name holds U+0000", self._at(name))
        if _folded(name) in self._folded:
            raise not_a_message(
                "CaseTwin", "the name differs from the protocol's in case only", self._at(name)
            )

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}".lstrip(".").replace("\0", "\\u0000")


def _folded(name: str) -> str:
    """A name as the laxest reader compares it: case and compatibility forms are gone."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


ENVELOPE_NAMES: Final = KnownNames("", ("jsonrpc", "id", "method", "params", "result", "error"))
PARAMS_NAMES: Final = KnownNames(
    "params",
    (
        "_meta",
        "argument",
        "arguments",
        "capabilities",
        "clientInfo",
        "context",
        "cursor",
        "data",
        "elicitationId",
        "inputResponses",
        "level",
        "logger",
        "message",
        "name",
        "notifications",
        "progress",
        "progressToken",
        "protocolVersion",
        "reason",
        "ref",
        "requestId",
        "requestState",
        "task",
        "taskId",
        "total",
        "uri",
    ),
)
META_NAMES: Final = KnownNames(
    "params._meta",
    (
        "baggage",
        "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/clientInfo",
        "io.modelcontextprotocol/logLevel",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/related-task",
        "io.modelcontextprotocol/subscriptionId",
        "progressToken",
        "traceparent",
        "tracestate",
    ),
)
