"""A request that has passed through the gateway is known by its header, on every replica."""

import pytest

from moorage_gateway.access.loop_guard import MAX_HOPS, LoopGuard
from moorage_gateway.errors import LoopDetected
from moorage_wire.key_ring import Key, KeyRing

OLD, NEW, OTHER = (Key(letter * 32) for letter in (b"o", b"n", b"x"))


def guard(*keys: Key, gateway: str = "desk/agents") -> LoopGuard:
    made = LoopGuard(gateway)
    made.use_ring(KeyRing(keys))
    return made


def value_of(sender: LoopGuard) -> bytes:
    name, _, value = sender.line.partition(b": ")
    assert name == b"cdn-loop" and value.endswith(b"\r\n")
    return value[:-2]


def test_replicas_know_each_other_also_while_keys_are_exchanged() -> None:
    for sender, receiver in (
        (guard(OLD), guard(OLD)),
        (guard(OLD), guard(OLD, NEW)),
        (guard(NEW, OLD), guard(OLD, NEW)),
        (guard(OLD, NEW), guard(NEW, OLD)),
    ):
        with pytest.raises(LoopDetected, match="through this gateway already"):
            receiver.check(value_of(sender))


def test_a_gateway_goes_by_its_new_key_from_the_exchange_on() -> None:
    made = guard(OLD)
    made.use_ring(KeyRing((NEW,)))
    guard(OLD).check(value_of(made))
    made.check(value_of(guard(OLD)))


def test_other_gateways_are_none_of_it_though_they_bear_its_name_or_its_keys() -> None:
    own = guard(OLD)
    own.check(value_of(guard(OTHER)))
    own.check(value_of(guard(OLD, gateway="desk/other")))


def test_the_name_shows_neither_the_gateway_nor_the_key() -> None:
    value = value_of(guard(OLD))
    assert b"agents" not in value and b"desk" not in value
    assert OLD.key_id.hex().encode() not in value and OLD.secret[:4] not in value


@pytest.mark.parametrize("form", [b"%b", b"first.example, %b", b"a ; loops=1,%b;x=y, b", b",,%b,"])
def test_it_is_found_wherever_it_stands(form: bytes) -> None:
    own = guard(OLD)
    with pytest.raises(LoopDetected):
        own.check(form % value_of(own).upper())


def test_a_part_of_the_name_is_another_name() -> None:
    own = guard(OLD)
    own.check(value_of(own) + b"0, x" + value_of(own))


def test_hops_are_bounded() -> None:
    own = guard(OLD)
    own.check(b", ".join(b"cdn%d" % number for number in range(MAX_HOPS)))
    with pytest.raises(LoopDetected) as refused:
        own.check(b", ".join(b"cdn%d" % number for number in range(MAX_HOPS + 1)))
    assert refused.value.reason == "TooManyHops"
