"""``python -m moorage_operator --settings PATH``: the operator's process."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from moorage_operator.running.operator_process import operate
from moorage_operator.settings import SettingsError, read_settings


def main() -> int:
    """Run until told to stop; 1 means that something broke, 2 that the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="moorage_operator", description="The Moorage operator")
    parser.add_argument("--settings", type=Path, required=True, help="JSON file of the chart")
    try:
        settings = read_settings(parser.parse_args().settings)
    except SettingsError as error:
        print(f"moorage_operator: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(
        level=settings.file.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # kopf tells of each handler of each event there; its errors come through.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    return asyncio.run(operate(settings))


if __name__ == "__main__":
    sys.exit(main())
