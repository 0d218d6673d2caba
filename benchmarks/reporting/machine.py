"""On what the figures were measured."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rig.pinning import is_real_time


def machine() -> dict[str, str | int | bool]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "kernel": platform.release(),
        "load_before": f"{os.getloadavg()[0]:.2f}",
        "real_time_priority": is_real_time(),
    }


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found.group(1).strip() if found else platform.processor()
