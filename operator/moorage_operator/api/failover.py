"""``spec.failover`` of an McpUpstreamGroup: who steps in when all its endpoints are gone."""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import group_name
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Value


@dataclass(frozen=True)
class FailoverSpec:
    """The groups that step in, in order, and how much may be tried again."""

    backups: tuple[str, ...]
    retry_budget_percent: int = bounds.RETRY_BUDGET_PERCENT.default


def read_failover(value: Value | None) -> FailoverSpec | None:
    """The failover as written, or None; its backups differ."""
    if value is None:
        return None
    with value.members() as failover:
        items = failover.items("backups", bounds.BACKUPS)
        backups = tuple(_read_backup(item) for item in items)
        refuse_repeated(items, backups)
        percent = failover.integer("retryBudgetPercent", bounds.RETRY_BUDGET_PERCENT)
    return FailoverSpec(backups, percent)


def _read_backup(value: Value) -> str:
    with value.members() as backup:
        return backup.text("name", group_name)
