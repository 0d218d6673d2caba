"""Which of the objects at our children's places are ours; nobody else's is ever applied to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moorage_operator.planning.snapshot import ChildKey, ObservedChild

Manifest = Mapping[str, object]


@dataclass(frozen=True)
class ClaimedChildren:
    """The wanted children sorted by whether their places are ours."""

    applied: tuple[Manifest, ...]
    taken: tuple[ChildKey, ...]
    """Where an object of somebody else stands."""
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
    return ClaimedChildren(
        applied=tuple(manifest for key, manifest in manifests.items() if key not in foreign),
        taken=tuple(sorted((manifests.keys() | kept) & foreign, key=str)),
        unwanted=tuple(sorted(observed.keys() - foreign - manifests.keys() - kept, key=str)),
    )


def child_key(manifest: Manifest) -> ChildKey:
    """What names the object that a manifest describes."""
    metadata = manifest["metadata"]
    assert isinstance(metadata, Mapping)
    return ChildKey(str(manifest["kind"]), str(metadata["namespace"]), str(metadata["name"]))


def name_taken_message(taken: tuple[ChildKey, ...]) -> str:
    """What happened, where, and what to do."""
    names = ", ".join(f"{key.kind} {key.namespace}/{key.name}" for key in taken)
    return (
        f"metadata.name: its place is taken by {names}, which this resource does not own and which "
        "is left as it is; rename this resource, or remove or rename that object"
    )
