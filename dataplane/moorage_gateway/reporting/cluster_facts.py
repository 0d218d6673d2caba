"""What a gateway pod tells of its ties to the cluster: for the status page and the metrics."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WatchState:
    """One list+watch at one moment."""

    kind: str
    namespace: str
    relists: int
    errors: int
    age_seconds: float | None
    """Since the API server was last heard; None before the first list."""
    why: str
    """What went wrong last; empty while all is well."""


@dataclass(frozen=True)
class WatchTotals:
    """All watches of one kind, those that are no longer needed too."""

    kind: str
    relists: int
    errors: int
    age_seconds: float
    """Of the one that was silent for longest."""


@dataclass(frozen=True)
class CertificateFacts:
    """The listener's certificate."""

    expires_at: float
    """Unix seconds."""
    refused: int
    """How often changed files could not be used."""
    why: str
    """Why the newest files are not in use."""


@dataclass(frozen=True)
class ChannelFacts:
    """The report channel to the operator's leader."""

    connected: bool
    connects: int
    failures: int
    why: str
    """What went wrong last; empty while connected."""
    sharing: str
    """By what this replica opens sessions: waiting, guided or alone; desk without an operator."""


@dataclass(frozen=True)
class ClusterFacts:
    """One pod at one moment."""

    table: str
    """Digest of the published table in force, as the operator annotates it."""
    key_ids: tuple[str, ...]
    api_age_seconds: float | None
    """Since the API server was last heard; None if never."""
    table_refused: str
    """Why the newest published table is not in force; empty while it is."""
    keys_refused: str
    tables_refused_total: int
    keys_refused_total: int
    watches: tuple[WatchState, ...]
    totals: tuple[WatchTotals, ...]
    certificate: CertificateFacts | None
    channel: ChannelFacts | None = None
