"""Files, folders and stdin are read within bounds, and what changed is seen."""

import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage_local.files import MAX_BYTES, Files
from moorage_local.findings import ConfigurationRefused


def refusals(*arguments: Path | str, stdin: bytes = b"") -> list[str]:
    with pytest.raises(ConfigurationRefused) as caught:
        Files(tuple(map(str, arguments)), io.BytesIO(stdin)).read()
    return [str(finding) for finding in caught.value.findings]


def test_a_folder_is_its_yaml_files_sorted(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.txt", ".hidden.yaml", "d.yaml~", "#e.yaml#"):
        (tmp_path / name).write_text(name)
    (tmp_path / "sub.yaml").mkdir()
    (tmp_path / "sub.yaml" / "inner.yaml").write_text("inner")
    files = Files((str(tmp_path),)).read()
    assert [(Path(file.name).name, file.text) for file in files] == [
        ("a.yml", "a.yml"),
        ("b.yaml", "b.yaml"),
    ]


def test_stdin_is_read_once_and_kept() -> None:
    files = Files(("-",), io.BytesIO(b"a: 1"))
    assert files.read() == files.read()
    assert [(file.name, file.text) for file in files.read()] == [("<stdin>", "a: 1")]
    assert files.fingerprint() == ()


def test_a_pipe_is_read_once_and_kept() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"a: 1")
    os.close(writer)
    try:
        files = Files((f"/dev/fd/{reader}",))
        assert [file.text for file in files.read()] == ["a: 1"]
        assert [file.text for file in files.read()] == ["a: 1"]
    finally:
        os.close(reader)


NO_REGULAR_FILE = (
    "is no regular file; put one there: pipes and devices are read at the start alone, and only "
    "if they are named themselves"
)


def test_a_named_pipe_that_is_named_is_awaited_and_kept(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    files = Files((str(pipe),))
    before = files.fingerprint()
    writer = threading.Timer(0.2, pipe.write_text, ("a: 1",))
    writer.start()
    assert [file.text for file in files.read()] == ["a: 1"]
    writer.join()
    assert [file.text for file in files.read()] == ["a: 1"]
    assert files.fingerprint() == before


def test_a_writer_that_waits_for_its_reader_is_read_whole(tmp_path: Path) -> None:
    pipe, text = tmp_path / "pipe", "#" + "x" * 500_000
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    time.sleep(0.1)
    assert Files((str(pipe),)).read()[0].text == text
    writer.join()


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
@pytest.mark.parametrize("named", ["a.yaml", "."])
def test_what_takes_a_files_place_is_not_waited_for(
    tmp_path: Path, put: Callable[[Path], None], named: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    (tmp_path / "b.yaml").write_text("b: 1")
    files = Files((str(tmp_path / named),))
    files.read()
    before = files.fingerprint()
    file.unlink()
    put(file)
    assert files.fingerprint() != before
    with pytest.raises(ConfigurationRefused) as caught:
        files.read()
    assert list(map(str, caught.value.findings)) == [f"{file}: {NO_REGULAR_FILE}"]


def test_a_pipe_in_a_folder_is_told_at_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert refusals(tmp_path) == [f"{tmp_path}/a.yaml: {NO_REGULAR_FILE}"]


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")
    assert refusals(tmp_path) == [f"{tmp_path}/a.yaml: no such file or folder; correct the name"]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert Files((str(tmp_path),)).read()[0].text == "a: 1"


def test_what_cannot_be_read_is_told_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe4\n")
    (tmp_path / "empty").mkdir()
    assert refusals(tmp_path / "no.yaml", tmp_path / "latin.yaml", tmp_path / "empty") == [
        f"{tmp_path}/no.yaml: no such file or folder; correct the name",
        f"{tmp_path}/latin.yaml:2: is not UTF-8; save it as UTF-8",
        f"{tmp_path}/empty: has no .yaml or .yml file; name the files that are meant",
    ]


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    half = "#" + "x" * (MAX_BYTES // 2)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(half)
    assert Files((str(tmp_path / "a.yaml"),)).read()
    (told,) = refusals(tmp_path)
    assert told == (
        f"{tmp_path}/b.yaml: all files together have more than 4 MiB; name fewer or smaller files"
    )
    assert "more than 4 MiB" in refusals("/dev/zero")[0]
    assert "more than 4 MiB" in refusals("-", stdin=b"#" * (MAX_BYTES + 1))[0]


def test_too_many_files(tmp_path: Path) -> None:
    for number in range(1_001):
        (tmp_path / f"{number}.yaml").touch()
    assert refusals(tmp_path) == [
        f"{tmp_path}: has over 1000 YAML files; name the files that are meant"
    ]


def test_fingerprints_differ_after_every_kind_of_change(tmp_path: Path) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("a: 1")
    files = Files((str(tmp_path),))
    seen = [files.fingerprint()]
    assert files.fingerprint() == seen[0]

    os.utime(file, ns=(1, 1))
    seen.append(files.fingerprint())
    other.write_text("b: 1")
    seen.append(files.fingerprint())
    other.replace(file)
    seen.append(files.fingerprint())
    file.unlink()
    seen.append(files.fingerprint())
    assert len(set(seen)) == len(seen)


def test_a_link_that_is_turned_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("a: 1")
        os.utime(tmp_path / name, ns=(1, 1))
    link = tmp_path / "a.yaml"
    link.symlink_to(tmp_path / "one")
    files = Files((str(link),))
    before = files.fingerprint()
    link.unlink()
    link.symlink_to(tmp_path / "two")
    assert files.fingerprint() != before
