"""Kills, stops and takeovers: one writer at a time, and always the same objects in the end."""

import json
import random
import signal
import time
from pathlib import Path

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, children, deployment, gateway, group
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

AUDIT_LOG = Path("/run/moorage-cluster/log/audit.jsonl")
TAKEOVER_SECONDS = 20.0
KILLS = 8


def test_kills_at_any_moment_end_in_the_same_objects(home: str, new_operator: NewOperator) -> None:
    names = [f"g{number}" for number in range(3)]
    apply(
        *(deployment(home, name) for name in names),
        *(group(home, name) for name in names),
        *(gateway(home, f"agents{number}", *names) for number in range(2)),
    )
    operator = new_operator("first")
    for _ in range(KILLS):
        operator.start()
        time.sleep(random.uniform(0.8, 2.5))
        operator.kill()
    operator.lead()
    wait_until(lambda: len(children(home)) == 2 * 9 + 3 * 3, 15, operator.log)
    before = children(home)
    rings = read("secret", "agents0-gateway", "-n", home)["data"]["ring"]
    operator.kill()
    operator.lead()
    time.sleep(3)
    assert children(home) == before
    assert read("secret", "agents0-gateway", "-n", home)["data"]["ring"] == rings


def test_a_leader_that_was_stopped_writes_nothing_when_it_wakes(
    home: str, new_operator: NewOperator
) -> None:
    first, second = new_operator("first"), new_operator("second")
    first.lead()
    second.start()
    apply(gateway(home, "agents", "absent"))
    wait_until(lambda: "Deployment/agents-gateway" in children(home), 10)
    # It is stopped with work in its hands, and wakes up with more.
    for number in range(3):
        apply(gateway(home, f"more{number}", "absent"))
    first.send(signal.SIGSTOP)
    stopped = time.monotonic()
    wait_until(lambda: second.metric("moorage_operator_leader") == 1, TAKEOVER_SECONDS, second.log)
    assert time.monotonic() - stopped < TAKEOVER_SECONDS
    for number in range(3):
        kubectl("delete", "service", f"more{number}-gateway", "-n", home, "--ignore-not-found")
    woken = time.time()
    first.send(signal.SIGCONT)
    assert first.ended_with(15) == 3
    assert "this process ends at once" in first.log()
    wait_until(lambda: len(children(home)) == 4 * 9, 15, second.log)
    if AUDIT_LOG.exists():
        assert _writes_since(0, "moorage-operator/first", home)
        assert _writes_since(woken, "moorage-operator/first", home) == []


def test_a_leader_that_ends_in_order_hands_over_at_once(
    home: str, new_operator: NewOperator
) -> None:
    first, second = new_operator("first"), new_operator("second")
    first.lead()
    second.start()
    wait_until(lambda: "first" in second.log(), START_SECONDS, second.log)
    first.send(signal.SIGTERM)
    assert first.ended_with(5) == 0
    wait_until(lambda: second.metric("moorage_operator_leader") == 1, 5, second.log)


def test_without_an_api_server_it_waits(
    home: str, new_operator: NewOperator, tmp_path: Path
) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "nowhere",
        "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
        "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "nobody", "user": {"token": "none"}}],
    }
    kubeconfig = tmp_path / "nowhere.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    operator = new_operator("first")
    operator.start(KUBECONFIG=str(kubeconfig))
    wait_until(lambda: "cannot be read or taken" in operator.log(), START_SECONDS, operator.log)
    time.sleep(2)
    assert operator.process.poll() is None
    operator.send(signal.SIGTERM)
    assert operator.ended_with(5) == 0


def _writes_since(moment: float, agent: str, namespace: str) -> list[str]:
    """What the audit log says that the process wrote, the Lease left out."""
    found = []
    for line in AUDIT_LOG.read_text().splitlines():
        if agent not in line or f'"namespace":"{namespace}"' not in line:
            continue
        entry = json.loads(line)
        wrote = entry["verb"] in ("create", "update", "patch", "delete")
        at = time.mktime(time.strptime(entry["stageTimestamp"][:19], "%Y-%m-%dT%H:%M:%S"))
        if wrote and at - time.timezone > moment and entry["objectRef"]["resource"] != "leases":
            found.append(f"{entry['verb']} {entry['requestURI']}")
    return found
