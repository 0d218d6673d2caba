"""What the command line gives to a scenario."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs the gateway; the label stands in the tables.

    A label with ``PGO`` in it says that the interpreter was built with profile-guided
    optimization (its own build facts do not tell reliably), which sets stricter bounds.
    """

    label: str
    path: str

    @property
    def profile_guided(self) -> bool:
        return "PGO" in self.label


@dataclass(frozen=True)
class Settings:
    rounds: int
    seconds: float
    interpreters: tuple[Interpreter, ...]
    only: tuple[str, ...] = ()
    """Words; a subject is measured when its name holds one of them (or none is given)."""

    def wants(self, name: str) -> bool:
        return not self.only or any(word in name for word in self.only)
