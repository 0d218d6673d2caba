"""Who is at the other end of a report channel: proved by a service account token of the cluster."""

from collections.abc import Mapping

import jwt

from moorage_contract.cluster_names import GATEWAY_CHILD_SUFFIX
from moorage_contract.report_channel import AUDIENCE
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.running.report_channel.published_keys import ALGORITHMS, PublishedKeys

MAX_TOKEN_CHARS = 8192
CLOCK_SKEW_SECONDS = 5


class CallerRefused(Exception):
    """The token proves nothing that may report; the message says why, and never holds the token."""


class CallerProof:
    """Checks tokens; anything but a pod of a gateway is refused."""

    def __init__(self, keys: PublishedKeys) -> None:
        self._keys = keys

    async def caller(self, authorization: str) -> GatewayPod:
        """The pod whose token an ``Authorization`` header bears.

        Raises CallerRefused, and KeysUnavailable while nothing can be checked.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARS:
            raise CallerRefused("no bearer token of a sensible length")
        key_id = _key_id(token)
        key = await self._keys.key(key_id)
        if key is None:
            raise CallerRefused("the token is signed by a key that the cluster does not publish")
        return _gateway_pod(_claims(token, key, self._keys.issuer))


def _key_id(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise CallerRefused("the token is no JWT") from error
    key_id = header.get("kid")
    if header.get("alg") not in ALGORITHMS or not isinstance(key_id, str):
        raise CallerRefused(f"the token must be signed with {' or '.join(ALGORITHMS)} and a key id")
    return key_id


def _claims(token: str, key: jwt.PyJWK, issuer: str) -> Mapping[str, object]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=AUDIENCE,
            issuer=issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as error:
        raise CallerRefused(f"the token does not hold: {error}") from error


def _gateway_pod(claims: Mapping[str, object]) -> GatewayPod:
    cluster = _members(claims, "kubernetes.io")
    namespace = _text(cluster, "namespace")
    account_claims = _members(cluster, "serviceaccount")
    account = _text(account_claims, "name")
    pod = _text(_members(cluster, "pod"), "name")
    gateway = account.removesuffix(GATEWAY_CHILD_SUFFIX)
    if not gateway or gateway == account:
        raise CallerRefused(f"service account {namespace}/{account} is no gateway's")
    uid = _text(account_claims, "uid")
    return GatewayPod(ResourceName(namespace, gateway), pod, uid)


def _members(claims: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = claims.get(name)
    if not isinstance(value, dict):
        raise CallerRefused(f'the token has no claim "{name}": it must be bound to a pod')
    return value


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise CallerRefused(f'the token has no claim "{name}"')
    return value
