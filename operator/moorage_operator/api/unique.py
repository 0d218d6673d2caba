"""Lists whose items must differ."""

from collections.abc import Iterable

from moorage_operator.api.findings import field_path, quoted
from moorage_operator.api.value import Value


def refuse_repeated(places: Iterable[Value], keys: Iterable[str]) -> None:
    """A finding at each place whose key stood earlier in the list; empty keys are passed over."""
    first_place: dict[str, Value] = {}
    for place, key in zip(places, keys, strict=True):
        first = first_place.setdefault(key, place)
        if key and first is not place:
            message = f"{quoted(key)} is at {field_path(first.path)} already"
            place.refuse("Duplicate", message, "remove one of them")
