"""The report channel of one gateway pod: what it reports, and what it does with the answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from moorage_contract.report_channel import DemandReport, Guidance
from moorage_contract.route_table import RouteTable
from moorage_gateway.parts import Parts
from moorage_gateway.reporting.cluster_facts import ChannelFacts
from moorage_gateway.reporting.report_client import ReportClient
from moorage_gateway.routing.guided import Guided, ReplicaFacts

TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Reporter:
    """Who reports. The callables are asked at each report."""

    pod: str
    token: Path
    """File with the token for the operator."""
    table_digest: Callable[[], str]
    key_ids: Callable[[], frozenset[str]]
    unfollowed: Callable[[], Mapping[str, str]] = dict
    """Namespaces whose endpoints this pod may not follow, and why."""
    certificate_refused: Callable[[], str] = str
    """Why the newest certificate is not in use."""


class ReportChannel:
    """Between the endpoint book and the operator's leader."""

    def __init__(self, parts: Parts, reporter: Reporter, jitter: Callable[[], float]) -> None:
        self._parts = parts
        self._reporter = reporter
        self.client = ReportClient(self, reporter.token, jitter)
        runtime = parts.runtime
        self.guided = Guided(
            runtime.book,
            runtime.ledger,
            parts.new_endpoints,
            runtime.loop_seconds,
            self.client.hurry,
        )
        self._is_stopping = self._is_closed = False

    def expect(self, table: RouteTable) -> None:
        """Before ``table`` is put in force."""
        self.guided.expect(table)

    def follow(self, table: RouteTable) -> None:
        """After ``table`` was put in force."""
        self.guided.follow()
        self.client.follow(table.report)

    async def run(self) -> None:
        """Runs until cancelled."""
        await self.client.run()

    async def tick(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.guided.tick()

    def hindrances(self) -> tuple[str, ...]:
        """Why a session cannot begin here yet that could elsewhere; only for a start."""
        return self.guided.hindrances()

    def say_farewell(self) -> None:
        """The gateway stops: what it serves counts on, but it is none of those that stay."""
        self._is_stopping = True
        self.client.hurry()

    def say_closed(self) -> None:
        """No client can reach it any more: others get its slots, though it serves on."""
        self._is_closed = True
        self.client.hurry()

    def facts(self) -> ChannelFacts:
        """For the status page and the metrics."""
        client = self.client
        return ChannelFacts(
            connected=client.is_connected,
            connects=client.connects,
            failures=client.failures,
            why=client.why,
            sharing=self.guided.sharing.name.lower(),
        )

    # what the client asks

    def connected(self) -> None:
        """A leader listens."""
        self.guided.connected()

    def disconnected(self) -> None:
        """It listens no more."""
        self.guided.disconnected()

    def news(self, *, whole: bool) -> Sequence[DemandReport]:
        """What is to be told now."""
        reporter = self._reporter
        facts = ReplicaFacts(
            pod=reporter.pod,
            table_digest=reporter.table_digest(),
            key_ids=tuple(sorted(reporter.key_ids())),
            streams=sum(self._parts.cells.streams.values()),
            stopping=self._is_stopping,
            closed=self._is_closed,
            unfollowed=reporter.unfollowed(),
            certificate_refused=reporter.certificate_refused(),
        )
        return self.guided.reports(facts, whole=whole)

    def take(self, guidance: Guidance) -> None:
        """What the leader says."""
        self.guided.take(guidance)
