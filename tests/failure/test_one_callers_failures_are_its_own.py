"""What one caller gets as an unfit or late answer takes the endpoint from nobody else."""

from fakes.honest_endpoint import honest_upstreams, never_answer
from fakes.honest_session import session
from fakes.in_process_gateway import gateway, table_of, urls_of
from fakes.raw_http import call
from fakes.scripted_upstream import Peer, Received


async def wrong_id(request: Received, peer: Peer) -> None:
    await peer.json({"jsonrpc": "2.0", "id": 999, "result": {}})


async def test_unfit_and_late_answers_leave_the_endpoint_to_others() -> None:
    async with (
        honest_upstreams(on={"wrong": wrong_id, "never": never_answer}) as upstreams,
        gateway(table_of(urls_of(upstreams), answer_seconds=1)) as made,
        session(made.port) as unlucky,
    ):
        for number in range(4):
            assert (await unlucky.ask(call(number, "wrong"))).status == 502
        assert (await unlucky.ask(call(5, "never"))).status == 504
        async with session(made.port) as other:
            assert (await other.ask(call(1))).status == 200
