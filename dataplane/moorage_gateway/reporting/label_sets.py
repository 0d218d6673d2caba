"""The closed sets of label values: what is not in them becomes ``other`` (pure)."""

OTHER = "other"
NONE = "none"

METHODS = frozenset(
    {
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "subscriptions/listen",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "tasks/update",
        "tasks/cancel",
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/tasks/status",
        "response",
        "batch",
        "stream",
        "delete",
    }
)
"""What clients send in any version (MCP schema 2024-11-05 to 2026-07-28), and four words for what
has no method: a ``response`` to the server's request, a ``batch``, a GET ``stream``, a ``delete``.
"""

OUTCOMES = frozenset({"ok", "refused", "upstream_error", "client_gone", "outcome_unknown"})
"""How a request ended: answered by its endpoint, refused by the gateway, failed at the endpoint,
left by its client, or lost after it may have run.
"""

STREAM_KINDS = frozenset({"get", "post", "listen", "http_sse"})
ENDPOINT_STATES = frozenset({"verifying", "ready", "down", "absent"})


def method_label(method: str) -> str:
    """The label of an MCP method; the empty one is of a request that ended before its method."""
    if not method:
        return NONE
    return method if method in METHODS else OTHER


def outcome_label(outcome: str) -> str:
    """The label of an outcome."""
    return outcome if outcome in OUTCOMES else OTHER


def stream_kind_label(kind: str) -> str:
    """The label of a kind of stream."""
    return kind if kind in STREAM_KINDS else OTHER


def endpoint_state_label(state: str) -> str:
    """The label of an endpoint's state."""
    return state if state in ENDPOINT_STATES else OTHER
