"""What this process lacks is told as its own lack, and no endpoint is taken out for it."""

import json
import sys
from pathlib import Path

import pytest

from fakes.child_process import running

STARVED = Path(__file__).with_name("starved_gateway.py")
CALLS = 5


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_without_a_socket_the_caller_is_told_and_the_endpoint_stays(loop: str) -> None:
    async with running("starved gateway", [sys.executable, STARVED, loop]) as child:
        assert await child.wait(30) == 0, child.output()
        seen = json.loads(child.output().splitlines()[-1])

    assert seen["told"] == CALLS * [[503, "GatewaySocketsExhausted", "1"]]
    assert (seen["state"], seen["failures"]) == ("ready", 0)
    assert seen["after"] == 200
