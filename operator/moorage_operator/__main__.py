"""``python -m moorage_operator --settings PATH``: the operator's process."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from moorage_operator.running.json_log import start_log
from moorage_operator.running.operator_process import operate
from moorage_operator.settings import SettingsError, read_settings

logger = logging.getLogger("moorage_operator")


def main() -> int:
    """Run until told to stop; 1 means that something broke, 2 that the settings cannot be used."""
    parser = argparse.ArgumentParser(prog="moorage_operator", description="The Moorage operator")
    parser.add_argument("--settings", type=Path, required=True, help="JSON file of the chart")
    start_log("info")
    try:
        settings = read_settings(parser.parse_args().settings)
    except SettingsError as error:
        logger.critical("the settings cannot be used: %s", error)
        return 2
    start_log(settings.file.log_level)
    return asyncio.run(operate(settings))


if __name__ == "__main__":
    sys.exit(main())
