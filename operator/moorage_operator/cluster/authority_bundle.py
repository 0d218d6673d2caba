"""Whether certificate authorities of a ConfigMap can be served (pure).

They are copied into the table of each gateway that the group allows, also in other namespaces: what
is no certificate, or more than a pin needs, would fill that table instead of the group's owner's.
"""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

MAX_BUNDLE_BYTES = 32 * 1024
"""Some twenty certificates; that of a table is 900 KiB, for all groups and routes."""


def fit_authorities(pem: object) -> str | None:
    """The certificates alone, as PEM; None if there are none, or more than ``MAX_BUNDLE_BYTES``."""
    if not isinstance(pem, str) or len(pem) > MAX_BUNDLE_BYTES:
        return None
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)
