"""The operator before an API server that refuses it one path; else it is as it is.

``python refused_operator.py END_OF_PATH --settings PATH``.
"""

import sys
from typing import Any

from moorage_operator.__main__ import main
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import refusal

Request = Any


def refusing(request: Request, end: str) -> Request:
    """Requests, those to paths with that end refused."""

    async def refused(self: ClusterClient, verb: str, path: str, *rest: Any, **named: Any) -> Any:
        if path.endswith(end):
            raise refusal(f"{verb} {path}", 403, "Forbidden", "refused on purpose")
        return await request(self, verb, path, *rest, **named)

    return refused


if __name__ == "__main__":
    end_of_path = sys.argv.pop(1)
    setattr(ClusterClient, "request", refusing(ClusterClient.request, end_of_path))  # noqa: B010
    sys.exit(main())
