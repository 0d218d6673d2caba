"""The age of the watches tells also of one that the API server never let us begin."""

import asyncio

from fakes.in_process_gateway import until
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from moorage_gateway.watching.api_server import ApiServer
from moorage_gateway.watching.following import Following, GatewayObjects


def age_of(following: Following, kind: str, in_seconds: float) -> float:
    """What the metric says of this kind, so long from now if nothing is heard until then."""
    now = asyncio.get_running_loop().time()
    return {each.kind: each.age_seconds for each in following.totals(now + in_seconds)}[kind]


async def test_a_watch_that_is_forbidden_from_the_start_grows_old(
    api: FakeApi, server: ApiServer
) -> None:
    api.forbidden = pods.SLICES
    pods.publish(api, pods.packed(pods.table_of()))
    following = Following(server, GatewayObjects(pods.GATEWAY), {}, lambda: None, lambda: 0.0)
    following.start()
    try:
        await until(lambda: len(following.states(0.0)) == 2, "both kinds are followed")
        assert 120.0 <= age_of(following, "EndpointSlices", 120.0) < 130.0
        api.forbidden = ""
        await until(lambda: following.states(0.0)[1].age_seconds is not None, "it is heard")
        assert age_of(following, "EndpointSlices", 0.0) < 5.0
    finally:
        await following.stop()
