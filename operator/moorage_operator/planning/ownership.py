"""Which of the objects at our children's places are ours; nobody else's is ever applied to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moorage_operator.planning.snapshot import ChildKey, ObservedChild

Manifest = Mapping[str, object]

_RIGHTS = frozenset({"ServiceAccount", "Role"})
_RESTS_ON: Mapping[str, frozenset[str]] = {
    "RoleBinding": _RIGHTS,
    "Deployment": _RIGHTS | {"RoleBinding", "Secret", "ConfigMap"},
}
"""Which kinds lend what they hold: bound or mounted, a stranger's would become ours."""


@dataclass(frozen=True)
class ClaimedChildren:
    """The wanted children sorted by whether their places are ours."""

    applied: tuple[Manifest, ...]
    taken: tuple[ChildKey, ...]
    """Where an object of somebody else stands. What would rest on one of them is not applied."""
    unwanted: tuple[ChildKey, ...]
    """Ours, and not wanted any more."""


def claim_children(
    wanted: Iterable[Manifest],
    observed: Mapping[ChildKey, ObservedChild],
    owner_uid: str,
    kept: frozenset[ChildKey] = frozenset(),
) -> ClaimedChildren:
    """Sort the wanted manifests against what is there.

    ``kept`` names places that are neither applied to nor cleared: the Secrets that the operator
    fills with random keys, and children whose new content cannot be told at present.
    """
    manifests = {child_key(manifest): manifest for manifest in wanted}
    foreign = {key for key, child in observed.items() if child.owner_uid != owner_uid}
    taken = (manifests.keys() | kept) & foreign
    withheld = _resting_on({key.kind for key in taken}, manifests)
    return ClaimedChildren(
        applied=tuple(
            manifest for key, manifest in manifests.items() if key not in taken | withheld
        ),
        taken=tuple(sorted(taken, key=str)),
        unwanted=tuple(
            sorted(
                observed.keys() - foreign - (manifests.keys() - _bindings(withheld)) - kept, key=str
            )
        ),
    )


def rests_on(kind: str) -> frozenset[str]:
    """The kinds of which none may be a stranger's, else no object of this kind is written."""
    return _RESTS_ON.get(kind, frozenset())


def _resting_on(taken_kinds: set[str], keys: Iterable[ChildKey]) -> set[ChildKey]:
    return {key for key in keys if rests_on(key.kind) & taken_kinds}


def _bindings(withheld: set[ChildKey]) -> set[ChildKey]:
    """One that stands already must go: it would give the stranger's rights, or give ours away."""
    return {key for key in withheld if key.kind == "RoleBinding"}


def child_key(manifest: Manifest) -> ChildKey:
    """What names the object that a manifest describes."""
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    return ChildKey(str(manifest["kind"]), str(metadata["namespace"]), str(metadata["name"]))


def name_taken_message(taken: tuple[ChildKey, ...]) -> str:
    """What happened, where, and what to do."""
    names = ", ".join(f"{key.kind} {key.namespace}/{key.name}" for key in taken)
    return (
        f"metadata.name: its place is taken by {names}, which this resource does not own; that is "
        "left as it is, and nothing that would use it is written; rename this resource, or remove "
        "or rename that object"
    )
