"""Run inside a container of the image: what it holds, as JSON. Standard library only."""

import importlib.util
import json
import os
import subprocess
import sysconfig
from pathlib import Path

MODULES = (
    *("moorage_contract", "moorage_wire", "moorage_site", "moorage_gateway", "moorage_sidecar"),
    *("moorage_local", "moorage_operator", "kopf", "kubernetes", "jinja2", "aiohttp", "uvloop"),
    *("mcp", "pytest", "pip", "setuptools"),
)
LAUNCHER = Path("/usr/local/bin/launcher")
LIBRARY = Path(sysconfig.get_path("purelib"))


def added_files() -> list[Path]:
    """What the image has beyond its base."""
    files = [one for one in Path("/opt/moorage").rglob("*") if not one.is_symlink()]
    return [one for one in [*files, LAUNCHER] if one.is_file()]


def launcher_runs() -> bool:
    """Whether the launcher is there for this machine's processor; it asks for a command."""
    return (
        LAUNCHER.exists() and b"launcher" in subprocess.run([LAUNCHER], capture_output=True).stderr
    )


def main() -> None:
    sources = LIBRARY.rglob("*.py")
    compiled = importlib.util.cache_from_source
    seen = {
        "user": os.getuid(),
        "modules": [name for name in MODULES if importlib.util.find_spec(name)],
        "bytes": sum(one.stat().st_size for one in added_files()),
        "launcher_runs": launcher_runs(),
        "uncompiled": [str(one) for one in sources if not os.path.exists(compiled(str(one)))],
        "writable": [str(one) for one in added_files() if os.access(one, os.W_OK)],
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
