"""One real MCP handshake with a stdio server behind its sidecar, and pings of the sidecar alone.

Every handshake starts a process there, which its end ends: DELETE for the legacy era; at the modern
one the sidecar lets go of a process that was only asked ``server/discover``.
"""

from moorage_gateway.connecting import handshake
from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS, discover, initialize
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import AnswerTimeout, BadAnswer

START_SECONDS = 65.0
"""A server may install itself first (``npx``). The sidecar gives it 60 s, and its words about one
that stays silent say more than our own."""
WRONG_KEY = (
    "its sidecar refuses the key that this gateway has for the group (401 WrongKey); see that the "
    "gateway's Secret holds the key of the group's Secret"
)


async def ping_sidecar(pool: UpstreamPool) -> None:
    """Whether the sidecar takes our requests; no process starts. Raises UpstreamError."""
    answer = await ask(pool, pool.bodiless(b"OPTIONS", b"", b""), handshake.PING_SECONDS)
    if answer.status == 401:
        raise BadAnswer(WRONG_KEY)


async def shake_hands_over_stdio(pool: UpstreamPool) -> tuple[str, ...]:
    """The protocol versions that the server speaks, oldest first; raises UpstreamError if none.

    ``initialize`` comes first: with it whatever is slow or fails does so once, and is told.
    """
    try:
        legacy = await initialize(pool, START_SECONDS)
    except BadAnswer:
        modern = await _discover(pool, START_SECONDS)  # one that knows no initialize
        if not modern:
            raise
        return modern
    return (legacy, *await _discover(pool, HANDSHAKE_SECONDS))


async def _discover(pool: UpstreamPool, seconds: float) -> tuple[str, ...]:
    try:
        return await discover(pool, seconds)
    except AnswerTimeout:  # a legacy server may leave unknown questions unanswered
        return ()
