"""However many pods of one namespace report, those of another are let in."""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.operator_channel import GATEWAY, Served, connected, operator
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.running.report_channel import report_server

GREEDY = ResourceName("greedy", "gateway")


class Two(Served):
    """Gateways of two namespaces."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return {} if gateway in (GATEWAY, GREEDY) else None


async def test_a_namespace_has_no_more_connections_than_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(report_server, "MAX_CONNECTIONS", 6)
    caplog.set_level(logging.WARNING)
    account = {"name": "gateway-gateway", "uid": "s"}
    claims: Any = {"namespace": "greedy", "serviceaccount": account}
    async with operator(tmp_path, served=Two()) as leader, AsyncExitStack() as stack:
        for n in range(3):
            pod: Any = {"kubernetes.io": {**claims, "pod": {"name": f"pod-{n}"}}}
            await stack.enter_async_context(connected(leader, leader.cluster.token(**pod)))
        for n in range(3, 8):
            pod = {"kubernetes.io": {**claims, "pod": {"name": f"pod-{n}"}}}
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await stack.enter_async_context(connected(leader, leader.cluster.token(**pod)))
        await stack.enter_async_context(connected(leader, leader.cluster.token("honest")))
        assert leader.server.connections == 4
    assert "namespace greedy has 3 reporting pods of 6 in all" in caplog.text
