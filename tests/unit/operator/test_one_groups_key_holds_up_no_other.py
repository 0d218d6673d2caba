"""A group whose Secret may not be written: the gateway goes on with all others, and tells it."""

from collections.abc import Iterator

import pytest

from fakes.planned_gateway import PlannedGateway, Secrets, table_of
from moorage_operator.cluster.errors import ObjectConflict, refusal
from moorage_operator.planning.snapshot import Plan

NO_MORE = refusal("POST", 403, "Forbidden", "exceeded quota: none")
ENDING = refusal("POST", 403, "Forbidden", "forbidden because it is being terminated")


def _unresolved(plan: Plan) -> Iterator[tuple[str, str]]:
    return ((each.name, each.unresolved) for each in table_of(plan).groups if each.unresolved)


async def test_the_other_groups_are_served_and_the_status_tells_which_is_not() -> None:
    client = Secrets()
    client.error = NO_MORE
    plan, refused = await PlannedGateway(client).plan()

    why = "it has no key yet, for its Secret cannot be written: HTTP 403"
    assert dict(_unresolved(plan)) == {"tickets": why}
    assert client.group_keys == {"desk/notes"}
    assert [str(each.key.name) for each in refused] == ["tickets-upstream"]
    (told,) = [each for each in plan.conditions if each.type == "ResolvedRefs"]
    assert (told.reason, why in told.message) == ("UpstreamFailed", True)


async def test_a_key_that_the_gateway_has_already_stays_in_use() -> None:
    client = Secrets()
    await PlannedGateway(client).plan()
    before = dict(client.held)
    client.error = NO_MORE
    plan, refused = await PlannedGateway(client).plan()

    assert dict(_unresolved(plan)) == {}
    assert client.group_keys == {"desk/notes", "desk/tickets"}
    assert client.held == before
    assert len(refused) == 1


async def test_a_group_whose_namespace_ends_is_no_reason_to_warn_or_wait() -> None:
    client = Secrets()
    client.error = ENDING
    plan, refused = await PlannedGateway(client).plan()
    assert [name for name, _ in _unresolved(plan)] == ["tickets"]
    assert refused == []


async def test_a_conflict_passes_and_is_tried_again_as_a_whole() -> None:
    client = Secrets()
    client.error = refusal("POST", 409, "Conflict", "the quota was changed meanwhile")
    with pytest.raises(ObjectConflict):
        await PlannedGateway(client).plan()
