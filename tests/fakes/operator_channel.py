"""The operator's end of the report channel, with real TLS, and a cluster that signs tokens."""

import asyncio
import base64
import datetime
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from fakes.free_port import free_port
from moorage_contract.report_channel import PROMISE_SECONDS
from moorage_contract.route_table import ReportTarget
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.running.report_channel.changes import Change
from moorage_operator.running.report_channel.report_server import ReportServer

SERVER_NAME = "moorage-operator.test.svc"
ISSUER = "https://kubernetes.test"
GATEWAY = ResourceName("tests", "gateway")
GROUP = ResourceName("tests", "servers")


class Certificate:
    """An authority, and a certificate of it for the operator's name."""

    def __init__(self, folder: Path, name: str = SERVER_NAME) -> None:
        now = datetime.datetime.now(datetime.UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        authority = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        times = (now - datetime.timedelta(minutes=1), now + datetime.timedelta(hours=1))
        ca = (
            x509.CertificateBuilder(issuer, issuer, authority.public_key())
            .serial_number(1)
            .not_valid_before(times[0])
            .not_valid_after(times[1])
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False
            )
            .sign(authority, hashes.SHA256())
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        leaf = (
            x509.CertificateBuilder(issuer, subject, key.public_key())
            .serial_number(2)
            .not_valid_before(times[0])
            .not_valid_after(times[1])
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
                critical=False,
            )
            .sign(authority, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.ca_pem = ca.public_bytes(pem).decode()
        file = folder / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + leaf.public_bytes(pem)
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


class Cluster:
    """An API server as far as tokens go: it signs them and publishes its keys over HTTP."""

    def __init__(self) -> None:
        self.keys = {"key-1": rsa.generate_private_key(65537, 2048)}
        self.asked = 0
        self.away = False

    def token(
        self, pod: str = "pod-0", key_id: str = "key-1", algorithm: str = "RS256", **changed: Any
    ) -> str:
        """A token of a gateway's pod; ``changed`` replaces claims (None removes one)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": ["moorage-operator"],
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": "system:serviceaccount:tests:gateway-gateway",
            "kubernetes.io": {
                "namespace": "tests",
                "serviceaccount": {"name": "gateway-gateway", "uid": "s"},
                "pod": {"name": pod, "uid": f"uid-of-{pod}"},
            },
            **changed,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.keys.get(key_id) or next(iter(self.keys.values()))
        secret: Any = {"RS256": key, "none": None}.get(algorithm, b"x" * 32)
        return jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": key_id})

    @asynccontextmanager
    async def published(self) -> AsyncIterator["Published"]:
        """What the operator asks."""
        site = web.Application()
        site.router.add_get("/.well-known/openid-configuration", self._configuration)
        site.router.add_get("/openid/v1/jwks", self._jwks)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as session:
                yield Published(session, f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()

    async def _configuration(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": ISSUER}, status=503 if self.away else 200)

    async def _jwks(self, request: web.Request) -> web.Response:
        self.asked += 1
        keys = [_jwk(key_id, key) for key_id, key in self.keys.items()]
        return web.json_response({"keys": keys}, content_type="application/jwk-set+json")


def _jwk(key_id: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        "kid": key_id,
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
    }


def _base64url(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Published:
    """The API server over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get_json(self, path: str) -> Mapping[str, object]:
        async with self._session.get(self._url + path) as answer:
            answer.raise_for_status()
            document: dict[str, object] = await answer.json(content_type=None)
            return document


@dataclass
class Served:
    """What the indices say."""

    groups: dict[ResourceName, GroupRules] | None = field(
        default_factory=lambda: {GROUP: GroupRules(per_pod=10, idle_seconds=60)}
    )

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return self.groups if gateway == GATEWAY else None


@dataclass
class Lease:
    """Who leads."""

    since: float | None
    leader: str = ""

    def leading_since(self) -> float | None:
        return self.since

    def leader_address(self) -> str:
        return self.leader


@dataclass
class Operator:
    """One replica of the operator, as far as the report channel goes."""

    server: ReportServer
    lease: Lease
    served: Served
    certificate: Certificate
    cluster: Cluster
    changes: list[Change]

    @property
    def target(self) -> ReportTarget:
        """Where gateways report."""
        return ReportTarget(
            url=f"wss://127.0.0.1:{self.server.port}/report",
            ca_pem=self.certificate.ca_pem,
            server_name=SERVER_NAME,
        )

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.server.port}"


@asynccontextmanager
async def operator(
    folder: Path,
    *,
    served: Served | None = None,
    cluster: Cluster | None = None,
    certificate: Certificate | None = None,
    leads: bool = True,
    leading_for_seconds: float = PROMISE_SECONDS + 1.0,
    port: int | None = None,
) -> AsyncIterator[Operator]:
    """A replica that leads, or not; for so long that it may share out what is free."""
    cluster = cluster or Cluster()
    served = served or Served()
    certificate = certificate or Certificate(folder)
    changes: list[Change] = []
    lease = Lease(asyncio.get_running_loop().time() - leading_for_seconds if leads else None)
    async with cluster.published() as published:
        server = ReportServer(served, published, lease, changes.append)
        await server.start(certificate.context, host="127.0.0.1", port=port or free_port())
        try:
            yield Operator(server, lease, served, certificate, cluster, changes)
        finally:
            await server.stop()


@asynccontextmanager
async def connected(leader: Operator, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection that bears this token; raises what the client raises if it is refused."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(
            leader.target.url,
            ssl=ssl.create_default_context(cadata=leader.certificate.ca_pem),
            server_hostname=SERVER_NAME,
            headers={"Authorization": f"Bearer {token}"},
        ) as socket,
    ):
        yield socket
