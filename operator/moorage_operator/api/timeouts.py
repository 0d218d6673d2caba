"""``spec.timeouts`` of an McpUpstreamGroup."""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.value import Value


@dataclass(frozen=True)
class TimeoutsSpec:
    """How long a gateway waits for an endpoint."""

    answer_seconds: int = bounds.ANSWER_SECONDS.default
    """Longest silence of an endpoint while a request waits for its answer."""


def read_timeouts(value: Value | None) -> TimeoutsSpec:
    """The timeouts as written; absent is all defaults."""
    if value is None:
        return TimeoutsSpec()
    with value.members() as timeouts:
        return TimeoutsSpec(timeouts.integer("answerSeconds", bounds.ANSWER_SECONDS))
