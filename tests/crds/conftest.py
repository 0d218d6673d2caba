"""The schemas of this tree in the cluster, and a namespace to ask about."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from fakes.api_server import ApiServer
from fakes.crd_schema import FOLDER
from fakes.kubectl import kubectl, namespace

NEW_SCHEMA_SECONDS = 3
"""The API server serves a changed schema about a second after it has taken it."""


@pytest.fixture(scope="session")
def crds_in_force() -> None:
    """The cluster has the schemas as they are in crds/."""
    difference = subprocess.run(
        ["kubectl", "diff", "--server-side", "--force-conflicts", "-f", str(FOLDER)],
        capture_output=True,
        check=False,
    )
    if difference.returncode:
        kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER))
        kubectl("wait", "--for=condition=Established", "-f", str(FOLDER))
        time.sleep(NEW_SCHEMA_SECONDS)


@pytest.fixture(scope="session")
def api_server(crds_in_force: None) -> Iterator[ApiServer]:
    """Asked about resources of a namespace of its own."""
    with namespace("a-crds") as name:
        yield ApiServer(name)
