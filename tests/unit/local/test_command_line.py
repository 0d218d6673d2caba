"""Arguments are understood or refused with an example."""

from pathlib import Path

import pytest

from moorage_local.addresses import Address
from moorage_local.command_line import CheckCommand, UpCommand, parse_command


def test_the_smallest_commands() -> None:
    assert parse_command(["check", "a.yaml", "-"]) == CheckCommand(("a.yaml", "-"))
    assert parse_command(["up", "a"]) == UpCommand(
        files=("a",),
        listen=None,
        admin=Address("127.0.0.1", 9090),
        upstreams={},
        key_file=None,
    )


def test_every_option() -> None:
    command = parse_command(
        [
            "up",
            "a",
            "b",
            "--listen",
            "[::1]:0",
            "--admin",
            "localhost:1",
            "--key-file",
            "k",
            "--upstream",
            "t=http://a/mcp",
            "--upstream",
            "n=http://b",
            "--upstream=t=http://c?x=y",
        ]
    )
    assert command == UpCommand(
        files=("a", "b"),
        listen=Address("::1", 0),
        admin=Address("localhost", 1),
        upstreams={"t": ("http://a/mcp", "http://c?x=y"), "n": ("http://b",)},
        key_file=Path("k"),
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "COMMAND"),
        (["serve"], "invalid choice"),
        (["up"], "FILE"),
        (["check"], "FILE"),
        (["check", "a", "--listen", "a:1"], "unrecognized arguments"),
        (["up", "a", "--listen", "8080"], "write it like 127.0.0.1:8080"),
        (["up", "a", "--listen", ":8080"], "write it like"),
        (["up", "a", "--listen", "::1:8080"], "[::1]:8080"),
        (["up", "a", "--listen", "a:99999"], "write it like"),
        (["up", "a", "--listen", "a:-1"], "write it like"),
        (["up", "a", "--upstream", "tickets"], "tickets=http://127.0.0.1:9000/mcp"),
        (["up", "a", "--upstream", "tickets=a:9000"], "not an absolute http or https URL"),
        (["up", "a", "--upstream", "tickets=http://u:p@a"], "remove everything before the @"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_command(arguments)
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_command(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("moorage 0.")


@pytest.mark.parametrize(
    ("address", "url", "loopback"),
    [
        (Address("127.0.0.1", 0), "http://127.0.0.1:81", True),
        (Address("::1", 0), "http://[::1]:81", True),
        (Address("localhost", 0), "http://localhost:81", True),
        (Address("0.0.0.0", 0), "http://127.0.0.1:81", False),
        (Address("::", 0), "http://127.0.0.1:81", False),
        (Address("10.0.0.7", 0), "http://10.0.0.7:81", False),
    ],
)
def test_urls_for_people_work_on_this_machine(address: Address, url: str, loopback: bool) -> None:
    assert address.url_for_people(81) == url
    assert address.is_loopback is loopback
