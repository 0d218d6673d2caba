"""What people read when the gateway serves, and while it does."""

import json
from dataclasses import replace

from moorage_contract.route_table import (
    Affinity,
    Endpoint,
    Group,
    Route,
    RouteTable,
    SessionRules,
)
from moorage_gateway.gateway_status import EndpointStatus, GatewayStatus, GroupStatus
from moorage_local.live_summary import summary
from moorage_local.spread_callers import spread_callers
from moorage_local.welcome import welcome

BASE = "http://127.0.0.1:8080"


def endpoint(number: int, state: str = "ready") -> EndpointStatus:
    versions = ("2025-11-25", "2026-07-28") if state == "ready" else ()
    why = "handshake succeeded" if state == "ready" else "no connection"
    return EndpointStatus(
        uid=str(number),
        url=f"http://127.0.0.1:{9000 + number}/mcp",
        state=state,
        why=why,
        versions=versions,
        sessions=number,
        in_flight=1,
    )


TABLE = RouteTable(
    gateway="desk/agents",
    routes=(
        Route(path="/tickets/mcp", group="tickets"),
        Route(path="/notes/mcp", group="notes"),
    ),
    groups=(
        Group(
            name="tickets",
            source="External",
            endpoints=tuple(Endpoint(uid=str(n), url="http://a") for n in (1, 2, 3)),
        ),
        Group(name="notes", source="Stdio"),
    ),
)
STATUS = GatewayStatus(
    table="0123",
    sessions=6,
    streams=1,
    requests=1_000,
    refused=0,
    refusals=(),
    groups=(
        GroupStatus("tickets", (endpoint(1), endpoint(2), endpoint(3))),
        GroupStatus("notes", (endpoint(0),)),
    ),
)


def told(table: RouteTable = TABLE, status: GatewayStatus = STATUS, *notes: str) -> list[str]:
    return welcome(
        table,
        status,
        counted="1 gateway and 2 groups from 2 files",
        base_url=BASE,
        admin_url="http://127.0.0.1:9090",
        notes=notes,
    )


def test_the_welcome_tells_where_and_what_and_how() -> None:
    assert told() == [
        "1 gateway and 2 groups from 2 files; stop with Ctrl-C",
        "  http://127.0.0.1:8080/tickets/mcp   tickets   3 endpoints ready"
        "                      2025-11-25, 2026-07-28",
        "  http://127.0.0.1:8080/notes/mcp     notes     stdio, starts with its first session"
        "   2025-11-25, 2026-07-28",
        "  metrics and health on http://127.0.0.1:9090",
        'for a client: {"mcpServers": {'
        '"tickets": {"type": "http", "url": "http://127.0.0.1:8080/tickets/mcp"}, '
        '"notes": {"type": "http", "url": "http://127.0.0.1:8080/notes/mcp"}}}',
    ]


def test_an_endpoint_that_is_not_ready_is_named_with_the_reason() -> None:
    groups = (GroupStatus("tickets", (endpoint(1), endpoint(2, "verifying"))), STATUS.groups[1])
    line = told(status=replace(STATUS, groups=groups))[1]
    assert "1 of 2 endpoints ready; http://127.0.0.1:9002/mcp: no connection" in line


def test_a_stdio_server_in_use_is_told_apart() -> None:
    groups = (STATUS.groups[0], GroupStatus("notes", (endpoint(4),)))
    line = told(status=replace(STATUS, groups=groups))[2]
    assert "stdio, a process for each session" in line


def test_notes_come_last() -> None:
    assert told(TABLE, STATUS, "one", "two")[-2:] == ["note: one", "note: two"]


def test_two_routes_to_one_group_are_two_servers_of_a_client() -> None:
    routes = (Route(path="/a", group="notes"), Route(path="/b", group="notes"))
    table = RouteTable(gateway="g", routes=routes, groups=TABLE.groups)
    line = next(line for line in told(table) if line.startswith("for a client: "))
    servers = json.loads(line.removeprefix("for a client: "))["mcpServers"]
    assert {name: server["url"] for name, server in servers.items()} == {
        "notes /a": f"{BASE}/a",
        "notes /b": f"{BASE}/b",
    }


def test_many_routes_are_cut() -> None:
    routes = tuple(Route(path=f"/{number}", group="notes") for number in range(1_000))
    lines = told(RouteTable(gateway="g", routes=routes, groups=TABLE.groups))
    assert len(lines) == 24
    assert lines[21] == "  … and 980 more routes"


def summed(
    status: GatewayStatus = STATUS,
    before: GatewayStatus = STATUS,
    width: int = 200,
    height: int = 20,
) -> list[str]:
    return summary(TABLE, status, before, seconds=2.0, width=width, height=height)


def test_the_summary_counts_and_tells_rates() -> None:
    assert summed(replace(STATUS, requests=3_000)) == [
        "6 sessions   1 stream   3000 requests, 1,000 a second   0 refused",
        "  tickets   6 sessions   3 running   3 endpoints ready"
        "                      2025-11-25, 2026-07-28",
        "  notes     0 sessions   1 running   stdio, starts with its first session"
        "   2025-11-25, 2026-07-28",
    ]


def test_the_refusals_that_grow_come_first() -> None:
    before = replace(STATUS, refused=100, refusals=(("BodyTooLarge", 100), ("HostNotAllowed", 0)))
    now = replace(STATUS, refused=103, refusals=(("BodyTooLarge", 101), ("HostNotAllowed", 2)))
    assert summed(now, before)[-1] == "  refused: HostNotAllowed 2, BodyTooLarge 101"


def test_the_summary_keeps_to_its_place() -> None:
    now = replace(STATUS, refusals=(("HostNotAllowed", 2),))
    for height in range(6):
        lines = summed(now, width=30, height=height)
        assert len(lines) <= height
        assert all(len(line) <= 30 for line in lines)
    assert summed(now, height=3)[1] == "… and 2 more groups"


def test_groups_whose_callers_are_spread_are_named() -> None:
    (note,) = spread_callers(TABLE, STATUS)
    assert note.startswith("tickets speaks 2026-07-28, which has no sessions")
    assert "name spec.sessions.affinity" in note


def test_with_an_affinity_or_one_endpoint_or_older_servers_there_is_nothing_to_say() -> None:
    kept = SessionRules(affinity=Affinity(kind="Header", header="x-session-id"))
    group = TABLE.groups[0]
    by_header = Group(name=group.name, source="External", endpoints=group.endpoints, sessions=kept)
    assert spread_callers(RouteTable(gateway="g", groups=(by_header,)), STATUS) == []
    alone = replace(STATUS.groups[0], endpoints=STATUS.groups[0].endpoints[:1])
    assert spread_callers(TABLE, replace(STATUS, groups=(alone,))) == []
    older = tuple(replace(one, versions=("2025-11-25",)) for one in STATUS.groups[0].endpoints)
    legacy = replace(STATUS.groups[0], endpoints=older)
    assert spread_callers(TABLE, replace(STATUS, groups=(legacy,))) == []
