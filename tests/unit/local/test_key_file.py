"""Processes that share a key file share its ring, and nobody else reads it."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moorage_local.key_file import KeyFileRefused, new_ring, read_or_create

READER = """
import sys
from pathlib import Path
from moorage_local.key_file import read_or_create
sys.stdin.readline()
print(read_or_create(Path(sys.argv[1])).to_text())
"""


def refusal(path: Path) -> str:
    with pytest.raises(KeyFileRefused) as caught:
        read_or_create(path)
    return str(caught.value)


def test_the_first_one_makes_the_file_and_the_others_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first = read_or_create(path)
    assert read_or_create(path).to_text() == first.to_text() == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READER, str(tmp_path / "keys")]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.write("go\n")
        reader.stdin.flush()
    rings = [reader.communicate(timeout=30)[0] for reader in readers]
    assert len(set(rings)) == 1 and rings[0].strip()
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_files_that_others_may_open_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    read_or_create(path)
    path.chmod(mode)
    assert refusal(path) == (
        f"{path}: others may read or write it (mode {mode:04o}); run chmod 600 {path}, "
        "or make a new one if others may have read it"
    )


@pytest.mark.parametrize("octets", [b"", b"key", b"\xff" * 32, b"A" * 70_000])
def test_files_that_hold_no_ring_are_refused(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(octets)
    path.chmod(0o600)
    assert refusal(path).startswith(f"{path}: ")


def test_refusals_never_quote_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = new_ring().to_text().strip()
    path.write_text(f"{key}\n{key}\nx{key}\n")
    path.chmod(0o600)
    assert key not in refusal(path)


def test_places_that_cannot_hold_a_file_are_refused(tmp_path: Path) -> None:
    assert "cannot be used as a key file: Is a directory" in refusal(tmp_path)
    assert "name a file in a folder of this user" in refusal(tmp_path / "no" / "keys")
    (tmp_path / "keys").symlink_to(tmp_path / "nowhere")
    assert "name a file in a folder of this user" in refusal(tmp_path / "keys")


def test_new_rings_differ() -> None:
    assert new_ring().to_text() != new_ring().to_text()
