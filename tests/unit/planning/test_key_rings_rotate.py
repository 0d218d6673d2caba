"""A key ring over time: no capsule that a client may still hold ever loses its key."""

import hashlib
import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage_contract.key_ids import MAX_KEYS
from moorage_operator.planning.key_rotation import (
    LATE_MINTING_SECONDS as LATE,
)
from moorage_operator.planning.key_rotation import (
    KeyRingState,
    KeyRingUnreadable,
    first_ring,
    next_ring,
    read_ring,
    ring_annotation,
    ring_text,
)
from moorage_wire.key_ring import KeyRing

DAY = 86_400
ROTATE, SESSION = 7 * DAY, DAY
REPLICAS = 3


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def rotate(state: KeyRingState, now: int, *reports: set[str], replicas: int = 2) -> KeyRingState:
    ids = [frozenset(report) for report in reports]
    return next_ring(state, ids, replicas, now, ROTATE, SESSION, key(now))


def ids(state: KeyRingState) -> set[str]:
    return {each.key_id for each in state.keys}


def waiting_ring() -> KeyRingState:
    return rotate(first_ring(key(0), 0), ROTATE)


def test_before_its_time_nothing_happens() -> None:
    ring = first_ring(key(0), 0)

    assert rotate(ring, ROTATE - 1, ids(ring), ids(ring)) == ring


def test_a_new_key_only_opens_at_first() -> None:
    ring = waiting_ring()

    assert [each.secret for each in ring.keys] == [key(0), key(ROTATE)]
    assert ring.minting.secret == key(0)
    assert ring.waiting == ring.keys[1]


@pytest.mark.parametrize(
    ("reports", "replicas", "mints"),
    [
        (["new", "new"], 2, True),
        (["new", "old"], 2, False),
        (["new"], 2, False),
        (["new", "new"], 1, True),
        ([], 0, False),
        ([], 2, False),
    ],
)
def test_it_mints_once_every_live_replica_has_it(
    reports: list[str], replicas: int, mints: bool
) -> None:
    ring = waiting_ring()
    known = {"new": ids(ring), "old": {ring.minting.key_id}}

    later = rotate(ring, ROTATE + 60, *(known[report] for report in reports), replicas=replicas)

    assert (later.minting.secret == key(ROTATE)) is mints
    assert ids(later) == ids(ring)


def test_the_old_key_stays_for_as_long_as_its_sessions_may_live() -> None:
    ring = waiting_ring()
    minted = rotate(ring, ROTATE + 60, ids(ring), ids(ring))
    ends = ROTATE + 60 + SESSION + LATE

    assert ids(rotate(minted, ends - 1, ids(minted), ids(minted))) == ids(minted)
    assert [each.secret for each in rotate(minted, ends).keys] == [key(ROTATE)]


def test_a_longer_session_life_holds_retired_keys_longer() -> None:
    minted = rotate(waiting_ring(), ROTATE + 60, ids(waiting_ring()), ids(waiting_ring()))
    at = ROTATE + 60 + SESSION + LATE

    kept = next_ring(minted, [], 2, at, ROTATE, 2 * SESSION, key(1))

    assert ids(kept) == ids(minted)


def test_a_shorter_session_life_drops_no_retired_key_sooner() -> None:
    minted = rotate(waiting_ring(), ROTATE + 60, ids(waiting_ring()), ids(waiting_ring()))
    ends = ROTATE + 60 + SESSION + LATE

    for restarted in (minted, read_ring(ring_text(minted), ring_annotation(minted), 10**9)):
        kept = next_ring(restarted, [], 2, ends - 1, ROTATE, 60, key(1))
        assert ids(kept) == ids(minted)
        assert ids(next_ring(kept, [], 2, ends, ROTATE, 60, key(1))) == {minted.minting.key_id}


def test_what_a_longer_session_life_raised_stays_when_it_is_shortened_again() -> None:
    minted = rotate(waiting_ring(), ROTATE + 60, ids(waiting_ring()), ids(waiting_ring()))
    at = ROTATE + 60 + SESSION + LATE

    raised = next_ring(minted, [], 2, at - 1, ROTATE, 2 * SESSION, key(1))
    raised = read_ring(ring_text(raised), ring_annotation(raised), 10**9)

    assert ids(next_ring(raised, [], 2, at + SESSION - 1, ROTATE, 60, key(1))) == ids(minted)


def test_a_retired_key_of_an_older_operator_is_kept_as_before() -> None:
    minted = rotate(waiting_ring(), ROTATE + 60, ids(waiting_ring()), ids(waiting_ring()))
    times = json.loads(ring_annotation(minted))
    for each in times.values():
        each.pop("keep_until", None)
    older = read_ring(ring_text(minted), json.dumps(times), 10**9)

    assert older.keys[1].keep_until is None
    assert next_ring(older, [], 2, ROTATE + 61, ROTATE, SESSION, key(1)) == minted


def test_a_full_ring_waits_for_room() -> None:
    ring = first_ring(key(0), 0)
    for now in range(1, 100):
        ring = next_ring(ring, [frozenset(ids(ring))], 1, now, 1, DAY, key(now))

    assert len(ring.keys) == MAX_KEYS
    assert ring.waiting is None


@dataclass
class Fleet:
    """Replicas that follow the ring late, mint with what they know, and clients' capsules."""

    history: list[tuple[int, KeyRingState]]
    known: list[KeyRingState] = field(default_factory=list)
    capsules: list[tuple[int, str]] = field(default_factory=list)

    def follow(self, ring: KeyRingState, followers: set[int], now: int) -> None:
        """These replicas follow; the others know at least what was so an hour ago."""
        self.history.append((now, ring))
        oldest = [place for place, (at, _) in enumerate(self.history) if at <= now - LATE]
        for replica, known in enumerate(self.known):
            newest_known = max(
                (place for place, (_, each) in enumerate(self.history) if each == known), default=0
            )
            place = max([newest_known, *oldest])
            self.known[replica] = ring if replica in followers else self.history[place][1]

    def mint(self, now: int) -> None:
        self.capsules += [(now, ring.minting.key_id) for ring in self.known]

    def unopenable(self, now: int) -> list[tuple[int, str]]:
        live = [(at, key_id) for at, key_id in self.capsules if now - at < SESSION]
        return [
            (at, key_id) for at, key_id in live for ring in self.known if key_id not in ids(ring)
        ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((60, 1800, 3600, DAY // 2, DAY, 7 * DAY)),
            st.sets(st.integers(0, 2)),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_every_capsule_can_be_opened_everywhere_while_its_session_may_live(
    steps: list[tuple[int, set[int], bool]],
) -> None:
    """At each step time passes, some replicas follow, and the operator runs on what they report."""
    ring, now = first_ring(key(-1), 0), 0
    fleet = Fleet([(0, ring)], [ring] * REPLICAS)
    for number, (seconds, followers, restarted) in enumerate(steps):
        now += seconds
        reports = [frozenset(ids(known)) for known in fleet.known]
        ring = next_ring(ring, reports, REPLICAS, now, ROTATE, SESSION, key(number))
        if restarted:
            ring = read_ring(ring_text(ring), ring_annotation(ring), now)
        fleet.follow(ring, followers, now)
        fleet.mint(now)
        assert fleet.unopenable(now) == []
        assert len(ring.keys) <= MAX_KEYS


def test_the_secret_gives_the_state_back() -> None:
    ring = waiting_ring()
    minted = rotate(ring, ROTATE + 60, ids(ring), ids(ring))

    for state in (first_ring(key(0), 5), ring, minted):
        assert read_ring(ring_text(state), ring_annotation(state), 10**9) == state


def test_gateways_read_the_same_ring_with_the_same_ids() -> None:
    ring = waiting_ring()

    read = KeyRing.from_text(ring_text(ring))

    assert [each.key_id.hex() for each in read.keys] == [each.key_id for each in ring.keys]
    assert read.minting.secret == ring.minting.secret


@pytest.mark.parametrize("annotation", [None, "", "[]", "{", '{"00000000": {"added": "x"}}'])
def test_without_its_times_a_ring_counts_from_now_and_loses_no_key(annotation: str | None) -> None:
    ring = waiting_ring()
    minted = rotate(ring, ROTATE + 60, ids(ring), ids(ring))

    read = read_ring(ring_text(minted), annotation, 10 * ROTATE)

    assert [each.secret for each in read.keys] == [each.secret for each in minted.keys]
    assert read.minting.minting_since == 10 * ROTATE
    assert read.keys[1].retired_at == 10 * ROTATE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no key"),
        ("# nothing\n\n", "no key"),
        ("AAAA\n", "line 1"),
        (f"{ring_text(first_ring(key(0), 0))}näh\n", "line 2"),
        (ring_text(first_ring(key(0), 0)) * 2, "twice"),
        ("".join(ring_text(first_ring(key(n), 0)) for n in range(9)), "more than 8"),
    ],
)
def test_what_is_no_ring_is_told_without_telling_keys(text: str, told: str) -> None:
    with pytest.raises(KeyRingUnreadable, match=told) as refusal:
        read_ring(text, None, 0)

    assert not any(line and line in str(refusal.value) for line in text.splitlines())


def test_keys_do_not_show_in_logs() -> None:
    ring = first_ring(key(0), 0)

    assert str(key(0)) not in repr(ring)
    assert ring.minting.key_id in repr(ring)
