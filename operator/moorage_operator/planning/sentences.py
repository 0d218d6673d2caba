"""How the sentences of messages are put together."""

from collections.abc import Sequence

TROUBLES_TOLD = 10


def counted(count: int, noun: str) -> str:
    """``1 pod``, ``2 pods``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def told(troubles: Sequence[str], consequence: str) -> str:
    """Each trouble as a sentence, the first ten of them, and what follows from all."""
    more = len(troubles) - TROUBLES_TOLD
    rest = [f"And {more} more"] if more > 0 else []
    sentences = [*troubles[:TROUBLES_TOLD], *rest, consequence]
    return " ".join(text if text.endswith("?") else f"{text}." for text in sentences)
