"""The FILE arguments of a command: files, folders, ``-``; read now, and again when they change."""

import os
import select
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from moorage_local.findings import ConfigurationRefused, FileFinding

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of all files of one command together."""
MAX_FILES: Final = 1_000
STDIN: Final = "-"
_SUFFIXES: Final = (".yaml", ".yml")

Fingerprint = tuple[tuple[str, int, int, int], ...]
"""Per file its name, inode, size and time of change: differs when anything was written."""


@dataclass(frozen=True)
class SourceFile:
    """One file as it was read."""

    name: str
    """As the user named it, or found in a folder that the user named."""
    text: str


class Files:
    """What one command was given; what cannot be read twice (stdin, pipes) is kept.

    Only the first ``read`` waits for somebody who writes, and only where the user named a pipe:
    later ones run beside a serving gateway, whose end must not wait for them.
    """

    def __init__(self, arguments: tuple[str, ...], stdin: BinaryIO | None = None) -> None:
        self._arguments = arguments
        self._stdin = stdin
        self._kept: dict[str, bytes] = {}
        self._may_wait = True

    def read(self) -> tuple[SourceFile, ...]:
        """All files as they are now; raises ``ConfigurationRefused``."""
        findings: list[FileFinding] = []
        files: list[SourceFile] = []
        left = MAX_BYTES
        for name in self._names(findings):
            try:
                octets = self._octets(name, left)
                left -= len(octets)
                files.append(SourceFile(_shown(name), octets.decode("utf-8-sig")))
            except OSError as error:
                findings.append(_unreadable(name, error))
            except UnicodeDecodeError as error:
                line = error.object.count(b"\n", 0, error.start) + 1
                finding = FileFinding(name, line, None, "is not UTF-8", "save it as UTF-8")
                findings.append(finding)
        self._may_wait = False
        if findings:
            raise ConfigurationRefused(tuple(findings))
        return tuple(files)

    def fingerprint(self) -> Fingerprint:
        """Changes whenever a file is written, replaced, added to a folder or removed."""
        names = (name for name in self._names([]) if name != STDIN and name not in self._kept)
        return tuple(stamp for name in names if (stamp := _stamp(name)) is not None)

    def _names(self, findings: list[FileFinding]) -> Iterator[str]:
        for argument in self._arguments:
            if argument != STDIN and os.path.isdir(argument):
                yield from _files_in(argument, findings)
            else:
                yield argument

    def _octets(self, name: str, most: int) -> bytes:
        if name in self._kept:
            return _within(self._kept[name], most)
        if name == STDIN:
            self._kept[name] = (self._stdin or sys.stdin.buffer).read(MAX_BYTES + 1)
            return _within(self._kept[name], most)
        with open(name, "rb", opener=_open_at_once) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _within(file.read(most + 1), most)
            if not self._may_wait or name not in self._arguments:
                raise _NoRegularFile
            _await_writer(file.fileno())
            self._kept[name] = file.read(most + 1)
        return _within(self._kept[name], most)


class _NoRegularFile(OSError):
    """A pipe or device where a file is expected."""


class _TooLarge(OSError):
    """Past the bound of bytes."""


def _open_at_once(name: str, flags: int) -> int:
    """An opener; a plain one would wait until somebody opens a named pipe for writing."""
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _await_writer(descriptor: int) -> None:
    """Wait until somebody has written to a pipe; reads wait from then on too."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.set_blocking(descriptor, True)


def _within(octets: bytes, most: int) -> bytes:
    if len(octets) > most:
        raise _TooLarge(f"all files together have more than {MAX_BYTES // 1024 // 1024} MiB")
    return octets


def _files_in(folder: str, findings: list[FileFinding]) -> list[str]:
    """The YAML files right in the folder, hidden ones left out, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if _is_yaml(entry))
    except OSError as error:
        findings.append(_unreadable(folder, error))
        return []
    if not names or len(names) > MAX_FILES:
        message = "has no .yaml or .yml file" if not names else f"has over {MAX_FILES} YAML files"
        findings.append(FileFinding(folder, None, None, message, "name the files that are meant"))
    return [str(Path(folder, name)) for name in names[:MAX_FILES]]


def _is_yaml(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(_SUFFIXES) and not entry.name.startswith(".") and not entry.is_dir()


def _stamp(name: str) -> tuple[str, int, int, int] | None:
    """None for a pipe or device, which tells nothing by its times."""
    try:
        status = os.stat(name)
    except OSError:
        return (name, 0, 0, 0)
    if not stat.S_ISREG(status.st_mode):
        return None
    return (name, status.st_ino, status.st_size, status.st_mtime_ns)


def _shown(name: str) -> str:
    return "<stdin>" if name == STDIN else name


def _unreadable(name: str, error: OSError) -> FileFinding:
    if isinstance(error, _TooLarge):
        message, remedy = str(error), "name fewer or smaller files"
    elif isinstance(error, _NoRegularFile):
        message = "is no regular file"
        remedy = (
            "put one there: pipes and devices are read at the start alone, and only if they are "
            "named themselves"
        )
    elif isinstance(error, FileNotFoundError):
        message, remedy = "no such file or folder", "correct the name"
    else:
        message = f"cannot be read: {error.strerror or error}"
        remedy = "make it readable for this user"
    return FileFinding(_shown(name), None, None, message, remedy)
