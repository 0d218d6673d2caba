"""How often the operator writes while nothing changes but sessions come and go.

`python -m e2e.steady_writes [--seconds 180]`, by the API server's audit
log. Ends with 1 when an object was written more than once a minute (the Lease excepted), or when a
user's object was written but for its status.
"""

import argparse
import asyncio
import math
import sys
from datetime import UTC, datetime

from e2e.audit_log import find_log, read_log, writes
from e2e.installation import installed
from e2e.load import Load
from e2e.rights import OPERATOR, USERS_KINDS
from e2e.scene import HOST, serving
from fakes.kubectl import namespace

SETTLE_SECONDS = 20.0
LEASES = "leases"


async def run(seconds: float) -> int:
    log = find_log()
    assert log is not None, "needs the API server's audit log: MOORAGE_AUDIT_LOG"
    with namespace("steady") as name:
        url = await asyncio.to_thread(serving, name)
        async with Load(host=HOST, sessions=20, calls_per_session=50).on(url) as tally:
            await asyncio.sleep(SETTLE_SECONDS)
            since = datetime.now(UTC).isoformat()
            await asyncio.sleep(seconds)
    accesses = [access for access in read_log(log, since) if access.user == OPERATOR]
    counted = writes(access for access in accesses if access.right.resource != LEASES)
    most = math.ceil(seconds / 60)
    often = {what: count for what, count in counted.items() if count > most}
    touched = [what for what in counted if what[0] in USERS_KINDS]
    print(f"{seconds:.0f} s, {tally.total} operations: {counted.total()} writes {dict(counted)}")
    print(f"more than {most}: {often or 'none'}; users' objects: {touched or 'status only'}")
    return 1 if often or touched or tally.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.steady_writes")
    parser.add_argument("--seconds", type=float, default=180.0)
    with installed():
        return asyncio.run(run(parser.parse_args().seconds))


if __name__ == "__main__":
    sys.exit(main())
