"""``moorage check`` tells every finding and ends with 1, or says that nothing is wrong."""

import json
from pathlib import Path

import pytest

from fakes.cr_documents import gateway_document, group_document
from fakes.cr_files import write
from fakes.moorage_command import finished

EXAMPLES = Path(__file__).parents[3] / "examples" / "local"


async def test_good_files() -> None:
    checked = await finished("check", EXAMPLES)
    assert checked.status == 0
    assert checked.stdout == "1 gateway and 2 groups from 2 files: nothing is wrong\n"


async def test_broken_files(tmp_path: Path) -> None:
    file = write(tmp_path / "broken.yaml", gateway_document(replicas=0), group_document("ticket"))
    checked = await finished("check", file)
    assert checked.status == 1
    assert checked.stdout.splitlines() == [
        f"{file}:1: spec.replicas: 0 is not in 1 to 100; use 1 to 100"
    ]


async def test_references_between_files(tmp_path: Path) -> None:
    gateway = write(tmp_path / "a.yaml", gateway_document())
    write(tmp_path / "b.yaml", group_document("ticket"))
    checked = await finished("check", tmp_path)
    assert checked.status == 1
    assert checked.stdout == (
        f'{gateway}:1: spec.routes[0].upstream.name: no McpUpstreamGroup "tickets" '
        'in these files; did you mean "ticket"?\n'
    )


async def test_stdin() -> None:
    text = "\n---\n".join(map(json.dumps, (gateway_document(), group_document())))
    assert (await finished("check", "-", stdin=text)).status == 0
    checked = await finished("check", "-", stdin="a: b: c")
    assert (checked.status, checked.stdout.startswith("<stdin>:1: is not YAML")) == (1, True)


@pytest.mark.parametrize("command", ["check", "up"])
@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n---\nnull\n"])
async def test_files_without_a_document_are_told(tmp_path: Path, command: str, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    ended = await finished(command, file)
    assert (ended.status, ended.stdout + ended.stderr) == (
        1,
        f"{file}: there is nothing in it; write an McpGateway and its McpUpstreamGroups in it, "
        "or name the file that has them\n",
    )


async def test_a_file_without_a_document_beside_others_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", gateway_document(), group_document())
    (tmp_path / "b.yaml").write_text("# later\n")
    checked = await finished("check", tmp_path)
    assert (checked.status, checked.stderr) == (
        0,
        f"warning: {tmp_path}/b.yaml: there is nothing in it\n",
    )


async def test_warnings_do_not_fail(tmp_path: Path) -> None:
    documents = (gateway_document(), group_document(), group_document("idle"))
    checked = await finished("check", write(tmp_path / "a.yaml", *documents))
    assert checked.status == 0
    assert "warning:" in checked.stderr and "no route leads to" in checked.stderr


async def test_protection_that_is_not_there_yet_is_refused(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.yaml",
        gateway_document(limits=[{"per": "Route", "tokensPerSecond": 1, "burstTokens": 1}]),
        group_document(),
    )
    for command in ("check", "up"):
        ended = await finished(command, file)
        assert ended.status == 1
        assert (
            f"{file}:1: spec.limits: this version does not enforce it (nobody would be limited); "
            "remove the field\n"
        ) in (ended.stdout, ended.stderr)


async def test_usage_ends_with_2() -> None:
    assert (await finished("check")).status == 2
    assert (await finished("up", "a", "--listen", "nowhere")).status == 2


async def test_a_program_that_is_not_there_is_warned_of(tmp_path: Path) -> None:
    group = group_document(source={"stdio": {"command": ["pyhton", "x.py"]}})
    checked = await finished("check", write(tmp_path / "a.yaml", gateway_document(), group))
    assert (checked.status, "nothing is wrong" in checked.stdout) == (0, True)
    assert checked.stderr == (
        'warning: tickets: the program "pyhton" is not found from here; '
        "correct spec.source.stdio.command, or install it\n"
    )
