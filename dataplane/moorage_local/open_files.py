"""What the user should know about the limit of open files and sockets."""

from typing import Final

from moorage_gateway.open_files import MOST_NEEDED, raise_open_files, wanted_limit

__all__ = ["MOST_NEEDED", "open_files_notes", "raise_open_files", "wanted_limit"]

LOW: Final = 4_096


def open_files_notes(limit: int) -> list[str]:
    """What the user should know about a limit (pure)."""
    if limit >= LOW:
        return []
    return [
        f"only {limit} files and sockets may be open at a time, and a session takes two or more; "
        "raise the hard limit (ulimit -Hn, or LimitNOFILE of a systemd unit) and start moorage anew"
    ]
