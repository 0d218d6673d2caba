"""Which gateway serves which groups, for the report channel; asked for each report."""

from collections.abc import Callable, Mapping

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import NAMESPACE_NAME_LABEL
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.running.accepted_specs import AcceptedSpecs
from moorage_operator.running.world import World


class ServedByResources:
    """Answers from the indices; before they are filled nobody is known."""

    def __init__(self, world: Callable[[], World | None]) -> None:
        self._world = world
        self._specs = AcceptedSpecs()

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        """The groups that a gateway names and that allow it; None if there is no such gateway.

        None too before the labels of its namespace are known, by which groups may allow it.
        """
        world = self._world()
        if world is None or world.gateway(gateway) is None:
            return None
        namespace = world.known_namespace(gateway.namespace)
        if namespace is None:
            return None
        served = {}
        for name in world.links.groups_of(gateway):
            rules = self._rules(world, name, gateway, namespace.labels)
            if rules is not None:
                served[name] = rules
        return served

    def _rules(
        self,
        world: World,
        name: ResourceName,
        gateway: ResourceName,
        namespace_labels: Mapping[str, str],
    ) -> GroupRules | None:
        extract = world.group(name)
        group = None if extract is None else self._specs.group(extract)
        labels = {NAMESPACE_NAME_LABEL: gateway.namespace, **namespace_labels}
        if group is None or not group.spec.allowed_gateways.allow(
            name.namespace, gateway.namespace, labels
        ):
            return None
        sessions = group.spec.sessions
        return GroupRules(sessions.per_pod, sessions.idle_seconds)
