"""Types of the fixtures of this folder."""

from collections.abc import Awaitable, Callable

from moorage_sidecar import BridgedServer, StdioBridge

BridgeStarter = Callable[..., Awaitable[StdioBridge]]
"""``(SCRIPT, *ARGUMENTS, unix_socket=None, **limits)``: a bridge that listens."""
Eventually = Callable[..., Awaitable[None]]
"""``(CONDITION, SECONDS=5)``: wait until the condition holds."""
ServerMaker = Callable[..., BridgedServer]
"""``(*COMMAND)``: a server that a bridge can stand for."""
