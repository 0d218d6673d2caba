"""An endpoint's name: who waits for the resolver may leave, and what its addresses say is told."""

import asyncio
import errno
import socket
from collections.abc import Callable

import pytest
import uvloop

from moorage_contract.route_table import Endpoint
from moorage_gateway.connecting.dialing import Peer, dial, most_telling
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import EndpointUnreachable
from moorage_gateway.settings import Limits

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
UNREACHABLE = OSError(errno.EHOSTUNREACH, "no route")
FULL = OSError(errno.EMFILE, "too many open files")


async def test_a_name_that_nobody_waits_for_any_more_is_no_error_of_ours() -> None:
    """Held by the fixture of this folder: the loop logs what nobody took."""
    for number in range(20):
        dialing = asyncio.ensure_future(
            dial(Peer(f"no-such-host-{number}.invalid", 80), asyncio.Protocol)
        )
        await asyncio.sleep(0)
        dialing.cancel()
        await asyncio.wait({dialing})
        assert dialing.cancelled()
    # The resolver's threads are done, in their order, once this one is.
    with pytest.raises(socket.gaierror):
        await dial(Peer("no-such-host.invalid", 80), asyncio.Protocol)


async def test_a_name_of_several_addresses_is_served_by_any_of_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # On machines with IPv6 this name has two addresses, and nobody listens on the other.
        made = await dial(Peer("localhost", listener.getsockname()[1]), asyncio.Protocol)
        assert isinstance(made, asyncio.Protocol)


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        ([UNREACHABLE, REFUSED], REFUSED),
        ([FULL, UNREACHABLE], UNREACHABLE),
        ([UNREACHABLE, FULL], UNREACHABLE),
        ([FULL, FULL], FULL),
    ],
)
def test_of_several_failures_the_one_that_says_most_is_told(
    failures: list[OSError], told: OSError
) -> None:
    assert most_telling(failures) is told


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("host", ["tickets..svc", "a" * 64 + ".example", "a" * 300])
def test_a_host_that_is_no_name_is_told_as_an_endpoint_that_cannot_be_reached(
    host: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def connect() -> None:
        await UpstreamPool(Endpoint(uid="u", url=f"http://{host}/mcp"), Limits()).connect()

    with (
        pytest.raises(
            EndpointUnreachable, match=r"cannot be reached \(.*1 to 63 characters"
        ) as told,
        asyncio.Runner(loop_factory=loop) as runner,
    ):
        runner.run(connect())
    assert told.value.reason == "ConnectFailed"
