"""YAML text in, documents with the line of every value out; bounded against hostile text.

Built on PyYAML's parser events instead of its composer: bounds hold as the text is read, and a
key that stands twice in a mapping is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from moorage_local.findings import FileFinding
from moorage_local.yaml_lines import LineTree
from moorage_local.yaml_scalars import KNOWN_TAGS, resolve
from moorage_operator.api.findings import Path, quoted

MAX_DEPTH: Final = 64
MAX_ALIASES: Final = 1_000
MAX_REPEATED_KEYS: Final = 100
MAX_VALUES: Final = 1_000_000
"""Values of one file, those behind aliases counted each time."""

_MERGE: Final = "<<"
_NO_TAG: Final = (None, "!")
_COLLECTION_TAGS: Final = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """One document of a file."""

    file: str
    value: object
    lines: LineTree

    def finding(self, path: Path, message: str, remedy: str) -> FileFinding:
        """A finding at the path's line."""
        return FileFinding(self.file, self.lines.line_of(path), path, message, remedy)


class UnreadableYaml(Exception):
    """The text is no YAML or breaks a bound; the rest of the file cannot be known."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True)
class _Node:
    value: object
    lines: LineTree
    weight: int
    """How many values it is, itself and everything in it."""


class YamlFile:
    """The documents of one file, read one after the other."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.findings: list[FileFinding] = []
        """Keys that stand twice, met while reading."""
        self._text = text
        self._events: Iterator[Event] = iter(())
        self._anchors: dict[str, _Node] = {}
        self._aliases = 0
        self._values = 0

    def documents(self) -> Iterator[Document]:
        """Each document that is not empty; raises ``UnreadableYaml``."""
        try:
            self._events = iter(yaml.parse(self._text, Loader=_PARSER))
            for event in self._events:
                if isinstance(event, DocumentStartEvent):
                    self._anchors = {}
                    node = self._node(next(self._events), (), 0)
                    if node.value is not None:
                        yield Document(self.file, node.value, node.lines)
        except yaml.YAMLError as error:
            raise _unreadable(error) from None

    def _node(self, event: Event, path: Path, depth: int) -> _Node:
        if isinstance(event, AliasEvent):
            return self._aliased(event)
        self._count(event, 1)
        if isinstance(event, ScalarEvent):
            node = _scalar(event)
        else:
            assert isinstance(event, CollectionStartEvent)
            node = self._collection(event, path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _collection(self, event: CollectionStartEvent, path: Path, depth: int) -> _Node:
        if depth == MAX_DEPTH:
            raise _at(event, f"is nested more than {MAX_DEPTH} levels deep", "flatten it")
        if event.tag not in _COLLECTION_TAGS:
            raise _at(event, f"has the tag {quoted(event.tag)}", "remove the tag")
        is_mapping = isinstance(event, MappingStartEvent)
        read = self._mapping if is_mapping else self._sequence
        return read(_line(event), path, depth + 1)

    def _aliased(self, event: AliasEvent) -> _Node:
        node = self._anchors.get(event.anchor or "")
        self._aliases += 1
        if node is None:
            message = f"*{event.anchor} stands for nothing that ended before it"
            raise _at(event, message, f"mark a value before it with &{event.anchor}")
        if self._aliases > MAX_ALIASES:
            raise _at(event, f"has more than {MAX_ALIASES} aliases", "write the values out")
        self._count(event, node.weight)
        return node

    def _sequence(self, line: int, path: Path, depth: int) -> _Node:
        values: list[object] = []
        lines, weight = LineTree(line), 1
        while not isinstance(event := next(self._events), SequenceEndEvent):
            index = len(values)
            node = self._node(event, (*path, index), depth)
            values.append(node.value)
            lines.children[index] = node.lines
            weight += node.weight
        return _Node(values, lines, weight)

    def _mapping(self, line: int, path: Path, depth: int) -> _Node:
        values: dict[str, object] = {}
        lines, weight = LineTree(line), 1
        merged: list[_Node] = []
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = _key(event)
            node = self._node(next(self._events), (*path, key.value), depth)
            weight += node.weight
            if key.value == _MERGE and key.implicit[0]:
                merged += _merge_sources(key, node)
            elif key.value in values:
                self._refuse_repeated(key, path, lines.children[key.value].line)
            else:
                values[key.value] = node.value
                lines.children[key.value] = node.lines.moved_to(_line(key))
        _merge(values, lines, merged)
        return _Node(values, lines, weight)

    def _refuse_repeated(self, key: ScalarEvent, path: Path, first_line: int) -> None:
        message = f"stands twice, first at line {first_line}"
        if len(self.findings) == MAX_REPEATED_KEYS:
            raise _at(key, "has too many keys that stand twice", "correct the others first")
        self.findings.append(
            FileFinding(self.file, _line(key), (*path, key.value), message, "remove one of them")
        )

    def _count(self, event: Event, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _at(event, f"has more than {MAX_VALUES} values", "split or shorten the file")


def _scalar(event: ScalarEvent) -> _Node:
    tag = None if event.tag in _NO_TAG else event.tag
    if tag is not None and tag not in KNOWN_TAGS:
        raise _at(event, f"has the tag {quoted(tag)}", "remove the tag")
    value = resolve(event.value, tag, plain=event.implicit[0])
    return _Node(value, LineTree(_line(event)), 1)


def _key(event: Event) -> ScalarEvent:
    if not isinstance(event, ScalarEvent):
        raise _at(event, "has a key that is no text", 'write "name: value" lines')
    return event


def _merge_sources(event: ScalarEvent, node: _Node) -> list[_Node]:
    """The mappings that ``<<`` names: one, or a list of them."""
    if isinstance(node.value, dict):
        return [node]
    if isinstance(node.value, list) and all(isinstance(item, dict) for item in node.value):
        return [_Node(item, node.lines.children[index], 1) for index, item in enumerate(node.value)]
    raise _at(event, f"{_MERGE} names no mapping", "give it an alias of a mapping")


def _merge(values: dict[str, object], lines: LineTree, sources: list[_Node]) -> None:
    """Members that the mapping does not have itself; earlier sources win."""
    for source in sources:
        assert isinstance(source.value, dict)
        for key, value in source.value.items():
            if key not in values:
                values[key] = value
                lines.children[key] = source.lines.children[key]


def _line(event: Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _at(event: Event, message: str, remedy: str) -> UnreadableYaml:
    return UnreadableYaml(_line(event), message, remedy)


def _unreadable(error: yaml.YAMLError) -> UnreadableYaml:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = 1 if mark is None else mark.line + 1
    return UnreadableYaml(line, f"is not YAML: {problem}", "correct the text around this line")
