"""A report that tells of very many ends costs the leader little, whoever else has sessions."""

from time import process_time

from moorage_contract.report_channel import DemandReport, EndpointReport, GroupReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

ENDS = 500_000
NAMESPACES = 100


class Scene:
    """Gateways of many namespaces, each with a group of its own."""

    def __init__(self) -> None:
        self.ledger = DemandLedger(self, leading_since=-1000.0)

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName(gateway.namespace, "own"): GroupRules(10, 3600)}

    def hear(self, namespace: str, **told: tuple[str, ...]) -> None:
        gateway = ResourceName(namespace, "edge")
        news = GroupReport(endpoints={"u": EndpointReport(**told)})  # type: ignore[arg-type]
        report = DemandReport(
            seq=1,
            whole=True,
            gateway=str(gateway),
            pod="pod",
            table_digest="d",
            groups={"own": news},
        )
        self.ledger.hear(GatewayPod(gateway, "pod"), report, 1.0)


def test_the_same_unknown_end_over_and_over() -> None:
    scene = Scene()
    for number in range(NAMESPACES):
        scene.hear(f"n{number}", opened=("a",))

    begun = process_time()
    scene.hear("hostile", ended=("",) * ENDS)
    assert process_time() - begun < 1.5


def test_many_unknown_ends() -> None:
    scene = Scene()
    for number in range(NAMESPACES):
        scene.hear(f"n{number}", opened=("a",))

    begun = process_time()
    scene.hear("hostile", ended=tuple(map(str, range(ENDS // 5))))
    assert process_time() - begun < 1.5
