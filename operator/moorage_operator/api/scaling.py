"""``spec.scaling`` of an McpUpstreamGroup: how many pods it has, decided by the operator."""

from dataclasses import dataclass
from typing import Literal

from moorage_operator.api import bounds
from moorage_operator.api.value import Members, Value

ScalingMode = Literal["Predictive", "Reactive", "Observe", "External"]
SCALING_MODES: tuple[ScalingMode, ...] = ("Predictive", "Reactive", "Observe", "External")


@dataclass(frozen=True)
class ScalingSpec:
    """The range of replicas and who decides within it."""

    min_replicas: int = bounds.MIN_REPLICAS.default
    max_replicas: int = bounds.MAX_REPLICAS.default
    mode: ScalingMode = SCALING_MODES[0]
    confidence_percent: int = bounds.CONFIDENCE_PERCENT.default
    idle_seconds: int = bounds.SCALING_IDLE_SECONDS.default
    hold_seconds: int = bounds.HOLD_SECONDS.default


def read_scaling(value: Value | None) -> ScalingSpec | None:
    """The scaling as written, or None."""
    if value is None:
        return None
    with value.members() as scaling:
        spec = ScalingSpec(
            min_replicas=scaling.integer("minReplicas", bounds.MIN_REPLICAS),
            max_replicas=scaling.integer("maxReplicas", bounds.MAX_REPLICAS),
            mode=scaling.choice("mode", SCALING_MODES),
            confidence_percent=scaling.integer("confidencePercent", bounds.CONFIDENCE_PERCENT),
            idle_seconds=scaling.integer("idleSeconds", bounds.SCALING_IDLE_SECONDS),
            hold_seconds=scaling.integer("holdSeconds", bounds.HOLD_SECONDS),
        )
        _refuse_min_beyond_max(scaling, spec)
    return spec


def _refuse_min_beyond_max(scaling: Members, spec: ScalingSpec) -> None:
    if spec.min_replicas > spec.max_replicas:
        message = f"minReplicas {spec.min_replicas} is more than maxReplicas {spec.max_replicas}"
        scaling.refuse("Contradiction", message, "lower minReplicas or raise maxReplicas")
