"""A RouteTable as its ConfigMap holds it."""

import gzip
import hashlib

import pytest

from fakes.cr_documents import Document, group_document, route
from fakes.golden_cases import plan_case, read_case
from moorage_contract.route_table import Group, Route, RouteTable, UpstreamTls, encode_route_table
from moorage_operator.planning.ownership import child_key
from moorage_operator.planning.route_table import url_endpoint
from moorage_operator.planning.table_document import (
    MAX_GROUPS,
    MAX_TABLE_BYTES,
    TableTooLarge,
    compress_table,
    read_table,
)


def noise(number: int) -> str:
    """128 characters that compress to about half."""
    return hashlib.sha512(str(number).encode()).hexdigest()


def table(routes: int) -> RouteTable:
    return RouteTable(
        gateway="agents/agents",
        routes=tuple(Route(path=f"/{noise(number)}", group="g") for number in range(routes)),
        groups=(Group(name="g", source="Workload"),),
    )


def external_group(name: str, seed: int) -> Document:
    text = "".join(noise(seed + number) for number in range(2048))
    urls = [{"url": f"http://a/{text[at : at + 1000]}"} for at in range(0, 250_000, 1000)]
    document = group_document(name, source={"external": {"endpoints": urls}})
    document["metadata"]["namespace"] = "agents"
    return document


def test_it_is_read_back_and_always_the_same_bytes() -> None:
    document = compress_table(table(10))

    assert document == compress_table(table(10))
    assert read_table(document) == table(10)


def test_the_bound_is_kept_and_told() -> None:
    fits, too_large = table(10_000), table(20_000)

    assert len(compress_table(fits)) <= MAX_TABLE_BYTES
    with pytest.raises(TableTooLarge, match=r"spec\.routes: .* all routes .* split the routes"):
        compress_table(too_large)


def test_no_more_groups_are_written_than_are_believed_when_read() -> None:
    groups = tuple(Group(name=f"g{number}", source="Workload") for number in range(MAX_GROUPS + 1))
    most = RouteTable(gateway="agents/agents", groups=groups[:-1])

    assert read_table(compress_table(most)) == most
    with pytest.raises(TableTooLarge, match=r"names 2,049 groups, .* Let the pods come to serve"):
        compress_table(RouteTable(gateway="agents/agents", groups=groups))


def group_of_size(name: str, *, authorities: int = 0, endpoints: int = 0) -> Group:
    pem = "".join(map(noise, range(authorities)))
    urls = [f"http://a/{noise(number)}" for number in range(endpoints)]
    return Group(
        name=name,
        source="Workload",
        tls=UpstreamTls(server_name="a", ca_pem=pem or None),
        endpoints=tuple(map(url_endpoint, urls)),
    )


def test_the_parts_that_take_most_room_are_named_largest_first() -> None:
    groups = [group_of_size("office/keys", authorities=12_000), group_of_size("small")]
    groups.append(group_of_size("many", endpoints=3_000))

    with pytest.raises(TableTooLarge) as refused:
        compress_table(RouteTable(gateway="a/b", routes=(), groups=tuple(groups)))

    told = str(refused.value)
    assert told.index('group "office/keys" (tls.caConfigMapName)') < told.index(
        'group "many" (external.endpoints)'
    )
    assert 'group "small" ' in told


@pytest.mark.parametrize("document", [b"", b"no gzip", compress_table(table(1))[:-9]])
def test_what_is_no_table_is_none(document: bytes) -> None:
    assert read_table(document) is None


def with_groups(number: int) -> bytes:
    groups = tuple(Group(name=f"g{at}", source="External") for at in range(number))
    return gzip.compress(encode_route_table(RouteTable(gateway="a/b", groups=groups)))


def test_what_no_gateway_can_have_is_none_of_ours() -> None:
    """Each group that a table names is remembered, and who edits the ConfigMap may name any."""
    assert read_table(with_groups(2 * 1_024)) is not None
    assert read_table(with_groups(2 * 1_024 + 1)) is None
    assert read_table(compress_table(table(1_025))) is None
    assert read_table(with_name("n" * 63 + "/" + "g" * 63)) is not None
    assert read_table(with_name("n" * 128)) is None


def with_name(name: str) -> bytes:
    group = Group(name=name, source="External")
    return compress_table(RouteTable(gateway="a/b", groups=(group,)))


def test_a_table_that_is_too_large_leaves_the_last_one_in_force() -> None:
    case = read_case("gateway-one-pod")
    groups = [external_group(f"g{number}", seed=number * 2048) for number in range(8)]
    case["groups"] += groups
    case["resource"]["spec"]["routes"] += [
        route(f"/{group['metadata']['name']}", group["metadata"]["name"]) for group in groups
    ]
    case["children"] = {"ConfigMap": case["resource"]["metadata"]["uid"]}

    plan = plan_case(case)

    touched = [child_key(child).kind for child in plan.children]
    assert "ConfigMap" not in [*touched, *(key.kind for key in plan.unwanted)]
    assert "Deployment" in touched
    assert [(each.type, each.reason) for each in plan.conditions[:3]] == [
        ("Accepted", "TableTooLarge"),
        ("ResolvedRefs", "ResolvedRefs"),
        ("Programmed", "NotAccepted"),
    ]
