"""docs/conditions.md has every reason of every condition with its status and a remedy, no other."""

import re
from collections.abc import Iterator
from pathlib import Path

from moorage_operator.planning.conditions import GATEWAY, GROUP

PAGE = (Path(__file__).parents[3] / "docs" / "conditions.md").read_text()
KINDS = {"McpGateway": GATEWAY, "McpUpstreamGroup": GROUP}

Row = tuple[str, str, str, str]


def rows() -> Iterator[tuple[Row, str, str]]:
    """Kind, condition, reason and status of each row, with its meaning and remedy."""
    kind = condition = ""
    for line in PAGE.splitlines():
        if heading := re.fullmatch(r"## (Mcp\w+)", line):
            kind = heading[1]
        if heading := re.fullmatch(r"### (\w+): .*", line):
            condition = heading[1]
        if line.startswith("| `"):
            reason, status, meaning, remedy = [cell.strip() for cell in line.split("|")[1:-1]]
            yield (kind, condition, reason.strip("`"), status), meaning, remedy


def test_the_page_and_the_code_have_the_same_reasons() -> None:
    in_code = {
        (kind, condition, reason, status)
        for kind, types in KINDS.items()
        for condition, reasons in types.reasons.items()
        for reason, status in reasons.items()
    }
    on_page = [row for row, _, _ in rows()]

    assert set(on_page) == in_code
    assert len(on_page) == len(in_code)


def test_whatever_is_not_well_has_a_remedy() -> None:
    for (kind, condition, reason, status), meaning, remedy in rows():
        assert meaning, (kind, condition, reason)
        assert bool(remedy) is (status != "True"), (kind, condition, reason)
