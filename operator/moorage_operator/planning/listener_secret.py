"""What a listener's Secret hinders, with what mends it."""

from moorage_operator.api.findings import quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.kubectl_lines import create_tls_secret, delete_secret
from moorage_operator.planning.sentences import counted
from moorage_operator.planning.snapshot import GatewayPodReport, GatewaySnapshot, ObservedTlsSecret

CONSEQUENCE = "Pods that have a certificate serve on with it, others wait for one and serve nothing"
_REPLACE = "replace tls.crt and tls.key in it"


def tls_trouble(gateway: McpGateway, snapshot: GatewaySnapshot) -> tuple[str, str] | None:
    """Reason and message; None where the listener has its certificate or needs none."""
    tls, secret = gateway.spec.listener.tls, snapshot.tls_secret
    if tls is None:
        return None
    place = f"spec.listener.tls.secretName: the Secret {quoted(tls.secret_name)}"
    name = ResourceName(gateway.name.namespace, tls.secret_name)
    if secret is None or secret.state == "Missing":
        text = f"{place} is not there; create it: {create_tls_secret(name)}"
        return "TlsSecretMissing", text
    if why := _why_unfit(secret, name) or _why_refused(snapshot.reports):
        return "TlsSecretUnfit", f"{place} cannot be used: {why}"
    return None


def _why_unfit(secret: ObservedTlsSecret, name: ResourceName) -> str:
    if secret.state == "Present":
        return ""
    if secret.state == "WrongType":
        make_anew = f"{delete_secret(name)} and {create_tls_secret(name)}"
        return f"{secret.why}; a Secret's type cannot be changed, make it anew: {make_anew}"
    return f"{secret.why}; {_REPLACE}"


def _why_refused(reports: tuple[GatewayPodReport, ...]) -> str:
    """Pods look at it every few seconds, the operator every few minutes."""
    refusing = sorted(
        (report.pod, report.certificate_refused)
        for report in reports
        if report.certificate_refused and not report.stopping
    )
    if not refusing:
        return ""
    pod, why = refusing[0]
    more = f" and {counted(len(refusing) - 1, 'other pod')}" if len(refusing) > 1 else ""
    return f"{pod}{more} told: {why}; {_REPLACE}, which reaches pods within 90 s"


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
