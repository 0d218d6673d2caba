"""The bridge as a process of its own; ``settings.py`` has the options.

``python -m moorage_sidecar --listen HOST:PORT --name NAME -- COMMAND ARG…`` at a desk, and with
``--socket``, ``--key-file`` and ``--health`` in a pod: JSON logs on stderr; SIGTERM or SIGINT
drains and stops.
"""

import asyncio
import logging
import signal
import sys

from moorage_sidecar.json_log import log_as_json
from moorage_sidecar.serving.group_key import UnfitKey
from moorage_sidecar.settings import Settings, read_settings
from moorage_sidecar.sidecar_process import SidecarProcess

_logger = logging.getLogger("moorage_sidecar")


async def serve(settings: Settings) -> None:
    """Serve until a signal comes, then drain and stop."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    process = SidecarProcess(settings)
    await process.start()
    await stopped.wait()
    await process.stop()


def main() -> None:
    """Run the bridge; exits with 1 when it cannot begin."""
    settings = read_settings(sys.argv[1:])
    log_as_json()
    try:
        asyncio.run(serve(settings))
    except (OSError, UnfitKey) as error:
        _logger.error("bridge %s cannot serve: %s", settings.name, error)
        sys.exit(1)


if __name__ == "__main__":
    main()
