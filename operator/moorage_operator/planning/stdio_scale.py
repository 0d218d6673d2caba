"""How many pods a stdio group shall have; its own Deployment never says it."""

from moorage_operator.api.scaling import ScalingSpec
from moorage_operator.api.upstream_group import McpUpstreamGroupSpec
from moorage_operator.planning.snapshot import ChildKey, ObservedDeployment, ScaleTo


def plan_scale(
    spec: McpUpstreamGroupSpec, deployment: ObservedDeployment | None, target: ChildKey
) -> ScaleTo | None:
    """The replicas to be written; None if there is nothing to write.

    In mode External they are ``spec.replicas``, which HPA and KEDA write through the group's scale
    subresource. Else the present number stays, held within the range of ``spec.scaling``; from
    zero pods nothing would come back by itself yet, so one is the least.
    """
    if deployment is None:
        return None
    wanted = _wanted(spec, deployment.spec_replicas)
    return None if wanted == deployment.spec_replicas else ScaleTo(target, wanted)


def _wanted(spec: McpUpstreamGroupSpec, current: int) -> int:
    scaling = spec.scaling
    if scaling is not None and scaling.mode == "External":
        return spec.replicas
    scaling = scaling or ScalingSpec()
    return min(max(current, scaling.min_replicas, 1), scaling.max_replicas)
