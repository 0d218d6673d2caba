"""An endpoint's name: who waits for the resolver may leave, and what its addresses say is told."""

import asyncio
import errno
import socket

import pytest

from moorage_gateway.connecting.dialing import Peer, dial, most_telling

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
