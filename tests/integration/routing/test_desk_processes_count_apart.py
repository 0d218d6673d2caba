"""Processes with one key file and no operator know nothing of each other; a refusal says so."""

from pathlib import Path

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import urls_of
from fakes.reporting_gateway import ACCEPT, INITIALIZE, all_ready, replica, reporting_table

PER_POD = 2


async def test_a_session_that_ended_elsewhere_is_counted_until_its_end_is_sent_here_too(
    tmp_path: Path,
) -> None:
    async with honest_upstreams() as upstreams:
        table = reporting_table(urls_of(upstreams), None, per_pod=PER_POD)
        async with (
            replica(table, "", tmp_path, "one") as one,
            replica(table, "", tmp_path, "two") as two,
        ):
            await all_ready(one, two)
            ended = [(await one.initialize())[1] for _ in range(PER_POD)]
            assert [await two.delete(session) for session in ended] == [200] * PER_POD
            async with one.http.post(one.url, json=INITIALIZE, headers=ACCEPT) as answer:
                assert answer.status == 503
                assert "until its DELETE is sent here too" in await answer.text()
            assert [await one.delete(session) for session in ended] == [404] * PER_POD
            assert (await one.initialize())[0] == 200
