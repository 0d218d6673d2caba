"""A port for a process that must be told one, or whose port must still be its own when it is back.

What asks the system for any port, beside this test or in the same second, gets one of the
ephemeral range. So these lie below it (and below a cluster's node ports).
"""

import random
import socket
from contextlib import suppress

PORTS = range(15_000, 30_000)
TRIES = 100


def free_port() -> int:
    """One on which nobody listens on 127.0.0.1."""
    for port in random.SystemRandom().sample(PORTS, TRIES):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError(f"{TRIES} ports of {PORTS} were all taken")
