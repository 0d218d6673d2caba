"""Learns of a process's end before its number can belong to another, and takes its group along.

A process that ended is a zombie until it is waited for, and so long its number, which is also the
number of its group, is not given away. The watch is told of the end through a pidfd without
waiting, kills what is left of the group, and only then waits.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from typing import Final

from moorage_sidecar.processes.process_exit import ProcessExit

REAP_INTERVAL_SECONDS: Final = 0.02
REAP_ATTEMPTS: Final = 100


class ExitWatch:
    """Watches one leader of a process group; ``ended`` gets how it ended."""

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        self._loop = asyncio.get_running_loop()
        self._popen = popen
        self.ended: asyncio.Future[ProcessExit] = self._loop.create_future()
        self._pidfd = os.pidfd_open(popen.pid)
        self._loop.add_reader(self._pidfd, self._take_end)

    def signal_group(self, number: int) -> None:
        """Signal every member of the group; nothing happens once the leader was waited for."""
        if not self.ended.done():
            _signal_group(self._popen.pid, number)

    def _take_end(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        _signal_group(self._popen.pid, signal.SIGKILL)
        status = self._popen.wait()
        self._reap_adopted(REAP_ATTEMPTS)
        self.ended.set_result(ProcessExit(status))

    def _reap_adopted(self, attempts: int) -> None:
        """Wait for orphans of the group that became ours, as they do where we are process 1."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, _ = os.waitpid(-self._popen.pid, os.WNOHANG)
                if pid == 0:
                    break
            if attempts > 0:
                self._loop.call_later(REAP_INTERVAL_SECONDS, self._reap_adopted, attempts - 1)


def _signal_group(leader_pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader_pid, number)
