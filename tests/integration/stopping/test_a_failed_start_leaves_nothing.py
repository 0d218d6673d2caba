"""A gateway that cannot have one of its ports raises, and nothing that it began goes on."""

import asyncio
import os
import socket

import pytest

from fakes.honest_endpoint import honest_upstreams, never_answer
from fakes.in_process_gateway import RING, urls_of
from integration.stopping.test_nothing_is_left import (
    more_than,
    what_is_there,
    with_a_dead_endpoint,
)
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings


@pytest.mark.parametrize("port", ["listen_port", "admin_port"])
async def test_a_port_in_use_leaves_no_task_no_socket_and_no_thread(port: str) -> None:
    slow = {"initialize": never_answer, "server/discover": never_answer}
    async with honest_upstreams(1, on=slow) as upstreams:
        before = what_is_there()
        read_end, write_end = os.pipe()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ports = {"listen_port": 0, "admin_port": 0, port: taken.getsockname()[1]}
            made = Gateway(GatewaySettings(access_log=write_end, **ports), RING)
            with pytest.raises(OSError, match="address already in use"):
                await made.start(with_a_dead_endpoint(urls_of(upstreams)))
        for descriptor in (read_end, write_end):
            os.close(descriptor)
        await asyncio.sleep(0.1)
        assert upstreams[0].server.open_peers == []
        assert not any(more_than(before, what_is_there())), more_than(before, what_is_there())
