"""An operator as a process of the test's own, for faults and figures of the process itself.

It has the rights of whoever KUBECONFIG names and watches one namespace, so it may run beside an
installed one that watches others. Pods reach it where it runs on a node: its Service leads there.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster import apply
from e2e.manifests import Manifest
from e2e.settings import GATEWAY_IMAGE, REPOSITORY
from fakes.free_port import free_port
from fakes.kubectl import read

SERVICE = "moorage-operator"
STOP_SECONDS = 10.0


class OperatorProcess:
    """Start it, kill it, start it again: always the same replica."""

    def __init__(self, namespace: str, folder: Path, report_port: int) -> None:
        self._settings = folder / "settings.json"
        document = {
            "gatewayImage": GATEWAY_IMAGE,
            "watchNamespaces": [namespace],
            "reportPort": report_port,
            "metricsPort": 0,
        }
        self._settings.write_text(json.dumps(document))
        self._log = folder / "operator.log"
        self._environment = {
            **os.environ,
            "POD_NAMESPACE": namespace,
            "POD_NAME": "operator-by-hand",
            "POD_IP": "127.0.0.1",
        }
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def start(self) -> None:
        with open(self._log, "ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "moorage_operator", "--settings", str(self._settings)],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._running is None or self._running.poll() is not None:
            return
        self._running.send_signal(number)
        try:
            self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()

    @property
    def resident_mebibytes(self) -> float:
        """Its memory now."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def log(self) -> str:
        """The last it said."""
        return self._log.read_text()[-4000:]


def service_of(report_port: int) -> list[Manifest]:
    """What the chart makes for pods to report to, with the node in the place of a pod."""
    addresses = read("nodes")["items"][0]["status"]["addresses"]
    node = next(one["address"] for one in addresses if one["type"] == "InternalIP")
    port = {"name": "report", "port": report_port}
    labels = {"kubernetes.io/service-name": SERVICE}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE},
            "spec": {"ports": [port]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": SERVICE, "labels": labels},
            "addressType": "IPv4",
            "ports": [port],
            "endpoints": [{"addresses": [node]}],
        },
    ]


@contextmanager
def operator_of(namespace: str) -> Iterator[OperatorProcess]:
    """An operator for one namespace, not started yet; ended afterwards."""
    report_port = free_port()
    apply(namespace, *service_of(report_port))
    with tempfile.TemporaryDirectory(prefix="moorage-operator-") as folder:
        operator = OperatorProcess(namespace, Path(folder), report_port)
        try:
            yield operator
        finally:
            operator.stop()
