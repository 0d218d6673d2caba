"""HOST:PORT as options write it."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.bracketed_host}:{self.port}"

    @property
    def bracketed_host(self) -> str:
        """The host as URLs write it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every address of this machine."""
        return self.host in ("0.0.0.0", "::")

    def url_for_people(self, port: int) -> str:
        """A URL that works on this machine: nobody can open ``http://0.0.0.0``."""
        if self.is_wildcard:
            return f"http://127.0.0.1:{port}"
        return f"http://{self.bracketed_host}:{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def parse_address(text: str) -> Address:
    """``127.0.0.1:8080``, ``localhost:0`` or ``[::1]:8080``; port 0 takes any free one."""
    host, separator, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = host[1:-1] if bracketed else host
    wrong_host = not plain or (":" in plain and not bracketed)
    if not separator or wrong_host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not HOST:PORT; write it like 127.0.0.1:8080 or [::1]:8080"
        )
    return Address(plain, int(port))
