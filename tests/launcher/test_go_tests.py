"""The launcher's own tests, and Go's checks of its source."""

import shutil
import subprocess

import pytest

from fakes.launcher import SOURCE

GO = shutil.which("go")


@pytest.mark.skipif(GO is None, reason="needs Go: https://go.dev/dl")
@pytest.mark.parametrize("command", ["test", "vet"])
@pytest.mark.timeout(300)
def test_go_is_content(command: str) -> None:
    ended = subprocess.run(
        [str(GO), command, "./..."], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
