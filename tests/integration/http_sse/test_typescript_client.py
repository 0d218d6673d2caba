"""The official TypeScript client over each transport against endpoints of the other one."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from conformance.node_tools import FOLDER_VARIABLE, NodeTools, NodeToolsMissing, find_node_tools
from integration.http_sse.conftest import GatewayStarter, eventually, group

CLIENT = Path(__file__).with_name("typescript_client.mjs")

pytestmark = pytest.mark.typescript


@pytest.fixture(scope="module")
def tools() -> NodeTools:
    try:
        return find_node_tools()
    except NodeToolsMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("transport", "path"), [("sse", "/older"), ("sse", "/newer"), ("streamable", "/older")]
)
async def test_state_messages_and_questions_stay_in_their_session(
    start_gateway: GatewayStarter, sdk_server: str, tools: NodeTools, transport: str, path: str
) -> None:
    groups = (
        group("older", f"{sdk_server}/sse", "HttpSse"),
        group("newer", f"{sdk_server}/mcp"),
    )
    gateway, base = await start_gateway(*groups)
    process = await asyncio.create_subprocess_exec(
        tools.node,
        CLIENT,
        transport,
        base + path,
        env={**os.environ, FOLDER_VARIABLE: str(tools.folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(output) == {
        "counted": "counted",
        "colour": "blue",
        "large": 300_000,
        "recalled": ["one", "two"],
        "logs": ["step 1", "step 2", "step 3"],
    }
    await eventually(lambda: gateway.status().streams == 0)
