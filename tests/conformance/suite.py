"""Running the official suite against a URL and reading its checks."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from conformance.node_tools import NodeTools
from fakes.child_process import ChildProcessError, running

Counts = tuple[int, int, int]

VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
SUITE_SECONDS = 240
_STAMP = re.compile(r"-\d{4}-\d{2}-\d{2}T.*$")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one scenario; `status` is the suite's own word."""

    scenario: str
    identifier: str
    status: str
    message: str

    def __str__(self) -> str:
        return f"{self.status} {self.scenario} {self.identifier}: {self.message}"


@dataclass(frozen=True, slots=True)
class SuiteResult:
    version: str
    checks: tuple[Check, ...]

    @property
    def counts(self) -> Counts:
        """(passed, failed, warnings), as the suite counts them."""
        found = Counter(check.status for check in self.checks)
        return found["SUCCESS"], found["FAILURE"], found["WARNING"]

    def without(self, scenarios: Container[str]) -> "SuiteResult":
        kept = tuple(check for check in self.checks if check.scenario not in scenarios)
        return SuiteResult(self.version, kept)

    @property
    def complaints(self) -> list[Check]:
        return [check for check in self.checks if check.status in ("FAILURE", "WARNING")]

    def __str__(self) -> str:
        passed, failed, warnings = self.counts
        return f"{passed}/{failed}" + (f" +{warnings} warnings" if warnings else "")


async def run_suite(tools: NodeTools, url: str, version: str) -> SuiteResult:
    """Every scenario of one version. `url` must name localhost: one scenario insists on it."""
    with tempfile.TemporaryDirectory(prefix="moorage-suite-") as folder:
        options = ["--url", url, "--suite", "all", "--spec-version", version]
        options += ["--output-dir", folder]
        command: list[str | Path] = [tools.node, tools.conformance, "server", *options]
        async with running(f"conformance suite {version}", command) as suite:
            await suite.wait(SUITE_SECONDS)
            # The suite ends with 1 when checks failed; only its record tells which.
            checks = tuple(_read_checks(Path(folder)))
            if not checks:
                raise ChildProcessError(f"the suite left no checks; it printed:\n{suite.output()}")
            return SuiteResult(version, checks)


def _read_checks(folder: Path) -> Iterable[Check]:
    for record in sorted(folder.glob("*/checks.json")):
        scenario = _STAMP.sub("", record.parent.name.removeprefix("server-"))
        for check in json.loads(record.read_text()):
            message = str(check.get("errorMessage", ""))[:400]
            yield Check(scenario, check["id"], check["status"], message)
