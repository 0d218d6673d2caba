"""Children that the API server refuses: told in the status, for nobody reads logs first (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from moorage_operator.cluster.errors import (
    ApiRefusal,
    ClusterError,
    ObjectConflict,
    is_namespace_ending,
)
from moorage_operator.planning.conditions import ConditionTypes
from moorage_operator.planning.hostnames import hostnames_before
from moorage_operator.planning.snapshot import ChildKey, Condition, ObservedResource, Plan

APPLY_FAILED = "ApplyFailed"
SAID_CHARACTERS = 500


@dataclass(frozen=True)
class RefusedChild:
    """One child, and what the API server said."""

    key: ChildKey
    error: ApiRefusal

    def __str__(self) -> str:
        said = self.error.message
        if len(said) > SAID_CHARACTERS:
            said = f"{said[: SAID_CHARACTERS - 1]}…"
        return f"{self.key.kind} {self.key.namespace}/{self.key.name}: {self.error.status} {said}"


class ChildrenRefused(ClusterError):
    """Some children could not be applied; the status says which."""


def must_be_told(error: ApiRefusal) -> bool:
    """Whether only people can help; conflicts pass, and where a namespace ends nothing is lost."""
    return not (isinstance(error, ObjectConflict) or is_namespace_ending(error))


def with_refusals(types: ConditionTypes, plan: Plan, refused: Iterable[RefusedChild]) -> Plan:
    """The plan whose status tells what was refused, unless it is not accepted anyway."""
    if not (texts := [str(each) for each in refused]):
        return plan
    message = (
        f"these objects cannot be written: {'; '.join(texts)}; remove what refuses them (a quota, "
        "an admission policy, a missing right of the operator), it is tried again by itself"
    )
    failed = types.condition("Accepted", APPLY_FAILED, message)
    return replace(plan, conditions=tuple(_instead(each, failed) for each in plan.conditions))


def with_names_in_force(
    resource: ObservedResource, plan: Plan, refused: Iterable[RefusedChild]
) -> Plan:
    """A table that is not written leaves the one before in force, with the host names in it."""
    kinds = {child["kind"] for child in plan.children} - {each.key.kind for each in refused}
    if "hostnames" not in plan.counts or "ConfigMap" in kinds:
        return plan
    return replace(plan, counts={**plan.counts, **hostnames_before(resource)})


def _instead(condition: Condition, failed: Condition) -> Condition:
    is_well = condition.type == failed.type and condition.status == "True"
    return failed if is_well else condition
