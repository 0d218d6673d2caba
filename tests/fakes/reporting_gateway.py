"""Gateway replicas in the test's own process that report to an operator."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
from msgspec.structs import replace

from fakes.in_process_gateway import QUICK, RING, table_of, until
from moorage_contract.route_table import ReportTarget, RouteTable, SessionRules
from moorage_gateway.process import Gateway
from moorage_gateway.report_channel import Reporter
from moorage_gateway.settings import GatewaySettings

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@dataclass
class Replica:
    """One gateway pod."""

    gateway: Gateway
    token_file: Path
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}/mcp"

    async def initialize(self) -> tuple[int, str]:
        """Status and session id of a new session."""
        async with self.http.post(self.url, json=INITIALIZE, headers=ACCEPT) as answer:
            await answer.read()
            return answer.status, answer.headers.get("Mcp-Session-Id", "")

    async def use(self, session_id: str) -> int:
        """Status of a request in a session."""
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        headers = {**ACCEPT, "Mcp-Session-Id": session_id, "MCP-Protocol-Version": "2025-11-25"}
        async with self.http.post(self.url, json=ping, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def delete(self, session_id: str) -> int:
        """Status of the end of a session."""
        async with self.http.delete(self.url, headers={"Mcp-Session-Id": session_id}) as answer:
            await answer.read()
            return answer.status

    def sessions(self) -> dict[str, int]:
        """Live sessions by endpoint, as the replica counts them."""
        groups = self.gateway.status().groups
        return {each.uid: each.sessions for group in groups for each in group.endpoints}

    def states(self) -> dict[str, str]:
        """States of the endpoints."""
        groups = self.gateway.status().groups
        return {each.uid: each.state for group in groups for each in group.endpoints}


def reporting_table(
    urls: Sequence[str], target: ReportTarget | None, *, per_pod: int = 10, replicas: int = 1
) -> RouteTable:
    """A table that names an operator."""
    rules = SessionRules(per_pod=per_pod, idle_seconds=60)
    return replace(table_of(urls, sessions=rules), report=target, replicas=replicas)


@asynccontextmanager
async def replica(
    table: RouteTable, token: str, folder: Path, pod: str = "pod-0"
) -> AsyncIterator[Replica]:
    """A replica that serves ``table`` and bears ``token``."""
    token_file = folder / f"{pod}.token"
    token_file.write_text(token)
    made: Gateway

    def key_ids() -> frozenset[str]:
        return made.key_ids()

    reporter = Reporter(pod, token_file, lambda: made.status().table, key_ids)
    made = Gateway(
        GatewaySettings(listen_port=0, admin_port=0, limits=QUICK), RING, reporter=reporter
    )
    await made.start(table)
    try:
        async with aiohttp.ClientSession() as http:
            yield Replica(made, token_file, http)
    finally:
        await made.stop()


async def all_ready(*replicas: Replica) -> None:
    """Wait until every endpoint is ready at every replica."""
    for each in replicas:
        await until(partial(_is_ready, each), "all endpoints are ready")


def _is_ready(one: Replica) -> bool:
    return set(one.states().values()) == {"ready"}
