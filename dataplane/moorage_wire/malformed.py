"""The one refusal of a body that is not relayed."""

from typing import Final

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600


class MalformedMessage(ValueError):
    """A body that is not relayed.

    ``reason`` is the named refusal (``DuplicateMember``), ``path`` the place in the body
    (``params.name``, empty for the whole), ``code`` the JSON-RPC code to answer with.
    """

    def __init__(self, reason: str, explanation: str, *, path: str, code: int) -> None:
        super().__init__(reason, explanation, path, code)
        self.reason = reason
        self.explanation = explanation
        self.path = path
        self.code = code

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        return f"{self.reason}{where}: {self.explanation}"

    def within(self, outer_path: str) -> "MalformedMessage":
        """The same refusal, its path told from further outside."""
        path = f"{outer_path}.{self.path}" if self.path else outer_path
        return MalformedMessage(self.reason, self.explanation, path=path, code=self.code)


def not_json(reason: str, explanation: str, path: str = "") -> MalformedMessage:
    """The refusal of what is no JSON that all readers read alike (RFC 8259, RFC 7493)."""
    return MalformedMessage(reason, explanation, path=path, code=PARSE_ERROR)


def not_a_message(reason: str, explanation: str, path: str = "") -> MalformedMessage:
    """The refusal of what is JSON but no message (JSON-RPC 2.0, MCP ``basic/index``)."""
    return MalformedMessage(reason, explanation, path=path, code=INVALID_REQUEST)
