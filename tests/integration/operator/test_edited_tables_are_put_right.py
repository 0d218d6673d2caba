"""Somebody writes into a gateway's ConfigMap: neither the operator nor the table suffers."""

import base64
import gzip
import json
from secrets import token_hex
from typing import Any

import pytest

from fakes.kubectl import kubectl, read
from integration.operator import small_table_operator
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, condition, gateway
from integration.operator.running_operator import wait_until

pytestmark = pytest.mark.cluster

REPAIR_SECONDS = 2.0
EDITS = {
    "no UTF-8": b'{"gateway":"\xff"}',
    "deep": b'{"gateway":"a/b","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "long": b'{"gateway":"a/b","hostnames":[' + b",".join([b'"abcdefgh"'] * 2_900_000) + b"]}",
}


@pytest.mark.parametrize("is_kept", [False, True], ids=["newest table", "kept table"])
def test_an_edited_table_is_put_right(is_kept: bool, home: str, new_operator: NewOperator) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead((small_table_operator.__file__,))
    wait_until(lambda: _table(home), 10, operator.log)
    if is_kept:
        # Names that hardly compress: the table does not fit, and the one before stays.
        apply(gateway(home, "agents", *(f"g{token_hex(16)}" for _ in range(200))))
        wait_until(lambda: _accepted(home) == "TableTooLarge", 10, operator.log)
    good = _table(home)

    for plain in EDITS.values():
        _edit(home, plain)
        wait_until(lambda: _table(home) == good, REPAIR_SECONDS, operator.log)


def _accepted(home: str) -> object:
    return condition("mcpgateway", home, "agents", "Accepted")["reason"]


def _edit(home: str, plain: bytes) -> None:
    packed = base64.b64encode(gzip.compress(plain)).decode()
    patch = json.dumps({"binaryData": {"table": packed}})
    kubectl("patch", "configmap", "agents-gateway", "-n", home, "--type=merge", "-p", patch)


def _table(home: str) -> Any:
    for each in read("configmap", "-n", home)["items"]:
        if each["metadata"]["name"] == "agents-gateway":
            return each["binaryData"]["table"]
    return None
