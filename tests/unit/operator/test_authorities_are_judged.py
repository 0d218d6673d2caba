"""Authorities of a group go into tables of other namespaces: only certificates, and few."""

import pytest

from integration.listening.certificates import Authority
from moorage_operator.cluster.authority_bundle import MAX_BUNDLE_BYTES, fit_authorities

ONE, OTHER = Authority("one").pem, Authority("other").pem


def test_certificates_are_taken_and_what_stands_between_them_is_not() -> None:
    assert fit_authorities(f"# ours\n{ONE}\nand more\n{OTHER}") == ONE + OTHER


@pytest.mark.parametrize(
    "pem",
    [
        None,
        7,
        "",
        "garbage",
        ONE[:-40],
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "ü" + ONE.replace("M", "ü"),
        ONE + "#" * MAX_BUNDLE_BYTES,
        ONE * (MAX_BUNDLE_BYTES // len(ONE) + 1),
    ],
    ids=["none", "number", "empty", "garbage", "cut", "no DER", "no ASCII", "padded", "many"],
)
def test_what_cannot_be_served_is_not_there(pem: object) -> None:
    assert fit_authorities(pem) is None


def test_as_many_as_fit_are_taken() -> None:
    bundle = ONE * (MAX_BUNDLE_BYTES // len(ONE))

    assert fit_authorities(bundle) == bundle
