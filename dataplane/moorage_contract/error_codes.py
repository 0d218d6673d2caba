"""JSON-RPC error codes of the house, the same from the gateway and from a stdio bridge.

They lie outside -32768..-32000, which JSON-RPC and MCP reserve (MCP 2026-07-28, ``basic/index``,
error codes).
"""

from typing import Final

OUTCOME_UNKNOWN: Final = -31001
"""The call may have run."""
NOT_REACHED: Final = -31002
"""The endpoint or process was not reached; nothing ran."""
BOUND_REACHED: Final = -31003
REFUSED: Final = -31004
