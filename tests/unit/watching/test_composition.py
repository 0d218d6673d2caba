"""Published table, endpoints and keys make the table to serve."""

from moorage_contract.route_table import Discovery, Endpoint, Group, Route, RouteTable
from moorage_gateway.watching.composition import compose, discovered_namespaces, endpoint_copy
from moorage_gateway.watching.endpoint_slices import read_slice

FIXED = Endpoint(uid="x", url="https://mcp.example.com/mcp")
SEEN = Endpoint(uid="u1", url="http://10.0.0.1:8000/mcp")
REMEMBERED = Endpoint(uid="u0", url="http://10.0.0.9:8000/mcp")


def discovered(name: str, namespace: str, unresolved: str = "") -> Group:
    discovery = Discovery(namespace=namespace, group=name, path="/mcp")
    return Group(name=name, source="Stdio", discovery=discovery, unresolved=unresolved)


def table_of(*groups: Group) -> RouteTable:
    routes = tuple(Route(path=f"/{group.name}", group=group.name) for group in groups)
    return RouteTable(gateway="agents/gw", routes=routes, groups=groups)


SLICES = {
    "agents": [
        read_slice(
            {
                "metadata": {"name": "s", "labels": {"moorage.dev/upstream-group": "tickets"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"uid": "u1"}}],
                "ports": [{"name": "mcp", "port": 8000}],
            }
        )
    ]
}


def test_a_discovered_group_gets_its_endpoints_and_its_key() -> None:
    keys = {"agents/tickets": "k1", "other/tickets": "k2"}
    [group] = compose(table_of(discovered("tickets", "agents")), SLICES, {}, keys).groups
    assert (group.endpoints, group.key) == ((SEEN,), "k1")


def test_slices_of_another_namespace_are_not_ours() -> None:
    slices = {"other": [], "agents": SLICES["agents"]}
    [group] = compose(table_of(discovered("tickets", "other")), slices, {}, {}).groups
    assert group.endpoints == ()


def test_endpoints_that_the_table_says_stay() -> None:
    external = Group(name="e", source="External", endpoints=(FIXED,))
    assert compose(table_of(external), SLICES, {}, {}).groups == (external,)


def test_the_copy_speaks_until_its_namespace_was_listed() -> None:
    copy = {"agents/tickets": (REMEMBERED,), "later/notes": (REMEMBERED,)}
    table = table_of(discovered("tickets", "agents"), discovered("notes", "later"))
    tickets, notes = compose(table, SLICES, copy, {}).groups
    assert tickets.endpoints == (SEEN,)
    assert notes.endpoints == (REMEMBERED,)


def test_an_empty_list_is_an_answer_too() -> None:
    copy = {"agents/tickets": (REMEMBERED,)}
    table = table_of(discovered("tickets", "agents"))
    assert compose(table, {"agents": []}, copy, {}).groups[0].endpoints == ()


def test_a_group_that_may_not_be_used_has_neither_endpoints_nor_key() -> None:
    table = table_of(discovered("tickets", "agents", unresolved="not allowed"))
    copy = {"agents/tickets": (REMEMBERED,)}
    [group] = compose(table, SLICES, copy, {"agents/tickets": "k"}).groups
    assert (group.endpoints, group.key) == ((), None)
    assert discovered_namespaces(table) == frozenset()


def test_each_namespace_is_followed_once() -> None:
    table = table_of(
        discovered("a", "one"), discovered("b", "one"), discovered("c", "two"),
        Group(name="e", source="External", endpoints=(FIXED,)),
    )  # fmt: skip
    assert discovered_namespaces(table) == {"one", "two"}


def test_what_is_remembered_composes_to_the_same_table() -> None:
    table = table_of(discovered("tickets", "agents"))
    served = compose(table, SLICES, {}, {})
    assert compose(table, {}, endpoint_copy(served), {}) == served
