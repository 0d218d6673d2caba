"""What can go wrong between the operator and the API server.

ClusterError
├── ApiServerUnreachable     no answer: connection, TLS, time
├── ApiRefusal               an answer that says no; ``status`` and ``reason`` are the server's
│   ├── ObjectNotFound       404
│   ├── ObjectConflict       409: exists already, or changed since it was read
│   └── NotPermitted         401, 403
└── WriteFenced              this process may not write now: it does not hold the Lease
"""


class ClusterError(Exception):
    """The API server did not do what was asked."""


class ApiServerUnreachable(ClusterError):
    """Nobody answered; it may have been done all the same."""


class WriteFenced(ClusterError):
    """The Lease's deadline has passed, so nothing was sent."""


class ApiRefusal(ClusterError):
    """The API server said no."""

    def __init__(self, what: str, status: int, reason: str, message: str) -> None:
        super().__init__(f"{what}: {status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class ObjectNotFound(ApiRefusal):
    """There is no such object."""


class ObjectConflict(ApiRefusal):
    """It exists already, or it changed since it was read."""

    @property
    def exists_already(self) -> bool:
        return self.reason == "AlreadyExists"


class NotPermitted(ApiRefusal):
    """The operator lacks the right, or the namespace is being deleted."""


def is_namespace_ending(error: ClusterError) -> bool:
    """Whether what was to be written has no place: its namespace is being deleted, or is gone.

    An end like any other, and nothing to warn of.
    """
    if isinstance(error, NotPermitted):
        return "because it is being terminated" in error.message
    return isinstance(error, ObjectNotFound) and error.message.startswith('namespaces "')


def refusal(what: str, status: int, reason: str, message: str) -> ApiRefusal:
    """The error that stands for an answer of the API server."""
    kinds = {404: ObjectNotFound, 409: ObjectConflict, 401: NotPermitted, 403: NotPermitted}
    return kinds.get(status, ApiRefusal)(what, status, reason, message)
