"""The arguments of ``moorage``."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moorage_contract.version import VERSION
from moorage_local.addresses import Address, parse_address
from moorage_operator.api.web_rules import endpoint_url

DEFAULT_LISTEN_HOST = "127.0.0.1"
DEFAULT_ADMIN = Address("127.0.0.1", 9090)


@dataclass(frozen=True)
class UpCommand:
    """``moorage up FILE…``."""

    files: tuple[str, ...]
    listen: Address | None
    """None means the port of the gateway's listener, on loopback."""
    admin: Address
    upstreams: dict[str, tuple[str, ...]]
    """URLs by the name of a workload group."""
    key_file: Path | None


@dataclass(frozen=True)
class CheckCommand:
    """``moorage check FILE…``."""

    files: tuple[str, ...]


def parse_command(arguments: Sequence[str]) -> UpCommand | CheckCommand:
    """The command; wrong usage prints what is wrong and ends the process with status 2."""
    given = _parser().parse_args(arguments)
    if given.command == "check":
        return CheckCommand(tuple(given.files))
    upstreams: dict[str, tuple[str, ...]] = {}
    for name, url in given.upstream:
        upstreams[name] = (*upstreams.get(name, ()), url)
    return UpCommand(tuple(given.files), given.listen, given.admin, upstreams, given.key_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moorage", description="An MCP gateway that keeps every session with its server."
    )
    parser.add_argument("--version", action="version", version=f"moorage {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands.add_parser("up", help="serve the gateway in the files, until Ctrl-C"))
    check = commands.add_parser("check", help="tell what is wrong with the files, and nothing else")
    _add_files(check)
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a YAML file, a folder of them, or - for stdin"
    )


def _add_up(parser: argparse.ArgumentParser) -> None:
    _add_files(parser)
    parser.add_argument(
        "--listen",
        type=parse_address,
        metavar="HOST:PORT",
        help="where clients connect (default: 127.0.0.1 and the port of spec.listener)",
    )
    parser.add_argument(
        "--admin",
        type=parse_address,
        default=DEFAULT_ADMIN,
        metavar="HOST:PORT",
        help=f"metrics and health (default: {DEFAULT_ADMIN})",
    )
    parser.add_argument(
        "--upstream",
        type=_parse_upstream,
        action="append",
        default=[],
        metavar="NAME=URL",
        help="where the workload of group NAME runs; again for each further instance",
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="PATH",
        help="keys that replicas of one gateway share; made if it is not there",
    )


def _parse_upstream(text: str) -> tuple[str, str]:
    name, separator, url = text.partition("=")
    if not separator or not name:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=URL; write it like tickets=http://127.0.0.1:9000/mcp"
        )
    problem = endpoint_url(url)
    if problem is not None:
        raise argparse.ArgumentTypeError(f"{'; '.join(problem)}")
    return name, url
