"""The Secret ``moorage-operator-channel``: made empty by the chart, kept filled by the leader."""

import base64
import logging
from datetime import datetime

from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.channel_certificate import (
    ENTRIES,
    ChannelCertificate,
    channel_in,
    issue,
    needs_renewal,
)
from moorage_operator.cluster.errors import ObjectNotFound
from moorage_operator.cluster.object_paths import RESOURCE_KINDS, object_path
from moorage_operator.cluster.secret_reader import secret_content

logger = logging.getLogger(__name__)

CHANNEL_SECRET = "moorage-operator-channel"


async def read_channel(client: ClusterClient, namespace: str) -> ChannelCertificate | None:
    """The certificate in the Secret; None while no leader has filled it with one that serves."""
    try:
        document = await client.get(object_path("Secret", namespace, CHANNEL_SECRET))
    except ObjectNotFound:
        return None
    return channel_in(secret_content(document).data)


async def keep_channel(
    client: ClusterClient, namespace: str, names: tuple[str, ...], now: datetime
) -> ChannelCertificate:
    """The certificate in force; issued and written if none there serves, or it ends soon.

    Only the leader calls this. Raises ``ObjectConflict`` if somebody wrote in between.
    """
    path = object_path("Secret", namespace, CHANNEL_SECRET)
    try:
        document = await client.get(path)
    except ObjectNotFound:
        document = await _make(client, namespace)
    held = channel_in(secret_content(document).data)
    if held is not None and not needs_renewal(held, names, now):
        return held
    issued = issue(held, names, now)
    texts = (issued.ca_pem, issued.ca_key_pem, issued.certificate_pem, issued.key_pem)
    data = {
        entry: base64.b64encode(text.encode()).decode()
        for entry, text in zip(ENTRIES, texts, strict=True)
    }
    await client.put(path, {**document, "data": data}, {})
    logger.info("issued a certificate of the report channel for %s", ", ".join(names))
    return issued


async def _make(client: ClusterClient, namespace: str) -> Document:
    metadata = {"name": CHANNEL_SECRET, "namespace": namespace}
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque"}
    return await client.post(RESOURCE_KINDS["Secret"].collection(namespace), document, {})
