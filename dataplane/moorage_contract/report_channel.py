"""The report channel: what gateway pods tell the operator's leader, and what it answers.

One WebSocket per gateway pod; each text frame is one JSON object. Up go ``DemandReport``s: the
first one of a connection whole, then what changed. Down comes a ``Guidance`` for each of them.
Unknown members are ignored, so that either side may be the newer one.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VERSION = 1
AUDIENCE = "moorage-operator"
"""Whom the gateway's token is for."""
LEADER_HEADER = "moorage-leader"
"""In a 421: ``host:port`` of the replica that leads."""
MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_TAGS_PER_REPORT = 50_000
MAX_ENDPOINTS_PER_REPORT = 5_000
"""What is over comes with the next report, so that a frame holds it."""
MAX_ENDPOINTS_PER_GUIDANCE = 10_000
"""What is over comes with the next guidance."""
MAX_ENDED_PER_GUIDANCE = 50_000
"""With the group that reaches it; the next groups come with the next guidance."""
MAX_UNFOLLOWED_PER_REPORT = 32
"""Namespaces; of more the first ones by name."""
REPORT_SECONDS = 2.0
"""From one report to the next, if nothing is urgent."""
LOST_SECONDS = 10.0
"""A leader that is silent for so long is left, and its guidance no longer holds."""
PROMISE_SECONDS = LOST_SECONDS + 5.0
"""So long after it was last heard of, a pod may still go by what it was told; and so long a new
leader gives nobody more than it has."""
STOPPING = 1001
"""Close code of a gateway that ends: it opens no session any more."""

MAX_GROUPS_PER_REPORT = 2_048
MAX_PIECES = 64
"""Reports with ``more`` in a row."""
MAX_WHY_CHARS = 256
MAX_POD_NAME_CHARS = 253
MAX_VERSIONS = 32
MAX_VERSION_CHARS = 64

Tag = Annotated[str, Meta(max_length=32)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=MAX_FRAME_BYTES // 12)]
"""No fewer than a frame holds: all of one endpoint may end at once."""
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Sequence = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(max_length=512)]
"""Of a Kubernetes object, with its namespace; or its uid."""
PodName = Annotated[str, Meta(max_length=MAX_POD_NAME_CHARS)]
Why = Annotated[str, Meta(max_length=MAX_WHY_CHARS)]
Version = Annotated[str, Meta(max_length=MAX_VERSION_CHARS)]
SpokenTo = Annotated[str, Meta(max_length=64)]
"""Names where an endpoint is and how it is spoken to; empty where an older process does not say."""

EndpointHealth = Literal["verifying", "ready", "down"]


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway knows of an endpoint."""

    state: EndpointHealth = "verifying"
    own: bool = False
    """Whether it shook hands (or tried to) itself; else it takes another's word or knows none."""
    under_way: bool = False
    """Whether it shakes hands at this moment."""
    why: Why = ""
    spoken_to: SpokenTo = ""
    """One gateway's success is a word for those alone that speak alike."""
    versions: Annotated[tuple[Version, ...], Meta(max_length=MAX_VERSIONS)] = ()


class EndpointReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """News of one endpoint. Tags name sessions, equal on every replica."""

    handshake: Handshake | None = None
    """None: as last told."""
    name: PodName = ""
    """What people call it; empty: as last told. A new one never comes without the handshake."""
    anew: bool = False
    """Whether it is elsewhere, or spoken to otherwise, than when it was last told of: no handshake
    with the former one counts. Its sessions and slots go on."""
    slots: Count = 0
    """Of an endpoint that this connection tells of for the first time: how many sessions this
    replica still opens there by what it goes by."""
    kept: Count = 0
    """How many sessions are about to begin there, where the newest guidance that was taken does not
    cover them all: an older one did, and they may begin all the same."""
    opened: Tags = ()
    """Sessions that began through this replica and live."""
    seen: Tags = ()
    """Sessions that this replica serves from now on and others opened."""
    ended: Tags = ()
    """Sessions that are over for everybody."""
    idle: Tags = ()
    """Sessions that this replica has not seen for the group's ``idleSeconds``."""


class GroupReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """News of one upstream group."""

    arrivals: Count = 0
    """Sessions that clients wanted to begin since the last report."""
    held: Count = 0
    """Requests that wait for a slot at this moment."""
    endpoints: Annotated[dict[Name, EndpointReport], Meta(max_length=MAX_ENDPOINTS_PER_REPORT)] = {}
    """By uid; those that are not named have no news."""
    gone: Annotated[tuple[Name, ...], Meta(max_length=MAX_ENDPOINTS_PER_REPORT)] = ()
    """Endpoints that left the table, with all their sessions."""


class DemandReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway pod tells."""

    version: int = VERSION
    seq: Sequence
    """Rises by one with each report of a process, over all its connections."""
    whole: bool = False
    """All that was told before is void."""
    more: bool = False
    """The rest follows at once; there is no answer before it."""
    gateway: Name
    """``namespace/name``."""
    pod: Name
    table_digest: Name
    """Of the table in force."""
    key_ids: Annotated[tuple[Name, ...], Meta(max_length=256)] = ()
    guidance_seq: Sequence = 0
    """The newest guidance of this connection that was taken. It is in force with the report's last
    piece, but for what the endpoints' ``kept`` say."""
    streams: Count = 0
    sessions: Count = 0
    stopping: bool = False
    """The process got the word to end; it serves on for a while."""
    closed: bool = False
    """No client reaches it any more: it ends what runs, and needs no slots."""
    unfollowed: Annotated[dict[Name, Why], Meta(max_length=MAX_UNFOLLOWED_PER_REPORT)] = {}
    """By namespace: why the API server refuses to tell this pod the EndpointSlices of the groups
    there. What was known before stays in use."""
    certificate_refused: Why = ""
    """Why its listener serves an older certificate than the Secret's; empty while it does not."""
    groups: Annotated[dict[Name, GroupReport], Meta(max_length=MAX_GROUPS_PER_REPORT)] = {}
    """By the table's name of the group."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Another replica's handshake with the endpoint succeeded."""

    versions: tuple[str, ...] = ()
    spoken_to: SpokenTo = ""
    """Where that was: the endpoint may have moved while this was on its way."""


class EndpointGuidance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds of one endpoint from now on."""

    load: int = 0
    """Sessions on it: the size of the union of what all replicas know."""
    slots: int = 0
    """How many this replica may open beyond those that its report ``report_seq`` told."""
    verify: bool = False
    """Whether this replica is the one that shakes hands with it; if not, it waits for a word."""
    verdict: Verdict | None = None
    ended: tuple[str, ...] = ()
    """Sessions of the group that this replica told of and that are over: their end came to
    another replica."""


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """What the leader answers to a report."""

    version: int = VERSION
    seq: int
    """Rises by one on a connection, from 1."""
    report_seq: int
    """The newest report that it includes."""
    groups: dict[str, dict[str, EndpointGuidance]] = {}
    """By the table's name of the group, then by uid; those not named go on as they were told."""


def encode_report(report: DemandReport) -> str:
    """The frame's text."""
    return msgspec.json.encode(report).decode()


def decode_report(frame: str) -> DemandReport:
    """Raises ``msgspec.DecodeError`` that names what is wrong."""
    return msgspec.json.decode(frame, type=DemandReport)


def encode_guidance(guidance: Guidance) -> str:
    """The frame's text."""
    return msgspec.json.encode(guidance).decode()


def decode_guidance(frame: str) -> Guidance:
    """Raises ``msgspec.DecodeError`` that names what is wrong."""
    return msgspec.json.decode(frame, type=Guidance)
