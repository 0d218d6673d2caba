"""A namespace that was deleted and came back is the new one, whatever was told of the former."""

import asyncio
from typing import Any

import kopf
import pytest

from fakes.kubectl import kubectl, namespace
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.handlers import operator_settings, register_handlers
from moorage_operator.running.links import Links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.world import World

pytestmark = pytest.mark.cluster

TOLD_SECONDS = 30.0


async def test_a_namespace_that_came_back_is_not_terminating() -> None:
    with namespace("w-again", life="first") as name:
        links, worlds = Links(), list[World]()
        children = ChildWriter(ClusterClient.__new__(ClusterClient), lambda: 0.0)
        noticed = Noticed(links, children, lambda key: None)
        # It only watches: what is enqueued is looked after by nobody.
        registry = register_handlers(links, noticed, clusterwide=True)

        @kopf.on.startup(registry=registry, id="begin")
        async def begin(**kwargs: Any) -> None:
            worlds.append(World(kwargs, links))

        ending = asyncio.Event()
        watching = asyncio.create_task(
            kopf.operator(
                registry=registry,
                settings=operator_settings(),
                standalone=True,
                clusterwide=True,
                stop_flag=ending,
            )
        )
        try:
            await _until(lambda: worlds and worlds[0].namespace(name).labels.get("life") == "first")
            former = worlds[0].namespace(name).uid
            await asyncio.to_thread(kubectl, "delete", "namespace", name)
            await _until(lambda: worlds[0].known_namespace(name) is None)
            await asyncio.to_thread(kubectl, "create", "namespace", name)
            await _until(lambda: worlds[0].known_namespace(name) is not None)
            again = worlds[0].namespace(name)
            assert again.uid != former
            assert not again.terminating
        finally:
            ending.set()
            await watching


async def _until(holds: Any) -> None:
    async with asyncio.timeout(TOLD_SECONDS):
        while not holds():  # noqa: ASYNC110 -- kopf tells nobody when it has indexed
            await asyncio.sleep(0.05)
