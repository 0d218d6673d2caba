"""Children as a plan wants them: applied where they do not stand so, deleted where unwanted."""

from collections.abc import Iterable, Mapping
from typing import Any

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ApiRefusal, ObjectConflict
from moorage_operator.cluster.objects import apply_object, delete_object, read_object
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.planning.ownership import child_key
from moorage_operator.planning.snapshot import ChildKey, ObservedChild
from moorage_operator.running.extracts import ChildExtract, child_extract
from moorage_operator.running.left_children import LeftChildren, Manifest
from moorage_operator.running.refused_children import RefusedChild, must_be_told
from moorage_operator.running.world import World


class ChildWriter:
    """Writes children of all resources; knows what it left where."""

    def __init__(self, client: ClusterClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.left = LeftChildren()

    def stands_as_left(self, seen: ChildExtract) -> bool:
        """Whether an event tells only what this process wrote itself."""
        left = self.left.get(seen.key)
        return left is not None and left.uid == seen.uid and left.digest == seen.digest

    def forget_unseen(self, world: World) -> None:
        """Forget children that are not there, of resources that may be gone as well."""
        self.left.forget_unseen(lambda key: world.child(key) is not None, self._clock())

    async def strangers_at(
        self, manifests: Iterable[Manifest], known: Mapping[ChildKey, ObservedChild]
    ) -> dict[ChildKey, ObservedChild]:
        """Objects at the places of children that are to be made, which no watch tells of.

        A forced apply would take over a user's object of that name, so every place is looked at
        before the first write to it. One that comes after this look is not written to either:
        the write conflicts, and the next look finds it.
        """
        found = {}
        for manifest in manifests:
            key = child_key(manifest)
            if key in known or self.left.get(key) is not None:
                continue
            if (document := await read_object(self._client, key)) is not None:
                extract = child_extract(key.kind, document)
                found[key] = ObservedChild(key, extract.owner_uid, extract.uid)
        return found

    async def apply(
        self,
        manifests: Iterable[Manifest],
        known: Mapping[ChildKey, ObservedChild],
        world: World,
        written: list[str],
    ) -> list[RefusedChild]:
        """Apply what does not stand so already, in order; a refused child holds up no other.

        ``known`` is what was there when this was planned; where it has nothing, children are
        created and nothing is written over. Raises ``ObjectConflict`` if that is not so any more.
        What was applied is added to ``written``.
        """
        refused = []
        for manifest in manifests:
            key = child_key(manifest)
            if self.left.must_apply(key, manifest, world.child(key), self._clock()):
                uid = self._standing_uid(key, known, world)
                try:
                    answer = await apply_object(self._client, manifest, uid)
                except ObjectConflict:
                    await self._not_as_known(key, uid, world)
                    raise
                except ApiRefusal as error:
                    if not must_be_told(error):
                        raise
                    refused.append(RefusedChild(key, error))
                else:
                    written.append(key.kind)
                    self.left.put(manifest, child_extract(key.kind, answer), self._clock())
        return refused

    async def delete(
        self, unwanted: Iterable[ChildKey], owner_uid: str, world: World, written: list[str]
    ) -> None:
        """Delete children of this owner, each exactly as it was seen; told in ``written``.

        Raises ``ObjectConflict`` if another object stands where one of them was seen.
        """
        for key in unwanted:
            uid = await self._uid(key, owner_uid, world)
            if uid is not None:
                try:
                    await delete_object(self._client, key, uid)
                except ObjectConflict:
                    await self._not_as_known(key, uid, world)
                    raise
                written.append(f"{key.kind} deleted")
            self.left.forget(key)

    async def _not_as_known(self, key: ChildKey, uid: str | None, world: World) -> None:
        """Believe no more in a child that is gone unseen: else every look would end like this."""
        self.left.forget(key)
        if uid is None:
            return
        document = await read_object(self._client, key)
        if document is None or document["metadata"]["uid"] != uid:
            world.take_for_gone(uid)

    def _standing_uid(
        self, key: ChildKey, known: Mapping[ChildKey, ObservedChild], world: World
    ) -> str | None:
        left, seen = self.left.get(key), world.child(key)
        if left is not None and (seen is None or seen.version < left.version):
            return left.uid
        return known[key].uid if key in known else None

    async def _uid(self, key: ChildKey, owner_uid: str, world: World) -> str | None:
        seen = world.child(key)
        if seen is None:
            document: dict[str, Any] | None = await read_object(self._client, key)
            seen = None if document is None else child_extract(key.kind, document)
        if seen is None or seen.deleting or seen.owner_uid != owner_uid:
            return None
        return seen.uid
