"""What the newest object of each name says (pure): names come back, uids never do.

Events of one object come in order, those of two objects of one name do not: the end of a former
one may be told after its successor has appeared.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One object among those that had its name, as of one event."""

    uid: str
    version: int
    """The resourceVersion: within a kind they can be compared, across uids too."""


class Newest(Generic[Name, Said]):
    """Bounded by the objects that exist."""

    def __init__(self) -> None:
        self._said: dict[Name, tuple[Incarnation, Said]] = {}

    def __iter__(self) -> Iterator[Name]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)

    def is_of(self, name: Name, uid: str) -> bool:
        """Whether the object with this uid has the name."""
        held = self._said.get(name)
        return held is not None and held[0].uid == uid

    def get(self, name: Name) -> Said | None:
        """What the newest object says, if there is one."""
        held = self._said.get(name)
        return None if held is None else held[1]

    def put(self, name: Name, one: Incarnation, said: Said) -> bool:
        """The object says this now; False if a newer one has the name."""
        held = self._said.get(name)
        if held is not None and held[0].uid != one.uid and held[0].version > one.version:
            return False
        self._said[name] = (one, said)
        return True

    def end(self, name: Name, uid: str) -> bool:
        """The object is gone; False if it did not have the name any more."""
        if not self.is_of(name, uid):
            return False
        del self._said[name]
        return True
