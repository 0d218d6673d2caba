"""A group whose document is refused gives its key to whom it was given, not to who says so."""

import base64
import json
from typing import Any

import msgspec

from fakes.cr_documents import route
from fakes.planned_gateway import GROUPS, PlannedGateway, Secrets, table_of
from moorage_operator.api.metadata import ResourceName
from moorage_operator.rendering.owner import Owner

FOREIGN = ResourceName("vault", "ledger")
OWNER = Owner.group("vault", "ledger", "ledger")
REFUSED = {"failover": {"group": "notes"}}
FOR_ALL = {"allowedGateways": {"namespaces": {"from": "All"}}}


def _gateway(client: Secrets, group: dict[str, Any]) -> PlannedGateway:
    """Names the foreign group too."""
    gateway = PlannedGateway(client)
    gateway.add_group(FOREIGN, group)
    foreign = {**route("/ledger", "ledger"), "upstream": {"name": "ledger", "namespace": "vault"}}
    gateway.rewrite({"routes": [*(route(f"/{name}", name) for name in GROUPS), foreign]})
    return gateway


def _given(client: Secrets) -> Any:
    annotations = client.held["ledger-upstream"]["metadata"]["annotations"]
    return json.loads(annotations["moorage.dev/group-keys"])["given"]


def _keys(client: Secrets) -> dict[str, str]:
    held = client.held["agents-gateway"]["data"]["groups"]
    keys: dict[str, str] = json.loads(base64.b64decode(held))
    return keys


async def test_a_table_that_its_owner_made_up_gives_no_key_of_a_refused_foreign_group() -> None:
    client = Secrets()
    gateway = _gateway(client, REFUSED)
    await gateway.keys.group_key_for(OWNER, "vault")
    table = table_of((await gateway.plan())[0])
    notes = next(each for each in table.groups if each.name == "notes")
    made_up = msgspec.structs.replace(notes, name=str(FOREIGN))
    gateway.edit_table(msgspec.structs.replace(table, groups=(notes, made_up)))

    table = table_of((await gateway.plan())[0])
    served = {each.name for each in table.groups if not each.unresolved}
    assert str(FOREIGN) in served, "the table was not believed, so nothing was tried"
    assert (set(_keys(client)), _given(client)) == ({"desk/notes", "desk/tickets"}, [])


async def test_a_namespace_that_was_given_the_key_keeps_it_though_the_group_is_refused() -> None:
    client = Secrets()
    gateway = _gateway(client, FOR_ALL)
    await gateway.bring()
    before = _keys(client)
    gateway.rewrite_group("ledger", REFUSED, "vault")
    await gateway.bring()
    assert (_keys(client), _given(client)) == (before, ["desk"])
    assert str(FOREIGN) in before
