"""Prometheus sees why gateways' reports are not heard; each reason is there from the start."""

import re
from pathlib import Path

import aiohttp
import pytest

from fakes.operator_channel import connected, operator
from moorage_operator.running.operator_metrics import OperatorMetrics
from moorage_operator.running.report_channel.refusal import Refusal

DOCS = Path(__file__).parents[3] / "docs" / "operating.md"


def counts(metrics: OperatorMetrics) -> dict[str, float]:
    found = re.findall(
        r'^moorage_operator_reports_refused_total\{reason="(\w+)"\} (\S+)$',
        metrics.text().decode(),
        re.MULTILINE,
    )
    return {reason: float(count) for reason, count in found}


async def test_each_refusal_is_counted_by_its_reason(tmp_path: Path) -> None:
    metrics = OperatorMetrics()
    async with operator(tmp_path) as leader:
        metrics.refused_reports.by_reason = leader.server.refused
        assert counts(metrics) == {reason.label: 0.0 for reason in Refusal}
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with connected(leader, "spoilt"):
                    pass
        async with connected(leader, leader.cluster.token()) as socket:
            await socket.send_str("{}")
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        expected = {Refusal.NO_PROOF.label: 2.0, Refusal.MALFORMED.label: 1.0}
        assert {reason: count for reason, count in counts(metrics).items() if count} == expected


def test_each_reason_is_on_the_operators_page() -> None:
    (row,) = (line for line in DOCS.read_text().splitlines() if "reports_refused_total" in line)
    assert set(re.findall(r"`([A-Z]\w+)`", row)) == {reason.label for reason in Refusal}
