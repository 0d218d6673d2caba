"""A change is seen soon after its last step, whatever way an editor writes."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from moorage_local.files import Files
from moorage_local.watcher import changes


@contextlib.asynccontextmanager
async def watching(*arguments: Path) -> AsyncIterator[asyncio.Queue[str]]:
    """The first file's text after each change that was seen."""
    files = Files(tuple(map(str, arguments)))
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def follow() -> None:
        async for _ in changes(files.fingerprint, before):
            with contextlib.suppress(Exception):
                seen.put_nowait(files.read()[0].text)

    before = files.fingerprint()
    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def seen_within(seconds: float, seen: asyncio.Queue[str], text: str) -> None:
    async with asyncio.timeout(seconds):
        while await seen.get() != text:
            pass


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def by_rename(file: Path, text: str) -> None:
    draft = file.with_name("draft.tmp")
    draft.write_text(text)
    draft.replace(file)


def by_backup(file: Path, text: str) -> None:
    file.rename(file.with_name(f"{file.name}~"))
    file.write_text(text)


def with_old_time(file: Path, text: str) -> None:
    file.write_text(text)
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize("save", [in_place, by_rename, by_backup, with_old_time])
async def test_every_way_of_saving_is_seen(
    tmp_path: Path, save: Callable[[Path, str], None]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    async with watching(file) as seen:
        save(file, "new")
        await seen_within(1.0, seen, "new")
        save(file, "newer")
        await seen_within(1.0, seen, "newer")


async def test_a_write_in_steps_is_seen_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    async with watching(file) as seen:
        with file.open("w") as half_written:
            for part in ("n", "e", "w"):
                half_written.write(part)
                half_written.flush()
                await asyncio.sleep(0.04)
        assert await asyncio.wait_for(seen.get(), 1.0) == "new"
        assert seen.empty()


async def test_files_that_come_and_go_in_a_folder_are_seen(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("b")
    async with watching(tmp_path) as seen:
        (tmp_path / "a.yaml").write_text("a")
        await seen_within(1.0, seen, "a")
        (tmp_path / "a.yaml").unlink()
        await seen_within(1.0, seen, "b")


async def test_nothing_is_said_when_nothing_changed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")
    async with watching(tmp_path) as seen:
        (tmp_path / "notes.txt").write_text("other files do not matter")
        await asyncio.sleep(0.8)
        assert seen.empty()
