"""Protocol versions and the two eras they belong to.

Source: MCP specification 2026-07-28, ``basic/versioning``: versions up to 2025-11-25 open with
``initialize`` (legacy), later ones carry everything in each request (modern).
"""

import enum
import re
from typing import Final


class Era(enum.Enum):
    """How the two sides of a connection come to know each other."""

    LEGACY = "legacy"
    MODERN = "modern"


LEGACY_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS: Final = ("2026-07-28",)
DEFAULT_VERSION: Final = "2025-03-26"
"""What a request without ``MCP-Protocol-Version`` speaks (transports, 2025-06-18)."""

_FIRST_MODERN_VERSION: Final = MODERN_VERSIONS[0]
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)


def era_of(protocol_version: str | None) -> Era:
    """The era of a version; what is absent or no date counts as legacy.

    A date later than any known version is modern: the endpoint answers it with its own
    list of supported versions, which the legacy handshake could not carry.
    """
    if protocol_version is None or not _DATE.fullmatch(protocol_version):
        return Era.LEGACY
    return Era.MODERN if protocol_version >= _FIRST_MODERN_VERSION else Era.LEGACY


def allows_batches(version: str) -> bool:
    """Whether a body may be a JSON-RPC batch: only 2025-03-26 has them."""
    return version == "2025-03-26"
