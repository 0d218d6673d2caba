"""docs/refusals.md names every refusal that a client of the gateway can meet, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from moorage_sidecar import refusals

ROOT = Path(__file__).parents[3]
GATEWAY = ROOT / "dataplane" / "moorage_gateway"
WIRE = ROOT / "dataplane" / "moorage_wire"
SIDECAR = ROOT / "dataplane" / "moorage_sidecar"
PAGE = ROOT / "docs" / "refusals.md"

BRIDGE_SECTION = "## From the stdio bridge"
BRIDGE_CALLS = {"BadRequest", "__init__"}
"""The same in the bridge."""
REFUSING_CALLS = {"HeadRefusal", "not_json", "not_a_message", "refused"}
"""Callables whose first argument is a refusal's name."""
CAMEL_CASE = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+|Forbidden|Stopping")
BRIDGE_REFUSALS = (
    refusals.ClientTooSlow(),
    refusals.DidNotStart("server", "how"),
    refusals.GarbledAnswer("why"),
    refusals.NoAnswer(1),
    refusals.NotReading("how"),
    refusals.OutcomeUnknown("how"),
    refusals.RequestCancelled(),
    refusals.Stopping(),
    refusals.SubscriptionEnded("how"),
    refusals.TooMany("things", 1, 1),
    refusals.WrongKey(),
    refusals.UnsupportedVersion("1", ["2"]),
    refusals.WrongKey(),
)
NO_REFUSALS = {
    # Names of the tree's inner nodes: each leaf and each raise has a name of its own.
    "BadRequest",
    "UpstreamError",
}


def test_the_page_and_the_code_name_the_same_refusals() -> None:
    in_code = {name for folder in (GATEWAY, WIRE) for name in _names_in(folder)} - NO_REFUSALS
    gateway_part, _, _ = PAGE.read_text().partition(BRIDGE_SECTION)

    assert _rows_of(gateway_part) == in_code


def test_the_section_of_the_bridge_and_its_code_name_the_same_refusals() -> None:
    _, _, bridge_part = PAGE.read_text().partition(BRIDGE_SECTION)

    assert _rows_of(bridge_part) == set(_bridge_names())


def test_the_section_of_the_bridge_gives_each_refusal_its_code() -> None:
    _, _, bridge_part = PAGE.read_text().partition(BRIDGE_SECTION)

    for refusal in BRIDGE_REFUSALS:
        row = re.search(rf"^\| `{refusal.reason}` \| (\S+), `(-\d+)` \|", bridge_part, re.MULTILINE)
        assert row is not None, refusal.reason
        assert (int(row[1]), int(row[2])) == (refusal.status, refusal.code), refusal.reason


def _rows_of(text: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def _bridge_names() -> Iterator[str]:
    for file in SIDECAR.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(args=[ast.Constant(value=str(name)), *_]):
                    if _called(node) in BRIDGE_CALLS and CAMEL_CASE.fullmatch(name):
                        yield name


def _names_in(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        if file.name == "heads.py":  # only names what others define
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            yield from (text for text in _candidates(node) if CAMEL_CASE.fullmatch(text))


def _candidates(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.keyword(arg="reason", value=value):
            yield from _texts(value)
        case ast.Assign(targets=targets, value=value) if "reason" in _names(targets):
            yield from _texts(value)
        case ast.Call(args=[first, *_]) if _called(node) in REFUSING_CALLS:
            yield from _texts(first)
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            if re.match(r"HEAD_REASON|\w+_DROPPED", ast.unparse(node)):
                yield from _texts(value)


def _names(targets: list[ast.expr]) -> set[str]:
    names: set[str] = set()
    for target in targets:
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        names |= {"reason" if ast.unparse(p).endswith(".reason") else ast.unparse(p) for p in parts}
    return names


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _texts(node: ast.AST | None) -> Iterator[str]:
    if node is None:
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
