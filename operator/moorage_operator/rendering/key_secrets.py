"""The Secrets of gateways and stdio groups; their random content comes from ``running``."""

import base64
import json
from collections.abc import Mapping

from moorage_operator.api.metadata import ResourceName
from moorage_operator.rendering import child_names as names
from moorage_operator.rendering.manifests import render_manifest
from moorage_operator.rendering.owner import Owner

Manifest = Mapping[str, object]


def render_gateway_secret(
    owner: Owner, ring: str, ring_annotation: str, group_keys: Mapping[ResourceName, str]
) -> Manifest:
    """The Secret that gateway pods read: the key ring, and the keys of stdio groups."""
    groups = {str(name): key for name, key in sorted(group_keys.items())}
    return _secret(
        owner,
        {"ring": ring, "groups": json.dumps(groups, separators=(",", ":"))},
        {names.RING_ANNOTATION: ring_annotation},
    )


def render_group_secret(owner: Owner, keys: str, annotation: str) -> Manifest:
    """The Secret of a stdio group: what its sidecars ask for, and who was given it."""
    return _secret(owner, {"key": keys}, {names.GROUP_KEYS_ANNOTATION: annotation})


def _secret(owner: Owner, texts: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    return render_manifest(
        "secret",
        metadata=owner.metadata(annotations),
        data={name: base64.b64encode(text.encode()).decode() for name, text in texts.items()},
    )
