"""The listener's certificate: read from mounted files, exchanged while the gateway runs."""

import asyncio
import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from moorage_gateway.reporting.cluster_facts import CertificateFacts

LOOK_SECONDS = 2.0
MAX_FILE_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)


class CertificateRefused(Exception):
    """Files that are no certificate with its key; the message says which and why."""


class ListenerCertificate:
    """``tls.crt`` and ``tls.key`` of a folder. Broken files leave the certificate before in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = b""
        self._context: ssl.SSLContext | None = None
        self.expires_at = 0.0
        """Unix time at which the certificate in use ends; 0 before there is one."""
        self.why = ""
        """Why the newest files are not in use; empty while they are."""
        self.refused = 0

    @property
    def context(self) -> ssl.SSLContext:
        """For the next connection; those that run keep theirs."""
        assert self._context is not None
        return self._context

    @property
    def is_there(self) -> bool:
        """Whether one is in use."""
        return self._context is not None

    def facts(self) -> CertificateFacts:
        """What is told of it."""
        return CertificateFacts(self.expires_at, self.refused, self.why)

    def look(self) -> bool:
        """Take the files if they have changed; True while there is a certificate to use."""
        try:
            chain, key = self._files()
            if (seen := chain + b"\0" + key) != self._seen:
                context, expires_at = _server_context(chain, key), _expiry(chain)
                self._seen, self._context, self.expires_at = seen, context, expires_at
                facts = {"expires_unix": int(expires_at)}
                _log.info("a TLS certificate is in use", extra={"facts": facts})
            self.why = ""
        except CertificateRefused as refused:
            self._tell(str(refused))
        return self.is_there

    def _files(self) -> tuple[bytes, bytes]:
        # Both by one look at the kubelet's link, which it moves when the Secret has changed.
        link = self._folder / "..data"
        folder = link.resolve() if link.exists() else self._folder
        return _read(folder / "tls.crt"), _read(folder / "tls.key")

    def _tell(self, why: str) -> None:
        if why != self.why:
            self.refused += 1
            self.why = why
            facts = {"why": why, "folder": str(self._folder)}
            _log.error("the TLS certificate is not used; one before stays", extra={"facts": facts})

    async def first(self, seconds: float = LOOK_SECONDS) -> None:
        """Return when there is a certificate: without one nothing is served, least of all plain."""
        while True:
            if self.look():
                return
            await asyncio.sleep(seconds)

    async def follow(self, seconds: float = LOOK_SECONDS) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                self.look()
            except Exception:
                _log.exception("the TLS certificate cannot be looked at; the one before stays")


def _read(file: Path) -> bytes:
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise CertificateRefused(f"{file.name}: {error.strerror}") from None
    if len(octets) > MAX_FILE_BYTES:
        raise CertificateRefused(f"{file.name} is over {MAX_FILE_BYTES} bytes")
    return octets


def _expiry(chain: bytes) -> float:
    try:
        return x509.load_pem_x509_certificate(chain).not_valid_after_utc.timestamp()
    except Exception as error:
        # The parser's errors have no common type: an odd version is not even a ValueError.
        raise CertificateRefused(f"tls.crt holds no certificate: {error}") from None


def _server_context(chain: bytes, key: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with _as_file(chain) as chain_file, _as_file(key) as key_file:
        try:
            context.load_cert_chain(chain_file, key_file, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            why = error.reason if isinstance(error, ssl.SSLError) else "the key has a password"
            raise CertificateRefused(f"tls.crt and tls.key do not fit: {why}") from None
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask for one on the terminal.
    raise ValueError


@contextmanager
def _as_file(octets: bytes) -> Iterator[str]:
    """OpenSSL reads files only; what was read once must be what is used, though links move."""
    descriptor = os.memfd_create("moorage")
    try:
        os.write(descriptor, octets)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
