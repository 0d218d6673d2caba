"""What a listener's Secret hinders, with what mends it."""

from moorage_operator.api.findings import quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.kubectl_lines import create_tls_secret, delete_secret
from moorage_operator.planning.snapshot import ObservedTlsSecret

CONSEQUENCE = "Pods that have a certificate serve on with it, others wait for one and serve nothing"


def tls_trouble(gateway: McpGateway, secret: ObservedTlsSecret | None) -> tuple[str, str] | None:
    """Reason and message; None where the listener has its certificate or needs none."""
    tls = gateway.spec.listener.tls
    if tls is None or (secret is not None and secret.state == "Present"):
        return None
    place = f"spec.listener.tls.secretName: the Secret {quoted(tls.secret_name)}"
    create = create_tls_secret(ResourceName(gateway.name.namespace, tls.secret_name))
    if secret is None or secret.state == "Missing":
        return "TlsSecretMissing", f"{place} is not there; create it: {create}"
    if secret.state == "WrongType":
        delete = delete_secret(ResourceName(gateway.name.namespace, tls.secret_name))
        remedy = f"a Secret's type cannot be changed, make it anew: {delete} and {create}"
    else:
        remedy = "replace tls.crt and tls.key in it"
    return "TlsSecretUnfit", f"{place} cannot be used: {secret.why}; {remedy}"


def pods_wait_for_certificate(secret: ObservedTlsSecret | None) -> str:
    """What to know of pods that are not ready; empty where the listener has no TLS."""
    if secret is None:
        return ""
    if secret.state != "Present":
        return "; without a certificate none gets ready, see ResolvedRefs"
    # The kubelet's bound for a volume that could not be mounted is 2 min 2 s between two tries.
    return (
        "; a pod that is older than the Secret with the certificate gets it with the kubelet's "
        "next try, at most 2 minutes after that Secret came"
    )
