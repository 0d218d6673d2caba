"""Each line of the operator's log is one JSON object, whoever logs and whatever happens."""

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from moorage_operator.api.metadata import ResourceName
from moorage_operator.running.json_log import (
    MAX_MESSAGE_CHARACTERS,
    MAX_TRACEBACK_CHARACTERS,
    JsonLines,
)
from moorage_operator.running.resource_key import gateway_key

NOWHERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "nowhere",
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
    "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "nobody", "user": {"token": "none"}}],
}


def _line(message: str, *args: object, error: BaseException | None = None, **extra: Any) -> Any:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("some.where", logging.WARNING, "", 1, message, args, info)
    vars(record).update(extra)
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_tells_when_how_bad_where_and_what() -> None:
    line = _line("%s is\nodd", "this")
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {"level": "WARNING", "logger": "some.where", "message": "this is\nodd"}


def test_our_records_and_kopfs_name_their_object() -> None:
    ours = _line("%s: %s", gateway_key(ResourceName("home", "agents")), "no")
    kopfs = _line("no", k8s_ref={"kind": "McpGateway", "namespace": "home", "name": "agents"})
    for line in (ours, kopfs):
        assert (line["kind"], line["namespace"], line["name"]) == ("McpGateway", "home", "agents")
    assert "namespace" not in _line("no", k8s_ref={"kind": "Namespace", "name": "home"})


def test_message_and_traceback_are_bounded() -> None:
    assert len(_line("x" * 100_000)["message"]) == MAX_MESSAGE_CHARACTERS
    told = _line("no", error=ValueError("x" * 100_000 + "the end"))["traceback"]
    assert len(told) == MAX_TRACEBACK_CHARACTERS
    assert told.endswith("the end")


def test_the_head_of_a_request_is_not_quoted() -> None:
    line = _line("Error handling request", error=BadHttpMessage("Authorization: Bearer secret"))
    assert line["traceback"] == "BadHttpMessage"


def test_a_slip_in_a_log_call_loses_no_line() -> None:
    assert _line("%s %s", "one")["message"] == "%s %s"


def test_the_running_process_writes_nothing_else(tmp_path: Path) -> None:
    settings = {"gatewayImage": "none", "watchNamespaces": ["home"], "metricsPort": 0}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(NOWHERE))
    process = _start(tmp_path, settings, kubeconfig)
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    assert "the Lease cannot be read" in first["message"]
    process.send_signal(signal.SIGTERM)
    _lines(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("settings", "code", "told"), [({}, 2, "gatewayImage"), ({"gatewayImage": "none"}, 1, "failed")]
)
def test_a_process_that_cannot_start_says_so_likewise(
    tmp_path: Path, settings: dict[str, object], code: int, told: str
) -> None:
    process = _start(tmp_path, settings, tmp_path / "absent")
    line = _lines(process)[-1]
    assert process.returncode == code
    assert line["level"] == "CRITICAL"
    assert told in line["message"]
    assert ("traceback" in line) == (code == 1)


def _start(folder: Path, settings: dict[str, object], kubeconfig: Path) -> subprocess.Popen[str]:
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    return subprocess.Popen(
        [sys.executable, "-m", "moorage_operator", "--settings", str(path)],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": "home"},
        stderr=subprocess.PIPE,
        text=True,
    )


def _lines(process: subprocess.Popen[str]) -> list[dict[str, str]]:
    _, said = process.communicate(timeout=50)
    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    return lines
