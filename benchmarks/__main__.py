"""``python -m benchmarks SCENARIO``: measure, write results, say whether the floors hold."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.reporting.table import markdown
from benchmarks.reporting.writing import write
from benchmarks.rig.numbers import readable
from benchmarks.rig.places import RESULTS
from benchmarks.scenarios.drive import drive
from benchmarks.scenarios.settings import Interpreter, Settings

SCENARIOS = ["calls", "sse", "memory", "flat", "events", "slow"]


def main() -> int:
    arguments = _arguments()
    settings = Settings(
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        interpreters=tuple(arguments.python) or (_interpreter(f"here={sys.executable}"),),
        only=tuple(arguments.only),
    )
    if arguments.scenario == "drive":
        print("  ".join(f"{name} {readable(value)}" for name, value in drive(settings).items()))
        return 0
    chosen = SCENARIOS if arguments.scenario == "all" else [arguments.scenario]
    missed = [name for name in chosen if not _run(name, settings, arguments.results)]
    return 1 if missed else 0


def _run(name: str, settings: Settings, folder: Path) -> bool:
    report = import_module(f"benchmarks.scenarios.{name}").run(settings)
    write(report, folder)
    print(markdown(report))
    return all(goal.verdict != "MISSED" for goal in report.all_goals())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="all", choices=[*SCENARIOS, "all", "drive"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="per measurement")
    parser.add_argument(
        "--python",
        type=_interpreter,
        action="append",
        default=[],
        metavar="LABEL=PATH",
        help="an interpreter to run the gateway on, with PGO in its label if built so; repeatable",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="subjects whose name holds it"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    return parser.parse_args()


def _interpreter(text: str) -> Interpreter:
    label, separator, path = text.partition("=")
    if not separator or not path:
        raise argparse.ArgumentTypeError("write LABEL=PATH, such as 3.13=.venv/bin/python")
    return Interpreter(label, str(Path(path).absolute()))


if __name__ == "__main__":
    sys.exit(main())
