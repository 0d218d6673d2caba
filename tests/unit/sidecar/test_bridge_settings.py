"""What a bridge is told: by its command line, its environment, its server's definition."""

import json
import logging

import pytest

from moorage_sidecar import LaunchedServer, StdioServer
from moorage_sidecar.json_log import JsonFormatter
from moorage_sidecar.processes.environment import child_environment
from moorage_sidecar.settings import Address, read_settings


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
    assert settings.listen == Address("::1", 8081)
    assert settings.server == StdioServer(("notes-mcp", "--verbose"))
    assert (settings.name, settings.health, settings.key_file) == ("notes", None, None)


def test_a_pods_options_become_limits() -> None:
    addresses = ["--listen", "0.0.0.0:8081", "--health", "0.0.0.0:9091"]
    files = ["--socket", "/run/s", "--key-file", "/k"]
    seconds = ["--idle-seconds", "60", "--answer-seconds", "30", "--drain-seconds", "20"]
    named = ["--name", "agents/notes", "--max-sessions", "20"]
    settings = read_settings([*named, *addresses, *files, *seconds])

    assert settings.server == LaunchedServer("agents/notes", "/run/s")
    assert (settings.health, settings.key_file) == (Address("0.0.0.0", 9091), "/k")
    limits = settings.limits
    assert (limits.max_sessions, limits.max_principals) == (28, 28)
    assert (limits.idle_seconds, limits.answer_seconds, settings.drain_seconds) == (60, 30, 20)


@pytest.mark.parametrize("end", [[], ["--socket", "/run/s", "--", "notes-mcp"]])
def test_a_server_is_either_started_or_launched(
    end: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_settings(["--listen", "127.0.0.1:0", "--name", "n", *end])
    assert "either --socket PATH or a command" in capsys.readouterr().err


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
