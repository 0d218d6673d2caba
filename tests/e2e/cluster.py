"""What the end-to-end tests do with the cluster: apply, wait, look."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

from e2e.manifests import Manifest
from fakes.kubectl import KubectlFailed, kubectl, read

POLL_SECONDS = 0.1


def apply(namespace: str, *manifests: Manifest) -> None:
    """Server-side apply, as `kubectl apply --server-side -f` does."""
    documents = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    kubectl("apply", "--server-side", "-n", namespace, "-f", "-", document=documents)


def wait_for(what: str, seconds: float, holds: Callable[[], Any]) -> Any:
    """The first true answer of ``holds``; fails with what it last answered."""
    last: Any = None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            last = holds()
        except KubectlFailed as error:
            last = error
        else:
            if last:
                return last
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{what}: not within {seconds} s; last seen: {last!r}")


def condition(namespace: str, resource: str, kind: str) -> dict[str, Any]:
    """One condition of ``kind/name``; empty if there is none."""
    status = read(resource, "-n", namespace).get("status", {})
    found = [one for one in status.get("conditions", []) if one["type"] == kind]
    return found[0] if found else {}


def wait_for_condition(
    namespace: str, resource: str, kind: str, status: str = "True", seconds: float = 60
) -> dict[str, Any]:
    """The condition as soon as it has that status for the newest generation."""
    seen: dict[str, Any] = {}

    def holds() -> dict[str, Any]:
        nonlocal seen
        document = read(resource, "-n", namespace)
        conditions = document.get("status", {}).get("conditions", [])
        seen = {one["type"]: one for one in conditions}
        one = seen.get(kind, {})
        newest = one.get("observedGeneration") == document["metadata"]["generation"]
        return one if one.get("status") == status and newest else {}

    try:
        found: dict[str, Any] = wait_for(f"{resource} {kind}={status}", seconds, holds)
    except AssertionError as error:
        raise AssertionError(f"{error}; conditions: {seen}") from None
    return found


def service_address(namespace: str, name: str) -> str:
    """``IP:PORT`` of a Service."""
    service = read("service", name, "-n", namespace)
    return f"{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"


def pods(namespace: str, selector: str) -> list[dict[str, Any]]:
    """Pods that are not being deleted."""
    items = read("pods", "-n", namespace, "-l", selector)["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def helm(*arguments: str, seconds: float = 120) -> str:
    """Run helm; its output."""
    ended = subprocess.run(
        ["helm", *arguments], capture_output=True, text=True, timeout=seconds, check=False
    )
    if ended.returncode:
        raise AssertionError(f"helm {arguments[0]}: {ended.stderr.strip()}")
    return ended.stdout
