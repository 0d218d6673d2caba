"""What a resource's status says already: an operator that has just begun knows no reports yet."""

from collections.abc import Mapping

from moorage_operator.planning.snapshot import ObservedResource


def held_before(resource: ObservedResource, type_: str) -> str | None:
    """The message of a condition that is True for the present generation; None if it is not.

    A new leader hears from gateways one after the other. What was true of this very spec is not
    untrue because nobody has repeated it yet, and flips would look like outages.
    """
    status = resource.document.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    for condition in conditions if isinstance(conditions, list) else []:
        if (
            isinstance(condition, Mapping)
            and condition.get("type") == type_
            and condition.get("status") == "True"
            and condition.get("observedGeneration") == resource.generation
        ):
            return str(condition.get("message"))
    return None
