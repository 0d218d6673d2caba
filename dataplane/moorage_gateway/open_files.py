"""How many files and sockets this process may have open: every client and endpoint takes one."""

import resource
from contextlib import suppress
from typing import Final

MOST_NEEDED: Final = 131_072
"""Twice the connections that a gateway takes, one to the client and one to the endpoint, and more.

Some hard limits are a thousand million: stdio servers inherit ours, and there are programs that
close every possible descriptor when they start.
"""


def raise_open_files() -> int:
    """Raise the soft limit as far as it is of use; the limit that is in force then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = wanted_limit(soft, hard)
    if wanted != soft:
        # Some systems have a lower bound than the hard limit says: then all stays as it is.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_NEEDED if soft == resource.RLIM_INFINITY else soft


def wanted_limit(soft: int, hard: int) -> int:
    """The soft limit to ask for, never lower than it is (pure)."""
    if soft == resource.RLIM_INFINITY:
        return soft
    most = MOST_NEEDED if hard == resource.RLIM_INFINITY else min(hard, MOST_NEEDED)
    return max(soft, most)
