"""An operator as a process outside of pods, serving one namespace of a real cluster."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

from fakes.free_port import free_port

PROGRAM = ("-m", "moorage_operator")
START_SECONDS = 30.0
WRITES = ("PATCH", "POST", "PUT", "DELETE")


class RunningOperator:
    """One process; the same name stands for restarts of the same pod."""

    def __init__(self, folder: Path, namespace: str, name: str, *watched_too: str) -> None:
        self.name = name
        self.metrics_port = free_port()
        self._log = folder / f"{name}.log"
        self._settings = folder / f"{name}.json"
        self._namespace = namespace
        settings = {
            "gatewayImage": "moorage.invalid/gateway:none",
            "watchNamespaces": [namespace, *watched_too],
            "metricsPort": self.metrics_port,
            "reportPort": free_port(),
        }
        self._settings.write_text(json.dumps(settings))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, program: tuple[str, ...] = PROGRAM, **environment: str) -> None:
        """Start the process, without waiting for anything."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *program, "--settings", str(self._settings)],
                env={
                    **os.environ,
                    "POD_NAME": self.name,
                    "POD_NAMESPACE": self._namespace,
                    **environment,
                },
                stdout=log,
                stderr=log,
            )

    def lead(self, program: tuple[str, ...] = PROGRAM) -> None:
        """Start it and wait until it leads with filled indices."""
        self.start(program)
        wait_until(lambda: self.metric("moorage_operator_leader") == 1, START_SECONDS, self.log)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def log(self) -> str:
        return self._log.read_text()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def ended_with(self, seconds: float) -> int:
        """The exit code, once the process has ended by itself."""
        return self.process.wait(seconds)

    def metric(self, name: str) -> float | None:
        """One metric without labels; None while nobody answers."""
        found = re.search(rf"^{name} (\S+)$", self._metrics(), re.MULTILINE)
        return float(found[1]) if found else None

    def is_ready(self) -> bool:
        """What the kubelet is told."""
        return self._page("readyz") != ""

    def writes(self) -> float:
        """Requests that write, those to the Lease left out."""
        counted = re.findall(
            r'^moorage_operator_api_requests_total\{resource="([^"]+)".*verb="(\w+)"\} (\S+)$',
            self._metrics(),
            re.MULTILINE,
        )
        return sum(
            float(count)
            for resource, verb, count in counted
            if verb in WRITES and resource != "leases"
        )

    def _metrics(self) -> str:
        return self._page("metrics")

    def _page(self, name: str) -> str:
        """Empty where nobody answers, or with an error."""
        url = f"http://127.0.0.1:{self.metrics_port}/{name}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                text: str = answer.read().decode()
                return text
        except (URLError, OSError):
            return ""


def wait_until(
    holds: Callable[[], object], seconds: float, explain: Callable[[], object] = str
) -> float:
    """How long it took until it held; fails past ``seconds`` with an explanation."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < seconds, f"not so within {seconds} s: {explain()}"
        time.sleep(0.1)
    return time.monotonic() - began
