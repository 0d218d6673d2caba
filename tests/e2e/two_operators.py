"""Two operators: the leader is killed, or stopped for 30 s and resumed; the other one acts instead.

`python -m e2e.two_operators [--rounds 3]`. Ends with 1
when the next one took more than 20 s to act, or when a write of the old one landed after that.
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from e2e.audit_log import Access, find_log, read_log
from e2e.cluster import apply, pods, wait_for, wait_for_condition
from e2e.faults import paused, process_of
from e2e.installation import installed
from e2e.manifests import gateway, group, server
from e2e.settings import SYSTEM_NAMESPACE
from fakes.kubectl import namespace, read

ACT_SECONDS = 20.0
PAUSE_SECONDS = 30.0
OPERATOR_PODS = "app.kubernetes.io/name=moorage-operator"


@dataclass(frozen=True)
class Outcome:
    how: str
    act_seconds: float
    late_writes: tuple[Access, ...]

    def __str__(self) -> str:
        late = "; ".join(f"{one.right} {one.namespace}/{one.name}" for one in self.late_writes)
        text = f"leader {self.how}: the next one acted after {self.act_seconds:.1f} s, "
        return text + f"{len(self.late_writes)} writes of the old one landed later {late}"

    @property
    def good(self) -> bool:
        return self.act_seconds <= ACT_SECONDS and not self.late_writes


def leader() -> dict[str, Any]:
    """The pod that holds the Lease."""
    holder = read("lease", "moorage-operator", "-n", SYSTEM_NAMESPACE)["spec"]["holderIdentity"]
    found = [
        pod
        for pod in pods(SYSTEM_NAMESPACE, OPERATOR_PODS)
        if holder.startswith(pod["metadata"]["name"])
    ]
    assert found, f"{holder} is no pod of the operator"
    return found[0]


def killed(name: str, number: int) -> Outcome:
    """SIGKILL to the leader's process."""
    old = leader()
    os.kill(process_of(old["metadata"]["uid"], "moorage_operator"), signal.SIGKILL)
    seconds, _ = _time_a_change(name, number)
    return Outcome("killed", seconds, ())


def resumed(name: str, number: int) -> Outcome:
    """SIGSTOP to the leader's process while there is work, SIGCONT after 30 s."""
    old = leader()
    with paused(process_of(old["metadata"]["uid"], "moorage_operator")):
        began = time.monotonic()
        seconds, acted_at = _time_a_change(name, number)
        time.sleep(max(0.0, PAUSE_SECONDS - (time.monotonic() - began)))
    # More to do for whoever believes to be the leader.
    _time_a_change(name, number + 1)
    time.sleep(5)
    return Outcome("stopped and resumed", seconds, _late_writes(old, acted_at))


def _time_a_change(name: str, number: int) -> tuple[float, str]:
    routes = {"/mcp": "counter", f"/change-{number}": "counter"}
    began = time.monotonic()
    apply(name, gateway("edge", routes))
    wait_for_condition(name, "mcpgateway/edge", "Programmed", seconds=90)
    return time.monotonic() - began, datetime.now(UTC).isoformat()


def _late_writes(old: dict[str, Any], since: str) -> tuple[Access, ...]:
    log = find_log()
    assert log is not None, "needs the API server's audit log"
    wait_for("the log is written", 10, lambda: log.stat().st_size)
    return tuple(
        access
        for access in read_log(log, since)
        if access.pod == old["metadata"]["name"] and access.is_write and access.code < 300
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.two_operators")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    outcomes = []
    with installed(), namespace("leaders") as name:
        apply(name, server("counter", replicas=1), group("counter"))
        apply(name, gateway("edge", {"/mcp": "counter"}))
        wait_for_condition(name, "mcpgateway/edge", "Ready")
        for number in range(rounds):
            for act, offset in ((killed, 0), (resumed, 1)):
                outcomes.append(act(name, 3 * number + offset))
                print(outcomes[-1], flush=True)
                wait_for("two operators run", 120, _both_run)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _both_run() -> bool:
    ready = [
        pod
        for pod in pods(SYSTEM_NAMESPACE, OPERATOR_PODS)
        if all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))
    ]
    return len(ready) >= 2


if __name__ == "__main__":
    sys.exit(main())
