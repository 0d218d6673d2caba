"""A gateway whose process has no file descriptor left: ``starved_gateway.py LOOP``.

It prints one line of JSON: what callers were told meanwhile, what became of the endpoint, and
what came once there were descriptors again. A process of its own, because the limit is.
"""

import asyncio
import json
import os
import resource
import sys

import uvloop

from fakes.honest_endpoint import honest_upstreams, never_answer
from fakes.honest_session import session
from fakes.in_process_gateway import gateway, table_of, until, urls_of
from fakes.raw_http import call, connected
from moorage_gateway.routing import verification

CALLS = 5
"""More than the failures in a row that take an endpoint down."""


def starve() -> tuple[int, int]:
    """Let no further descriptor be opened; gives the limits of before."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    return before


async def main() -> None:
    verification.ROUND_SECONDS = verification.SUSPICIOUS_SECONDS = 0.05
    async with (
        honest_upstreams(on={"hangs": never_answer}) as (endpoint,),
        gateway(table_of(urls_of([endpoint]))) as made,
        session(made.port) as caller,
        connected(made.port) as other,
    ):
        (booked,) = made._parts.runtime.book.groups["servers"].endpoints.values()
        await caller.client.send(caller.post(call("x", "hangs")))  # on the one open connection
        await until(lambda: endpoint.server.of("tools/call"), "it runs")
        before = starve()
        told = []
        for number in range(CALLS):
            await other.send(caller.post(call(number)))
            answer = await other.answer()
            told.append([answer.status, answer.reason, answer.header("retry-after")])
        await asyncio.sleep(0.5)  # some rounds in which it is due for a ping
        health = booked.health
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        await other.send(caller.post(call("after")))
        after = (await other.answer()).status
    seen = {"told": told, "state": health.state.value, "failures": health.failures, "after": after}
    print(json.dumps(seen))


if __name__ == "__main__":
    {"asyncio": asyncio.run, "uvloop": uvloop.run}[sys.argv[1]](main())
