"""examples/local works as it is, and shows that sessions keep their place."""

from pathlib import Path

from mcp import Client

from fakes.moorage_command import text_of, up

EXAMPLE = Path(__file__).parents[3] / "examples" / "local"


async def test_sessions_keep_their_notes_and_tickets_apart() -> None:
    async with up(EXAMPLE) as running:
        mine, yours = running.client("/notes/mcp"), running.client("/notes/mcp")
        async with mine, yours:
            assert await note(mine, "one") == "note 1 is written"
            assert await note(yours, "uno") == "note 1 is written"
            assert await note(mine, "two") == "note 2 is written"
            assert (await mine.call_tool("read_notes")).structured_content == {
                "result": ["one", "two"]
            }
        async with running.client("/tickets/mcp") as desk:
            assert text_of(await desk.call_tool("open_ticket", {"title": "leak"})) == "1"
            assert text_of(await desk.call_tool("open_ticket", {"title": "noise"})) == "2"
            closed = await desk.call_tool("close_ticket", {"number": 1})
            assert text_of(closed) == "closed: leak"
            again = await desk.call_tool("close_ticket", {"number": 1})
            assert again.is_error and "see list_tickets" in text_of(again)


async def test_clients_of_the_newest_version_are_served_too() -> None:
    async with (
        up(EXAMPLE) as running,
        Client(f"{running.base_url}/notes/mcp", mode="auto") as client,
    ):
        assert await note(client, "one") == "note 1 is written"


async def note(client: Client, text: str) -> str:
    return text_of(await client.call_tool("add_note", {"text": text}))
