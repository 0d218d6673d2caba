"""Proxy on one core, stub and load on another, real-time priority where the machine allows it.

Ordinary priority left 10-40 % of run-queue delay on a shared machine; SCHED_RR 1 removes it.
"""

import shutil
import subprocess
from functools import cache

PROXY_CORE = 0
LOAD_CORE = 1


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on one core, killed with the benchmark should that be killed itself."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(core), *_real_time(), *command]


def is_real_time() -> bool:
    return bool(_real_time())


@cache
def _real_time() -> tuple[str, ...]:
    prefix = ("chrt", "-r", "1")
    if not shutil.which("chrt"):
        return ()
    allowed = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if allowed else ()
