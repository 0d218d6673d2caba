"""Why a head was refused: a closed set of reasons, each with its HTTP status."""

from typing import Literal

HeadReason = Literal[
    "BadEncodedName",
    "BadHeaderName",
    "BadHeaderValue",
    "BadTarget",
    "ConnectionNamesEndToEnd",
    "ContentEncodingNotSupported",
    "DuplicateHeader",
    "ExpectationFailed",
    "HeaderTooLarge",
    "LookalikeHeader",
    "ObsoleteFolding",
    "SmuggledLength",
    "TargetTooLong",
    "TooManyHeaders",
    "TransferEncodingNotAllowed",
    "UpgradeNotSupported",
]
HEAD_REASON_STATUSES: dict[HeadReason, int] = {
    "BadEncodedName": 400,
    "BadHeaderName": 400,
    "BadHeaderValue": 400,
    "BadTarget": 400,
    "ConnectionNamesEndToEnd": 400,
    "ContentEncodingNotSupported": 415,
    "DuplicateHeader": 400,
    "ExpectationFailed": 417,
    "HeaderTooLarge": 431,
    "LookalikeHeader": 400,
    "ObsoleteFolding": 400,
    "SmuggledLength": 400,
    "TargetTooLong": 414,
    "TooManyHeaders": 431,
    "TransferEncodingNotAllowed": 400,
    "UpgradeNotSupported": 400,
}


class HeadRefusal(ValueError):
    """A head that must not be acted on.

    ``reason`` is a metric label; ``status`` the HTTP status for a client; ``header`` the lower-case
    name of the header at fault, where it is one of ours to print; ``message`` says what and the
    remedy, never a value.
    """

    def __init__(self, reason: HeadReason, message: str, header: str | None = None) -> None:
        super().__init__(message)
        self.reason: HeadReason = reason
        self.status = HEAD_REASON_STATUSES[reason]
        self.header = header
        self.message = message
