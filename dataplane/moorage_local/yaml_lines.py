"""Where each value of a YAML document begins."""

from moorage_operator.api.findings import Path


class LineTree:
    """The line of one value, and those of what is in it."""

    __slots__ = ("children", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.children: dict[str | int, LineTree] = {}

    def line_of(self, path: Path) -> int:
        """The line of the value at the path, or of the nearest thing around it that is there."""
        tree = self
        for step in path:
            child = tree.children.get(step)
            if child is None:
                break
            tree = child
        return tree.line

    def moved_to(self, line: int) -> "LineTree":
        """The same tree at another line: a value stands where its key does."""
        tree = LineTree(line)
        tree.children = self.children
        return tree
