"""``spec.authentication`` of an McpGateway: whose tokens are believed."""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import any_text
from moorage_operator.api.value import Value
from moorage_operator.api.web_rules import URL_CHARACTERS, https_url

_audience = any_text(URL_CHARACTERS)


@dataclass(frozen=True)
class JwtIssuerSpec:
    """One issuer of tokens."""

    issuer: str
    audience: str
    """What the token's ``aud`` must name."""
    jwks_url: str
    """Where the issuer's public keys are."""


@dataclass(frozen=True)
class AuthenticationSpec:
    """The issuers whose tokens are believed."""

    jwt: tuple[JwtIssuerSpec, ...]


def read_authentication(value: Value | None) -> AuthenticationSpec | None:
    """The authentication as written, or None."""
    if value is None:
        return None
    with value.members() as authentication:
        issuers = authentication.items("jwt", bounds.JWT_ISSUERS)
        return AuthenticationSpec(tuple(_read_issuer(issuer) for issuer in issuers))


def _read_issuer(value: Value) -> JwtIssuerSpec:
    with value.members() as issuer:
        return JwtIssuerSpec(
            issuer=issuer.text("issuer", https_url),
            audience=issuer.text("audience", _audience),
            jwks_url=issuer.text("jwksUrl", https_url),
        )
