"""``python -m moorage_gateway``: one gateway pod."""

import asyncio
import os
import sys

import uvloop

from moorage_gateway.cluster_gateway import ClusterGateway
from moorage_gateway.cluster_settings import ClusterSettings, SettingsRefused, settings_of
from moorage_gateway.reporting.logging_setup import configure_logging

USAGE = 2


def main() -> int:
    """Serve until SIGTERM; the exit status is 2 where the environment is not a gateway pod's."""
    try:
        settings = settings_of(os.environ)
    except SettingsRefused as refused:
        print(f"moorage_gateway: {refused}", file=sys.stderr)
        return USAGE
    serve(settings)
    return 0


def serve(settings: ClusterSettings) -> None:
    """Returns after SIGTERM, when nothing is left."""
    configure_logging()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings))


async def _run(settings: ClusterSettings) -> None:
    await ClusterGateway(settings).run()


if __name__ == "__main__":
    sys.exit(main())
