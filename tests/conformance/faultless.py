"""What a faultless server has with suite 0.2.0-alpha.12, and what a result lacks of it."""

from conformance.suite import Counts, SuiteResult

FAULTLESS: dict[str, Counts] = {
    "2025-03-26": (3, 0, 0),
    "2025-06-18": (56, 0, 0),
    "2025-11-25": (84, 0, 0),
    "2026-07-28": (152, 0, 0),
}

# A server may answer as JSON or as SSE, and these two scenarios check less when it is JSON. Over
# stdio the bridge chooses by how long an answer takes, so their number of checks is no constant.
CHOSEN_BY_TIME = ("server-sse-polling", "server-sse-multiple-streams")
FAULTLESS_STDIO: dict[str, Counts] = {
    **FAULTLESS,
    "2025-11-25": (79, 0, 0),
    "2026-07-28": (151, 0, 0),
}


def find_faults(way: str, result: SuiteResult) -> list[str]:
    """Complaints of the suite, and counts that a faultless server does not have."""
    faults = [f"{way} {result.version}: {complaint}" for complaint in result.complaints]
    over_stdio = way == "stdio"
    expected = (FAULTLESS_STDIO if over_stdio else FAULTLESS)[result.version]
    counts = result.without(CHOSEN_BY_TIME).counts if over_stdio else result.counts
    if counts != expected:
        faults.append(f"{way} {result.version}: counted {counts}, expected {expected}")
    return faults
