"""The cluster that KUBECONFIG names, through kubectl: for tests that need a real one."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from secrets import token_hex
from typing import Any

ANSWER_SECONDS = 60


class KubectlFailed(AssertionError):
    """kubectl ended with an error; the text is what it said."""


def kubectl(*arguments: str, document: object = None) -> str:
    """Run kubectl, ``document`` as JSON on its stdin; raises ``KubectlFailed``."""
    ended = subprocess.run(
        ["kubectl", *arguments],
        input=None if document is None else json.dumps(document),
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise KubectlFailed(ended.stderr.strip())
    return ended.stdout


def read(*arguments: str) -> Any:
    """What ``kubectl get … -o json`` gives."""
    return json.loads(kubectl("get", *arguments, "-o", "json"))


@cache
def no_cluster() -> str | None:
    """Why there is no cluster to test with; None if there is one."""
    if not os.environ.get("KUBECONFIG"):
        return "needs a Kubernetes cluster: set KUBECONFIG"
    try:
        kubectl("version", "--request-timeout=5s")
    except (KubectlFailed, OSError, subprocess.TimeoutExpired) as error:
        return f"the cluster of KUBECONFIG does not answer: {error}"
    return None


@contextmanager
def namespace(prefix: str, **labels: str) -> Iterator[str]:
    """A namespace of its own, deleted afterwards (not waited for)."""
    name = f"{prefix}-{token_hex(4)}"
    metadata = {"name": name, "labels": labels}
    kubectl(
        "create",
        "-f",
        "-",
        document={"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
    )
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")
