"""Every bound and every default of the two kinds, written once."""

from dataclasses import dataclass

from moorage_contract.route_table import Group, SessionRules

_RULES = SessionRules()
_HOUR = 3600
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class IntegerBounds:
    """The range of an integer field that must be given, both ends included."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class DefaultedInteger(IntegerBounds):
    """The range of an integer field that may be left out."""

    default: int


@dataclass(frozen=True)
class SizeBounds:
    """How many items a list or a mapping may have, both ends included."""

    minimum: int
    maximum: int


PORT = IntegerBounds(1, 65_535)

GATEWAY_REPLICAS = DefaultedInteger(1, 100, default=1)
LISTENER_PORT = DefaultedInteger(1, 65_535, default=8080)
HOSTNAMES = SizeBounds(0, 64)
ROUTES = SizeBounds(1, 1_024)

JWT_ISSUERS = SizeBounds(1, 16)
LIMITS = SizeBounds(1, 16)
TOKENS_PER_SECOND = IntegerBounds(1, 1_000_000_000)
BURST_TOKENS = IntegerBounds(1, 1_000_000_000)

EXTERNAL_ENDPOINTS = SizeBounds(1, 256)
COMMAND_WORDS = SizeBounds(1, 64)
ARGUMENTS = SizeBounds(0, 256)
ENVIRONMENT = SizeBounds(0, 256)
ENVIRONMENT_SOURCES = SizeBounds(0, 64)
WHOLE_QUANTITY = IntegerBounds(0, 10**18)
QUANTITIES = SizeBounds(0, 12)
POD_ITEMS = SizeBounds(0, 64)
LABELS = SizeBounds(0, 64)
REQUIRED_LABELS = SizeBounds(1, 64)
FILE_MODE = IntegerBounds(0, 0o777)
TOLERATION_SECONDS = IntegerBounds(0, 2**31 - 1)
RUN_AS_USER = DefaultedInteger(0, 2**31 - 1, default=65_532)
RUN_AS_GROUP = DefaultedInteger(0, 2**31 - 1, default=65_532)
FS_GROUP = DefaultedInteger(0, 2**31 - 1, default=65_532)
RUN_AS_NON_ROOT = True
READ_ONLY_ROOT_FILESYSTEM = True
COMMAND_WORD_CHARACTERS = 4_096
ENVIRONMENT_VALUE_CHARACTERS = 32_768

PER_POD = DefaultedInteger(1, 10_000, default=_RULES.per_pod)
SESSION_IDLE_SECONDS = DefaultedInteger(1, 7 * _DAY, default=_RULES.idle_seconds)
SESSION_MAX_SECONDS = DefaultedInteger(1, 30 * _DAY, default=_RULES.max_seconds)
ANSWER_SECONDS = DefaultedInteger(
    1, _HOUR, default=Group(name="", source="External").answer_seconds
)

BACKUPS = SizeBounds(1, 8)
RETRY_BUDGET_PERCENT = DefaultedInteger(0, 100, default=20)

GROUP_REPLICAS = DefaultedInteger(0, 1_000, default=1)
MIN_REPLICAS = DefaultedInteger(0, 1_000, default=1)
MAX_REPLICAS = DefaultedInteger(1, 1_000, default=10)
CONFIDENCE_PERCENT = DefaultedInteger(50, 99, default=98)
SCALING_IDLE_SECONDS = DefaultedInteger(1, _DAY, default=600)
HOLD_SECONDS = DefaultedInteger(0, 45, default=45)
"""Official clients give a request up after 60 s, so a hold ends well before."""

DEFAULT_NAMESPACE = "default"
DEFAULT_MCP_PATH = "/mcp"
