"""The story of ``moorage up``: read, then serve until a signal."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from moorage_local.command_line import UpCommand
from moorage_local.configuration import load_configuration
from moorage_local.files import Files
from moorage_local.findings import ConfigurationRefused, told
from moorage_local.key_file import KeyFileRefused, new_ring, read_or_create
from moorage_local.reporting import choose_report
from moorage_local.serving import Serving

FINDINGS = 1


def up(command: UpCommand) -> int:
    """Serve until a signal; the exit status is 1 if it could not serve."""
    files = Files(command.files)
    seen = files.fingerprint()
    try:
        configuration = load_configuration(files, command.upstreams, command.listen)
        ring = read_or_create(command.key_file) if command.key_file else new_ring()
    except (ConfigurationRefused, KeyFileRefused) as refused:
        print(*_why(refused), sep="\n", file=sys.stderr)
        return FINDINGS
    report = choose_report()
    # The folder is this user's alone (mode 0700): its sockets lead to the stdio servers.
    with (
        TemporaryDirectory(prefix="moorage-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        serving = Serving(command, files, report, Path(folder))
        return runner.run(serving.run(configuration, ring, seen))


def _why(refused: ConfigurationRefused | KeyFileRefused) -> list[str]:
    if isinstance(refused, ConfigurationRefused):
        return told(refused.findings)
    return [f"--key-file {refused}"]
