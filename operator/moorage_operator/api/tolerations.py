"""``tolerations`` of a stdio group's pods, shaped as in a pod."""

from collections.abc import Mapping

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import label_key, label_value
from moorage_operator.api.value import Members, Value

TOLERATION_OPERATORS = ("Equal", "Exists")
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def read_tolerations(stdio: Members) -> tuple[Mapping[str, object], ...]:
    """The tolerations as written: pods take them as they are."""
    items = stdio.items("tolerations", bounds.POD_ITEMS)
    for item in items:
        _check(item)
    return tuple(mapping for item in items if isinstance(mapping := item.raw, Mapping))


def _check(item: Value) -> None:
    with item.members() as toleration:
        key = toleration.optional_text("key", label_key)
        operator = toleration.choice("operator", TOLERATION_OPERATORS)
        value = toleration.optional_text("value", label_value)
        effect = toleration.optional("effect")
        chosen = None if effect is None else effect.choice(TAINT_EFFECTS)
        seconds = toleration.optional("tolerationSeconds")
        if seconds is not None:
            seconds.integer(bounds.TOLERATION_SECONDS)
        if operator == "Exists" and value:
            message = "has a value, which the operator Exists does not use"
            toleration.refuse("Contradiction", message, "remove the value or the operator")
        if operator == "Equal" and key is None:
            message = "has no key, which is every taint, and the operator Equal"
            toleration.refuse("Contradiction", message, 'add a key or "operator: Exists"')
        if seconds is not None and chosen != "NoExecute":
            message = "has tolerationSeconds, which only the effect NoExecute uses"
            toleration.refuse("Contradiction", message, 'write "effect: NoExecute" or remove them')
