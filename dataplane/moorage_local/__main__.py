"""The command ``moorage``."""

import signal
import sys

from moorage_local.check import check
from moorage_local.command_line import CheckCommand, UpCommand, parse_command

INTERRUPTED = 130


def main() -> int:
    """Run the command of ``sys.argv``; the process's exit status.

    0 good, 1 findings, 2 usage, 130 ended by Ctrl-C before it served.
    """
    command = parse_command(sys.argv[1:])
    # Shells start background jobs with SIGINT ignored; while it serves the gateway hears it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _run(command)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(command: UpCommand | CheckCommand) -> int:
    if isinstance(command, CheckCommand):
        return check(command)
    # Only the command that serves needs what serving needs: `check` answers in a blink.
    from moorage_local.up import up

    return up(command)


if __name__ == "__main__":
    sys.exit(main())
