"""The ladder gives what a plain scan would, whatever happened to it before."""

from hypothesis import given, settings
from hypothesis import strategies as st

from moorage_gateway.routing.load_ladder import LoadLadder

NAMES = [f"e{n}" for n in range(5)]
STEP = st.tuples(
    st.sampled_from(["add", "remove", "up", "down"]), st.sampled_from(NAMES), st.integers(0, 4)
)


@settings(max_examples=200)
@given(st.lists(STEP, max_size=60), st.integers(0, 6))
def test_it_equals_a_plain_scan(steps: list[tuple[str, str, int]], bound: int) -> None:
    ladder, plain = LoadLadder(), dict[str, int]()
    for what, name, load in steps:
        if what == "add":
            ladder.add(name, load)
            plain[name] = load
        elif what == "remove":
            ladder.remove(name)
            plain.pop(name, None)
        elif name in plain and (what == "up" or plain[name] > 0):
            by = 1 if what == "up" else -1
            ladder.shift(name, by)
            plain[name] += by
        least, fullest = ladder.least(), ladder.fullest_below(bound)
        assert len(ladder) == len(plain) and set(ladder) == set(plain)
        assert (least is None) == (not plain)
        assert least is None or plain[least] == min(plain.values())
        below = [load for load in plain.values() if load < bound]
        assert (fullest is None) == (not below)
        assert fullest is None or plain[fullest] == max(below)


def test_equal_loads_take_turns() -> None:
    ladder = LoadLadder()
    for name in NAMES:
        ladder.add(name)
    picked = []
    for _ in NAMES:
        least = ladder.least()
        assert least is not None
        picked.append(least)
        ladder.shift(least, 1)
    assert picked == NAMES
