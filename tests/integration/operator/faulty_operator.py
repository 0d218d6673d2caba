"""The operator, one of whose coroutines breaks once a file appears; else it is as it is.

``python faulty_operator.py FAULT FILE --settings PATH``; the faults' names are below.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from moorage_operator.__main__ import main
from moorage_operator.cluster.lease import Lease
from moorage_operator.running.census import Census
from moorage_operator.running.channel_keeper import ChannelKeeper
from moorage_operator.running.filling import Filling
from moorage_operator.running.report_channel.report_server import ReportServer
from moorage_operator.running.workers import Workers

FAULTS: dict[str, tuple[type, str]] = {
    "waiting for the Lease": (Lease, "acquire"),
    "lease": (Lease, "hold"),
    "report channel": (ReportServer, "start"),
    "workers": (Workers, "_work"),
    "census": (Census, "run"),
    "indices": (Filling, "_any_resource"),
    "channel keeper": (ChannelKeeper, "run"),
}
MESSAGE = "broken on purpose"


def breaking(file: Path) -> Callable[..., Coroutine[Any, Any, None]]:
    """What stands in for the coroutine function."""

    async def broken(*_: object, **__: object) -> None:
        while not file.exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
        raise RuntimeError(MESSAGE)

    return broken


if __name__ == "__main__":
    fault, file = sys.argv[1:3]
    del sys.argv[1:3]
    kind, name = FAULTS[fault]
    setattr(kind, name, breaking(Path(file)))
    sys.exit(main())
