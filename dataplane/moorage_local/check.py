"""The story of ``moorage check``: read, tell, done."""

import os
import sys

from moorage_local.command_line import CheckCommand
from moorage_local.files import Files
from moorage_local.findings import ConfigurationRefused, told
from moorage_local.resources import Resources, read_resources
from moorage_local.stdio_programs import missing_programs

OK, FINDINGS = 0, 1


def check(command: CheckCommand) -> int:
    """Tell every finding on stdout; the exit status is 1 if there is one."""
    try:
        resources = read_resources(Files(command.files).read())
    except ConfigurationRefused as refused:
        print(*told(refused.findings), sep="\n")
        return FINDINGS
    if resources.findings:
        print(*told(tuple(resources.findings)), sep="\n")
        return FINDINGS
    _tell_good(resources)
    return OK


def _tell_good(resources: Resources) -> None:
    programs = missing_programs(resources.groups.values(), os.environ)
    for warning in (*resources.warnings, *programs):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{resources.counted()}: nothing is wrong")
