"""Live sessions of official clients over gateways, many calls, then `kill -9` of one gateway.

`python -m integration.sessions.soak [--sessions 1000] [--calls 50000] [--way gateways|direct]
[--upstream stateful|sdk] [--clients both|python|typescript] [--json FILE]`

Ends with 1 when a call was wrong, crossed, or lost without the kill explaining it, or when a
session or its GET stream did not go on afterwards.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from conformance.node_tools import find_node_tools
from integration.sessions.fleet import Fleet, launch
from integration.sessions.judging import sort_losses
from integration.sessions.progress import Progress
from integration.sessions.scene import Scene, behind_gateways, direct

CALLS_AROUND_KILL = 10
CALLS_BEFORE_KILL = 3
CALLS_AFTER_KILL = 10
"""As many as it takes until the server has something to say on every session's GET stream."""
STREAM_RETURN_SECONDS = 3.0
"""The official clients open a broken GET stream again after 1 s."""


@dataclass(frozen=True, slots=True)
class Plan:
    sessions: int
    calls: int
    way: str = "gateways"
    upstream: str = "stateful"
    clients: str = "both"

    @property
    def calls_per_session(self) -> int:
        return max(1, self.calls // self.sessions)

    @property
    def typescript_sessions(self) -> int:
        return {"both": self.sessions // 2, "python": 0, "typescript": self.sessions}[self.clients]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run. `lost` is what no kill explains."""

    sessions: int
    sessions_gone_on: int
    streams_gone_on: int
    calls: int
    right: int
    wrong: int
    crossed: int
    lost: int
    in_flight_at_kill: int
    into_closing_connections: int
    notifications: int
    notifications_crossed: int
    steady_calls_per_second: float
    examples: list[str]

    @property
    def faultless(self) -> bool:
        faults = self.wrong + self.crossed + self.lost + self.notifications_crossed
        gone_on = min(self.sessions_gone_on, self.streams_gone_on)
        return faults == 0 and gone_on == self.sessions


async def soak(plan: Plan, progress: Progress) -> Report:
    tools = find_node_tools() if plan.typescript_sessions else None
    python_sessions = plan.sessions - plan.typescript_sessions
    async with (
        _scene(plan) as scene,
        launch(
            scene.url, python_sessions, plan.typescript_sessions, tools, progress.count
        ) as fleet,
    ):
        progress.say(f"{await fleet.until_opened()} sessions open")
        started = time.monotonic()
        await fleet.run(plan.calls_per_session)
        steady_seconds = time.monotonic() - started
        killed_ms = await _kill_one_gateway(plan, scene, fleet, progress)
        await asyncio.sleep(STREAM_RETURN_SECONDS)
        fleet.heard.owners_by_stream.clear()
        await fleet.run(CALLS_AFTER_KILL)
        await fleet.close()
        rate = plan.sessions * plan.calls_per_session / steady_seconds
        return _report(plan, fleet, killed_ms, rate)


def _scene(plan: Plan) -> AbstractAsyncContextManager[Scene]:
    return (
        direct(plan.upstream)
        if plan.way == "direct"
        else behind_gateways(plan.upstream, plan.sessions)
    )


async def _kill_one_gateway(
    plan: Plan, scene: Scene, fleet: Fleet, progress: Progress
) -> float | None:
    """Kills in the middle of calls; the moment in Unix milliseconds, or None without gateways."""
    if not scene.gateways:
        return None
    calling = asyncio.create_task(fleet.run(CALLS_AROUND_KILL))
    await progress.after(plan.sessions * CALLS_BEFORE_KILL)
    killed_ms = time.time() * 1000
    scene.gateways[0].child.kill()
    progress.say("one gateway killed")
    await calling
    return killed_ms


def _report(plan: Plan, fleet: Fleet, killed_ms: float | None, rate: float) -> Report:
    judge, heard = fleet.judge, fleet.heard
    losses = sort_losses(judge.lost, killed_ms)
    examples = [f"{verdict}: {call}" for verdict, call in judge.faults[:5]]
    examples += [f"lost: {call}" for call in losses.unexplained[:5]]
    return Report(
        sessions=plan.sessions,
        sessions_gone_on=sum(verdict == "right" for verdict in judge.last.values()),
        streams_gone_on=len(heard.owners_by_stream),
        calls=judge.counts.total(),
        right=judge.counts["right"],
        wrong=judge.counts["wrong"],
        crossed=judge.counts["crossed"],
        lost=len(losses.unexplained),
        in_flight_at_kill=losses.in_flight,
        into_closing_connections=losses.into_closing,
        notifications=heard.counts.total(),
        notifications_crossed=len(heard.crossed),
        steady_calls_per_second=round(rate, 1),
        examples=[example[:500] for example in examples],
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="integration.sessions.soak")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--way", choices=["gateways", "direct"], default="gateways")
    parser.add_argument("--upstream", choices=["stateful", "sdk"], default="stateful")
    parser.add_argument("--clients", choices=["both", "python", "typescript"], default="both")
    parser.add_argument("--json", type=Path, help="write the report there too")
    arguments = vars(parser.parse_args())
    json_file = arguments.pop("json")
    plan = Plan(**arguments)
    report = asyncio.run(soak(plan, Progress(plan.sessions * plan.calls_per_session)))
    text = json.dumps({**asdict(plan), **asdict(report)}, indent=1)
    print(text)
    if json_file:
        json_file.write_text(text + "\n")
    return 0 if report.faultless else 1


if __name__ == "__main__":
    sys.exit(main())
