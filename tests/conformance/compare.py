"""The official suite by several ways, side by side, as a table or as JSON.

`python -m conformance.compare [--way NAME]… [--version V]… [--json FILE]`

Ends with 1 when a way other than round robin has a failure, a warning, or another count than a
faultless server. Round robin stands there for contrast and is expected to fail.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from conformance.faultless import find_faults
from conformance.node_tools import NodeTools, find_node_tools
from conformance.suite import VERSIONS, SuiteResult, run_suite
from conformance.ways import WAYS

CONTRAST = "round-robin"

Results = dict[tuple[str, str], SuiteResult]


async def compare(tools: NodeTools, ways: list[str], versions: list[str]) -> Results:
    """A result for every (way, version); every version gets fresh processes."""
    results: Results = {}
    for way in ways:
        for version in versions:
            async with WAYS[way]() as url:
                results[way, version] = await run_suite(tools, url, version)
            print(f"{way:12} {version}  {results[way, version]}", file=sys.stderr, flush=True)
    return results


def table(results: Results, ways: list[str], versions: list[str]) -> str:
    head = "| way | " + " | ".join(versions) + " |"
    rule = "|---" * (len(versions) + 1) + "|"
    rows = [
        f"| {way} | " + " | ".join(str(results[way, version]) for version in versions) + " |"
        for way in ways
    ]
    return "\n".join([head, rule, *rows])


def as_json(results: Results) -> str:
    members = [
        {
            "way": way,
            "version": version,
            **dict(zip(("passed", "failed", "warnings"), result.counts, strict=True)),
            "complaints": [str(complaint) for complaint in result.complaints],
        }
        for (way, version), result in results.items()
    ]
    return json.dumps(members, indent=1) + "\n"


def main() -> int:
    arguments = _parse_arguments()
    ways = arguments.way or list(WAYS)
    versions = arguments.version or list(VERSIONS)
    results = asyncio.run(compare(find_node_tools(), ways, versions))
    print(table(results, ways, versions))
    if arguments.json:
        arguments.json.write_text(as_json(results))
    faults = [
        fault
        for (way, _), result in results.items()
        if way != CONTRAST
        for fault in find_faults(way, result)
    ]
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance.compare")
    parser.add_argument("--way", action="append", choices=list(WAYS))
    parser.add_argument("--version", action="append", choices=list(VERSIONS))
    parser.add_argument("--json", type=Path, help="write the results there too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
