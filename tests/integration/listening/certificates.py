"""Certificates of a test's own authority, and Secrets that change as the kubelet does it."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

HOST = "mcp.example.com"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Leaf:
    """A certificate with its key, in PEM."""

    chain: bytes
    key: bytes
    serial: int
    ends: datetime.datetime


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "tests", *, has_key_usage: bool = True) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        builder = _builder(self._name, self._name, self._key, START + datetime.timedelta(3650))
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        if has_key_usage:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def leaf(self, *names: str, days: int = 3000, is_rsa: bool = False) -> Leaf:
        """For these host names and addresses; without any, for ``HOST`` and 127.0.0.1."""
        key: PrivateKey = (
            rsa.generate_private_key(65537, 2048)
            if is_rsa
            else ec.generate_private_key(ec.SECP256R1())
        )
        ends = START + datetime.timedelta(days)
        builder = _builder(_named("leaf"), self._name, key, ends)
        alternatives = x509.SubjectAlternativeName([_alternative(n) for n in names or _OURS])
        builder = builder.add_extension(alternatives, critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Leaf(
            certificate.public_bytes(Encoding.PEM),
            key.private_bytes(*form),
            certificate.serial_number,
            ends,
        )

    def client_context(self) -> ssl.SSLContext:
        """Of a client that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem)


_OURS = (HOST, "127.0.0.1")


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, ends: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class MountedSecret:
    """A folder of links through ``..data``, which moves when the Secret changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = 0

    def put(self, chain: bytes, key: bytes) -> None:
        """As the kubelet does it: a new folder, then one rename of a link."""
        self._versions += 1
        version = self.folder / f"..{self._versions}"
        version.mkdir(parents=True)
        (version / "tls.crt").write_bytes(chain)
        (version / "tls.key").write_bytes(key)
        link = self.folder / "..new"
        link.symlink_to(version.name)
        link.rename(self.folder / "..data")
        for name in ("tls.crt", "tls.key"):
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")

    def take(self, leaf: Leaf) -> None:
        """Another certificate."""
        self.put(leaf.chain, leaf.key)
