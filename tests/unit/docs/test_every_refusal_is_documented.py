"""docs/refusals.md names every refusal that a client of the gateway can meet, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
GATEWAY = ROOT / "dataplane" / "moorage_gateway"
WIRE = ROOT / "dataplane" / "moorage_wire"
PAGE = ROOT / "docs" / "refusals.md"

REFUSING_CALLS = {"HeadRefusal", "not_json", "not_a_message", "refused"}
"""Callables whose first argument is a refusal's name."""
CAMEL_CASE = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+|Forbidden")
NO_REFUSALS = {
    # Names of the tree's inner nodes: each leaf and each raise has a name of its own.
    "BadRequest",
    "UpstreamError",
}


def test_the_page_and_the_code_name_the_same_refusals() -> None:
    in_code = {name for folder in (GATEWAY, WIRE) for name in _names_in(folder)} - NO_REFUSALS
    in_page = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))

    assert in_page == in_code


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
