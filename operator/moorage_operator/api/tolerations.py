"""``tolerations`` of a stdio group's pods, shaped as in a pod."""

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import label_key, label_value
from moorage_operator.api.value import Members, Value
from moorage_operator.api.volumes import PodObject, without_nulls

TOLERATION_OPERATORS = ("Equal", "Exists")
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def read_tolerations(stdio: Members) -> tuple[PodObject, ...]:
    """The tolerations as pods take them."""
    return tuple(map(_read_toleration, stdio.items("tolerations", bounds.POD_ITEMS)))


def _read_toleration(item: Value) -> PodObject:
    with item.members() as members:
        effect, seconds = members.optional("effect"), members.optional("tolerationSeconds")
        toleration = without_nulls(
            key=members.optional_text("key", label_key),
            operator=members.choice("operator", TOLERATION_OPERATORS),
            value=members.optional_text("value", label_value),
            effect=None if effect is None else effect.choice(TAINT_EFFECTS),
            tolerationSeconds=(
                None if seconds is None else seconds.integer(bounds.TOLERATION_SECONDS)
            ),
        )
        _refuse_contradictions(members, toleration)
    return toleration


def _refuse_contradictions(members: Members, toleration: PodObject) -> None:
    operator = toleration["operator"]
    if operator == "Exists" and toleration.get("value"):
        message = "has a value, which the operator Exists does not use"
        members.refuse("Contradiction", message, "remove one of them")
    if operator == "Equal" and "key" not in toleration:
        message = "has no key, which is every taint, and the operator Equal"
        members.refuse("Contradiction", message, 'add a key or "operator: Exists"')
    if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
        message = "has tolerationSeconds, which only the effect NoExecute uses"
        members.refuse("Contradiction", message, 'write "effect: NoExecute" or remove them')
