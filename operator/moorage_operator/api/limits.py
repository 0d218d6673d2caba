"""``spec.limits`` of an McpGateway: how much each caller may use."""

from dataclasses import dataclass
from typing import Literal

from moorage_operator.api import bounds
from moorage_operator.api.value import Value

LimitScope = Literal["Principal", "Route", "Gateway"]
LIMIT_SCOPES: tuple[LimitScope, ...] = ("Principal", "Route", "Gateway")


@dataclass(frozen=True)
class LimitSpec:
    """One token bucket."""

    per: LimitScope
    """What has a bucket of its own."""
    tokens_per_second: int
    burst_tokens: int


def read_limits(value: Value | None) -> tuple[LimitSpec, ...]:
    """The limits as written; absent is none."""
    return () if value is None else tuple(map(_read_limit, value.items(bounds.LIMITS)))


def _read_limit(value: Value) -> LimitSpec:
    with value.members() as limit:
        return LimitSpec(
            per=limit.required("per").choice(LIMIT_SCOPES),
            tokens_per_second=limit.integer("tokensPerSecond", bounds.TOKENS_PER_SECOND),
            burst_tokens=limit.integer("burstTokens", bounds.BURST_TOKENS),
        )
