"""What a replica may open: by guidance, and by its own share when nobody guides it."""

from moorage_contract.report_channel import EndpointGuidance
from moorage_gateway.routing.session_slots import ReportCount, SessionSlots
from moorage_gateway.routing.slot_account import share_alone


class Scene:
    """Slots of one group; each new report is numbered by hand."""

    def __init__(self, *uids: str) -> None:
        self.hurried = 0
        self.count = ReportCount(self._hurry)
        self.slots = SessionSlots(self.count)
        for uid in uids:
            self.slots.place(uid, True)

    def _hurry(self) -> None:
        self.hurried += 1

    def guide(self, report_seq: int, **told: tuple[int, int]) -> bool:
        guidance = {uid: EndpointGuidance(slots=s, load=n) for uid, (s, n) in told.items()}
        return self.slots.take(guidance, report_seq)

    def open(self, uid: str) -> int:
        self.slots.keep(uid)
        seq = self.slots.opened(uid)
        self.slots.give_back(uid)
        return seq

    def report(self) -> int:
        self.count.next_seq += 1
        return self.count.next_seq - 1


def test_before_the_first_guidance_nothing_is_opened_and_slots_may_come() -> None:
    scene = Scene("a")
    assert scene.slots.fullest() is None
    assert scene.slots.may_come(1, "a")


def test_the_fullest_with_a_slot_left_is_taken() -> None:
    scene = Scene("a", "b", "c")
    scene.guide(0, a=(1, 3), b=(2, 1), c=(0, 9))
    picked = []
    for _ in range(3):
        uid = scene.slots.fullest()
        assert uid is not None
        picked.append(uid)
        scene.open(uid)
    assert picked == ["a", "b", "b"]
    assert scene.slots.fullest() is None


def test_guidance_that_knows_a_session_counts_it_and_one_that_does_not_leaves_it_to_us() -> None:
    scene = Scene("a")
    scene.guide(0, a=(3, 0))
    scene.open("a")
    told = scene.report()
    scene.open("a")
    scene.guide(told, a=(3, 1))
    assert scene.slots.left("a") == 2
    scene.guide(told - 1, a=(3, 0))
    assert scene.slots.left("a") == 2, "what it does not know of stays counted here"


def test_a_place_that_is_kept_counts_until_it_is_given_back() -> None:
    scene = Scene("a")
    scene.guide(0, a=(1, 0))
    scene.slots.keep("a")
    assert scene.slots.fullest() is None
    scene.slots.give_back("a")
    scene.slots.give_back("a")
    assert scene.slots.left("a") == 1


def test_a_slot_comes_back_with_its_session_only_while_nobody_else_may_give_it_away() -> None:
    scene = Scene("a")
    scene.guide(0, a=(2, 0))
    seq = scene.open("a")
    scene.slots.closed("a", seq, over=True)
    assert scene.slots.left("a") == 2
    seq = scene.open("a")
    scene.guide(scene.report(), a=(1, 1))
    scene.slots.closed("a", seq, over=True)
    assert scene.slots.left("a") == 1, "the operator shares that one out"
    seq = scene.open("a")
    scene.slots.closed("a", seq, over=False)
    assert scene.slots.left("a") == 0, "an idle one may live on at another replica"


def test_where_slots_are_short_the_end_of_a_session_is_told_at_once() -> None:
    scene = Scene("a")
    scene.guide(0, a=(1, 4))
    scene.slots.closed("a", 0, over=True)
    assert scene.hurried == 0
    scene.open("a")
    assert not scene.slots.may_come(4, "a")
    scene.slots.closed("a", 0, over=True)
    assert scene.hurried == 1
    assert scene.slots.may_come(4, "a"), "somebody's place is free"


def test_fewer_slots_than_before_are_noticed() -> None:
    scene = Scene("a")
    assert not scene.guide(0, a=(3, 0))
    assert scene.guide(0, a=(2, 0))
    assert not scene.guide(0, a=(2, 5))


def test_alone_each_replica_takes_its_share_of_what_is_free() -> None:
    assert [share_alone(10, load, 2) for load in (0, 1, 9, 10, 12)] == [5, 5, 1, 0, 0]
    scene = Scene("a")
    scene.guide(0, a=(1, 6))
    scene.slots.go_alone({"a": 2}, per_pod=10, replicas=2)
    assert scene.slots.left("a") == 2
    seq = scene.open("a")
    scene.open("a")
    assert scene.slots.fullest() is None
    assert not scene.slots.may_come(10, "a"), "nobody will grant any"
    scene.slots.closed("a", seq, over=False)
    assert scene.slots.left("a") == 1, "what was opened here and is idle is free again"
    scene.slots.go_alone({"a": 3}, per_pod=10, replicas=2)
    assert scene.slots.left("a") == 1, "a table that changes nothing gives no second share"
    scene.slots.go_alone({"a": 3}, per_pod=20, replicas=2)
    assert scene.slots.left("a") == 7


def test_alone_a_new_endpoint_has_its_share_at_once() -> None:
    scene = Scene()
    scene.slots.go_alone({}, per_pod=7, replicas=3)
    scene.slots.place("new", True)
    assert scene.slots.left("new") == 3
    scene.slots.place("new", False)
    assert scene.slots.fullest() is None
    scene.slots.keep_only(())
    scene.slots.place("new", True)
    assert scene.slots.left("new") == 3


def test_alone_a_report_that_nobody_answers_takes_no_endpoints_share() -> None:
    """A pod that is starting is told of before it is ready; the leader is told its share too."""
    scene = Scene()
    scene.slots.go_alone({}, per_pod=10, replicas=2)
    assert scene.slots.told("starting", scene.report()) == 5
    scene.slots.place("starting", True)
    assert scene.slots.left("starting") == 5
    scene.open("starting")
    assert scene.slots.told("starting", scene.report()) == 4


def test_the_first_guidance_after_being_alone_rules() -> None:
    scene = Scene("a")
    scene.slots.go_alone({"a": 0}, per_pod=4, replicas=1)
    scene.open("a")
    assert scene.slots.told("a", scene.count.next_seq) == 3
    assert scene.guide(scene.report(), a=(1, 1))
    assert scene.slots.left("a") == 1
