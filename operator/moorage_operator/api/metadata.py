"""``metadata`` of both kinds: what the object is called and where it lives."""

from dataclasses import dataclass

from moorage_operator.api.bounds import DEFAULT_NAMESPACE
from moorage_operator.api.name_rules import namespace_name
from moorage_operator.api.value import TextRule, Value

_KEPT_BY_KUBERNETES = (
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)


@dataclass(frozen=True, order=True)
class ResourceName:
    """What names one object of a kind."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def read_metadata(value: Value, name_rule: TextRule) -> ResourceName:
    """The object's name; labels and what Kubernetes keeps there are let pass."""
    with value.members() as metadata:
        name = metadata.text("name", name_rule)
        namespace = metadata.optional_text("namespace", namespace_name)
        for kept in _KEPT_BY_KUBERNETES:
            metadata.optional(kept)
    return ResourceName(namespace or DEFAULT_NAMESPACE, name)
