"""Sessions of official clients through gateways: none wrong, none crossed, none lost.

The same as `python -m integration.sessions.soak`, small enough for every test run.
"""

import pytest

from conformance.node_tools import NodeToolsMissing, find_node_tools
from integration.sessions.progress import Progress
from integration.sessions.soak import Plan, Report, soak

pytestmark = [pytest.mark.timeout(180)]


async def run(plan: Plan) -> Report:
    if plan.typescript_sessions:
        try:
            find_node_tools()
        except NodeToolsMissing as missing:
            pytest.skip(str(missing))
    return await soak(plan, Progress(plan.calls, quiet=True))


CLIENTS = ["python", pytest.param("typescript", marks=pytest.mark.typescript)]


@pytest.mark.parametrize("clients", CLIENTS)
@pytest.mark.parametrize("way", ["direct", "gateways"])
async def test_every_session_keeps_its_server_and_outlives_a_gateway(
    way: str, clients: str
) -> None:
    report = await run(Plan(sessions=40, calls=1000, way=way, clients=clients))
    assert report.examples == []
    assert report.faultless
    assert report.notifications > 0


async def test_the_sdks_own_sessions_too() -> None:
    report = await run(Plan(sessions=12, calls=240, upstream="sdk", clients="python"))
    assert report.examples == []
    assert report.faultless
