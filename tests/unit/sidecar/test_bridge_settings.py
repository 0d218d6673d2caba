"""What a bridge is told: by its command line, its environment, its server's definition."""

import json
import logging

import pytest

from moorage_sidecar import StdioServer
from moorage_sidecar.__main__ import Settings, read_settings
from moorage_sidecar.json_log import JsonFormatter
from moorage_sidecar.processes.environment import child_environment


def test_a_child_sees_the_few_and_the_configured_variables() -> None:
    parent = {
        "HOME": "/root",
        "PATH": "/bin",
        "LC_ALL": "C",
        "LANG": "C",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SHELL": "() { evil; }",
    }

    seen = child_environment(parent, {"TOKEN": "x", "PATH": "/opt/bin"})

    assert seen == {
        "HOME": "/root",
        "PATH": "/opt/bin",
        "LC_ALL": "C",
        "LANG": "C",
        "TOKEN": "x",
    }


@pytest.mark.parametrize("command", [(), ("",)])
def test_a_server_needs_a_command(command: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="needs a command"):
        StdioServer(command)


def test_the_command_line_is_read() -> None:
    settings = read_settings(
        ["--listen", "[::1]:8081", "--name", "notes", "--", "notes-mcp", "--verbose"]
    )
    assert settings == Settings("notes", "::1", 8081, 10.0, ("notes-mcp", "--verbose"))


@pytest.mark.parametrize("listen", ["8081", "host:", ":1", "host:99999", "host:x"])
def test_a_wrong_address_is_refused_with_an_example(
    listen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_settings(["--listen", listen, "--name", "n", "--", "x"])
    assert "for example 127.0.0.1:8081" in capsys.readouterr().err


def test_a_log_record_is_one_json_object() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 1, "it %s", ("went",), None)
    record.facts = {"session": "abc", "line": 'say "x"\n'}

    written = JsonFormatter().format(record)

    assert "\n" not in written
    assert {"event": "it went", "session": "abc", "level": "info"}.items() <= json.loads(
        written
    ).items()
