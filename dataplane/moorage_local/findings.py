"""What is wrong with the files of a command, told as compilers do: file, line, field, remedy."""

from dataclasses import dataclass

from moorage_operator.api.findings import Path, field_path

TOLD_AT_MOST = 100


@dataclass(frozen=True)
class FileFinding:
    """One thing that is wrong, and where in which file."""

    file: str
    """As the user named it; or the option that is wrong."""
    line: int | None
    """Counted from 1; None where no line is to blame."""
    field: Path | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f"{field_path(self.field)}: " if self.field else ""
        return f"{place}: {field}{self.message}; {self.remedy}"


class ConfigurationRefused(Exception):
    """The files cannot be served as they are; every finding in them (never none)."""

    def __init__(self, findings: tuple[FileFinding, ...]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def told(findings: tuple[FileFinding, ...]) -> list[str]:
    """The findings as lines, at most a hundred and a line that says how many are left out."""
    lines = [str(finding) for finding in findings[:TOLD_AT_MOST]]
    left_out = len(findings) - len(lines)
    return [*lines, f"… and {left_out} more findings"] if left_out else lines
