"""The Secrets with keys: that they are there, that rings rotate, that gateways have group keys."""

import base64
import json
import logging
import math
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from moorage_contract.key_ids import KEY_BYTES, keys_digest
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.key_secrets import create_secret, update_secret
from moorage_operator.cluster.secret_reader import SecretContent, read_secret
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.planning.group_keys import (
    GATEWAYS_LEARN_SECONDS,
    GroupKeys,
    group_keys_annotation,
    group_keys_text,
    next_group_keys,
    read_group_keys,
)
from moorage_operator.planning.key_rotation import (
    KeyRingState,
    KeyRingUnreadable,
    first_ring,
    next_ring,
    read_ring,
    ring_annotation,
    ring_text,
)
from moorage_operator.planning.snapshot import GatewaySnapshot
from moorage_operator.rendering.child_names import GROUP_KEYS_ANNOTATION, RING_ANNOTATION
from moorage_operator.rendering.key_secrets import render_gateway_secret, render_group_secret
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.stdio_groups import accepted_group

logger = logging.getLogger(__name__)

KEPT_SECONDS = 240.0
"""A deleted Secret is noticed at the next resync, which comes later than this."""
ROTATION_SECONDS_PER_DAY = 86_400
LONGEST_SESSION_SECONDS = 86_400
MAX_TOLD_GATEWAYS = 10
_GROUP_KEY = re.compile(r"[0-9a-f]{64}")


class KeyKeeper:
    """Reads and writes key Secrets of gateways and stdio groups.

    Keeps what it read for a while; bounded by the number of resources that exist.
    """

    def __init__(self, client: ClusterClient, clock: Clock, rotate_every_days: int) -> None:
        self._client = client
        self._clock = clock
        self._rotate_every_seconds = rotate_every_days * ROTATION_SECONDS_PER_DAY
        self._kept: dict[ResourceName, tuple[float, SecretContent]] = {}
        self._bare: dict[ResourceName, float] = {}
        """Places where there was no Secret, and until when that is believed."""
        self._since = int(time.time())
        """When this leader's term began, at the latest."""
        self._lagging: dict[ResourceName, frozenset[ResourceName]] = {}
        """The gateways that hold up an exchange, as far as that was told."""

    def forget(self, owner: Owner) -> None:
        """The owner is gone, or its Secret is no longer what was read."""
        self._kept.pop(_place(owner), None)
        self._bare.pop(_place(owner), None)

    def forget_all_but(self, there: Iterable[Owner]) -> None:
        """Only these exist."""
        places = set(map(_place, there))
        for place in (self._kept.keys() | self._bare.keys() | self._lagging.keys()) - places:
            self._kept.pop(place, None)
            self._bare.pop(place, None)
            self._lagging.pop(place, None)

    async def read(self, owner: Owner) -> SecretContent | None:
        """The Secret at the owner's place, whoever owns it.

        Only the owner's own is believed for a while: nothing tells of the end of another's.
        """
        place, now = _place(owner), self._clock()
        kept = self._kept.get(place)
        if kept is not None and now < kept[0] and kept[1].owner_uid == owner.uid:
            return kept[1]
        return self._keep(owner, await read_secret(self._client, place))

    async def left_over(self, owner: Owner) -> SecretContent | None:
        """The Secret of a group that needs none: it may have been a stdio group until now.

        Nothing else tells of it: its pods may never have been made, or be deleted already.
        """
        if self._clock() < self._bare.get(_place(owner), -math.inf):
            return None
        secret = await self.read(owner)
        if secret is None:
            self._bare[_place(owner)] = self._clock() + KEPT_SECONDS
        return secret

    async def group_key_for(self, owner: Owner, namespace: str) -> str | None:
        """The key of a stdio group for a gateway of that namespace, made if there is none.

        None where the place is taken. Who gets it is written down before: when that namespace may
        not serve the group any more, the key is exchanged.
        """
        secret, keys = await self._group_keys(owner)
        if keys is None or namespace in {owner.namespace, *keys.given}:
            return None if keys is None else keys.shown
        given = replace(keys, given=keys.given | {namespace})
        await self._write_group_keys(owner, given, secret)
        return given.shown

    async def given_group_key(self, owner: Owner, namespace: str) -> str | None:
        """The key of a stdio group, if that other namespace was given it and not parted with.

        The group's own Secret is the proof: a gateway's table may be made up by its owner.
        """
        secret = await self.read(owner)
        keys = None if secret is None else _group_keys_in(secret, owner)
        return None if keys is None or namespace not in keys.given else keys.shown

    async def keep_group_keys(
        self,
        owner: Owner,
        serving: Callable[[], frozenset[str]],
        lagging: Callable[[str], Awaitable[frozenset[ResourceName]]],
    ) -> GroupKeys | None:
        """The keys of a stdio group, made if there are none, and exchanged if that is due.

        None where the place is taken. ``serving`` tells the other namespaces that may serve it,
        ``lagging`` the gateways that may and were not given the key that is told to it.
        """
        lag = frozenset[ResourceName]()
        secret, keys = await self._group_keys(owner)
        if keys is not None and keys.awaits_gateways:
            lag = await lagging(keys.shown)
            self._tell_lagging(owner, keys, lag)
            secret, keys = await self._group_keys(owner)
        if keys is None:
            return None
        # Nothing is awaited from here on: a gateway that begins meanwhile would be parted with.
        then = next_group_keys(
            keys,
            serving(),
            int(time.time()),
            secrets.token_hex(32),
            gateways_lag=bool(lag),
            since=self._since,
        )
        if then != keys:
            logger.info("%s/%s: its key is being exchanged", owner.namespace, owner.name)
        if not _says_group_keys(secret, then):
            await self._write_group_keys(owner, then, secret)
        return then

    def _tell_lagging(self, owner: Owner, keys: GroupKeys, lag: frozenset[ResourceName]) -> None:
        """Once for the same ones, if it lasts."""
        place = _place(owner)
        if not lag:
            self._lagging.pop(place, None)
        elif time.time() >= keys.shown_at + GATEWAYS_LEARN_SECONDS:
            if self._lagging.get(place) != lag:
                logger.warning(
                    "%s/%s: the former key stays good: not given the new one yet are the gateways "
                    "%s; see their conditions, the exchange goes on by itself",
                    *(owner.namespace, owner.name),
                    ", ".join(sorted(map(str, lag))[:MAX_TOLD_GATEWAYS]),
                )
            self._lagging[place] = lag

    async def _group_keys(self, owner: Owner) -> tuple[SecretContent | None, GroupKeys | None]:
        """What the Secret holds, with the Secret: what follows from it is written to that only."""
        secret = await self.read(owner)
        if secret is None:
            manifest = _group_manifest(owner, GroupKeys((secrets.token_hex(32),)))
            secret = self._keep(owner, await create_secret(self._client, manifest))
            logger.info("%s/%s: made its first key", owner.namespace, owner.name)
        return secret, None if secret is None else _group_keys_in(secret, owner)

    async def _write_group_keys(
        self, owner: Owner, keys: GroupKeys, secret: SecretContent | None
    ) -> None:
        assert secret is not None
        self.forget(owner)
        updated = await update_secret(self._client, _group_manifest(owner, keys), secret)
        self._keep(owner, updated)

    async def keep_ring(
        self, owner: Owner, snapshot: GatewaySnapshot, group_keys: Mapping[ResourceName, str]
    ) -> str:
        """Make the gateway's ring if it never had one, rotate it if that is due.

        Returns what names the keys as they stand then; empty where there are none to be used.
        A ring that was there and is gone is not replaced: sessions out there need it, and gateway
        pods still have it in memory.
        """
        secret = await self.read(owner)
        if secret is None:
            if snapshot.deployment is None:
                secret = await self._make_ring(owner, group_keys)
        elif secret.owner_uid == owner.uid and not ring_problem_in(secret, owner):
            secret = await self._update(owner, secret, snapshot, group_keys)
        return keys_in(secret, owner)

    async def _make_ring(
        self, owner: Owner, group_keys: Mapping[ResourceName, str]
    ) -> SecretContent | None:
        ring = first_ring(secrets.token_bytes(KEY_BYTES), int(time.time()))
        manifest = _manifest(owner, ring, group_keys)
        secret = self._keep(owner, await create_secret(self._client, manifest))
        logger.info("%s/%s: made its first key ring", owner.namespace, owner.name)
        return secret

    async def _update(
        self,
        owner: Owner,
        secret: SecretContent,
        snapshot: GatewaySnapshot,
        group_keys: Mapping[ResourceName, str],
    ) -> SecretContent | None:
        now = int(time.time())
        ring = self._next_ring(_ring_in(secret, now), snapshot, now)
        manifest = _manifest(owner, ring, group_keys)
        if _says(secret, ring, manifest):
            return secret
        self.forget(owner)
        updated = self._keep(owner, await update_secret(self._client, manifest, secret))
        logger.info("%s/%s: wrote its key ring and group keys", owner.namespace, owner.name)
        return updated

    def _next_ring(self, ring: KeyRingState, snapshot: GatewaySnapshot, now: int) -> KeyRingState:
        deployment = snapshot.deployment
        return next_ring(
            ring,
            [report.key_ids for report in snapshot.reports],
            0 if deployment is None else deployment.replicas,
            now,
            self._rotate_every_seconds,
            longest_session_seconds(snapshot),
            secrets.token_bytes(KEY_BYTES),
        )

    def _keep(self, owner: Owner, secret: SecretContent | None) -> SecretContent | None:
        if secret is None:
            self.forget(owner)
        else:
            self._kept[_place(owner)] = (self._clock() + KEPT_SECONDS, secret)
            self._bare.pop(_place(owner), None)
        return secret


def ring_problem_in(secret: SecretContent | None, owner: Owner) -> str:
    """Why the ring in a gateway's own Secret cannot be read; empty if it can, or is not there."""
    if secret is None or secret.owner_uid != owner.uid:
        return ""
    try:
        _ring_in(secret, 0)
    except KeyRingUnreadable as error:
        return str(error)
    return ""


def keys_in(secret: SecretContent | None, owner: Owner) -> str:
    """What names the keys in a gateway's own Secret; empty if there are none to be used."""
    if secret is None or secret.owner_uid != owner.uid or ring_problem_in(secret, owner):
        return ""
    return keys_digest(secret.data.get("ring", b""), secret.data.get("groups", b""))


def _group_keys_in(secret: SecretContent, owner: Owner) -> GroupKeys | None:
    """The keys in a stdio group's own Secret, if they are such."""
    if secret.owner_uid != owner.uid:
        return None
    text = secret.data.get("key", b"").decode("ascii", "replace")
    annotation = secret.annotations.get(GROUP_KEYS_ANNOTATION)
    return read_group_keys(text, annotation, int(time.time()))


def earlier_group_keys(secret: SecretContent | None, owner: Owner) -> dict[ResourceName, str]:
    """The keys of groups in a gateway's own Secret, as far as they can be read."""
    if secret is None or secret.owner_uid != owner.uid:
        return {}
    try:
        keys = json.loads(secret.data.get("groups", b""))
    except ValueError:
        return {}
    return {
        ResourceName(namespace, name): key
        for place, key in (keys.items() if isinstance(keys, dict) else ())
        for namespace, _, name in [place.partition("/")]
        if isinstance(key, str) and _GROUP_KEY.fullmatch(key)
    }


def longest_session_seconds(snapshot: GatewaySnapshot) -> int:
    """The longest that a session of any of the gateway's groups may live.

    What the published table says counts too: it goes on where a document is refused.
    """
    published = () if snapshot.published is None else snapshot.published.groups
    accepted = [
        group for group in map(accepted_group, snapshot.groups.values()) if group is not None
    ]
    spans = [group.spec.sessions.max_seconds for group in accepted]
    spans += [group.sessions.max_seconds for group in published if not group.unresolved]
    return max(spans, default=LONGEST_SESSION_SECONDS)


def _place(owner: Owner) -> ResourceName:
    return ResourceName(owner.namespace, owner.child_name)


def _ring_in(secret: SecretContent, now: int) -> KeyRingState:
    text = secret.data.get("ring", b"").decode("ascii", "replace")
    return read_ring(text, secret.annotations.get(RING_ANNOTATION), now)


def _manifest(
    owner: Owner, ring: KeyRingState, group_keys: Mapping[ResourceName, str]
) -> Mapping[str, object]:
    return render_gateway_secret(owner, ring_text(ring), ring_annotation(ring), group_keys)


def _group_manifest(owner: Owner, keys: GroupKeys) -> Mapping[str, object]:
    return render_group_secret(owner, group_keys_text(keys), group_keys_annotation(keys))


def _says_group_keys(secret: SecretContent | None, keys: GroupKeys) -> bool:
    """Whether the Secret holds these already, in the form in which they are written."""
    if secret is None:
        return False
    annotation = secret.annotations.get(GROUP_KEYS_ANNOTATION)
    text = secret.data.get("key")
    return (text, annotation) == (group_keys_text(keys).encode(), group_keys_annotation(keys))


def _says(secret: SecretContent, ring: KeyRingState, manifest: Mapping[str, object]) -> bool:
    """Whether the Secret holds this ring and these group keys already."""
    rendered = _rendered(manifest)
    same_data = all(secret.data.get(name) == value for name, value in rendered.items())
    return same_data and secret.annotations.get(RING_ANNOTATION) == ring_annotation(ring)


def _rendered(manifest: Mapping[str, object]) -> dict[str, bytes]:
    data = manifest["data"]
    assert isinstance(data, Mapping)
    return {str(name): base64.b64decode(text) for name, text in data.items()}
