"""A child is applied when it is rendered anew or no longer stands as it was left."""

import copy
from typing import Any

from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.running.extracts import ChildExtract, child_extract, content_digest
from moorage_operator.running.left_children import UNSEEN_SECONDS, LeftChildren

KEY = ChildKey("Deployment", "agents", "g-gateway")
MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "g-gateway", "namespace": "agents"},
    "spec": {"replicas": 2},
}


def _object(version: int = 5, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(MANIFEST)
    document["metadata"] |= {"uid": "u1", "resourceVersion": str(version), "generation": 1}
    document["spec"] |= changes
    return document


def _extract(version: int = 5, **changes: Any) -> ChildExtract:
    return child_extract("Deployment", _object(version, **changes))


def _left() -> LeftChildren:
    left = LeftChildren()
    left.put(MANIFEST, _extract(), 0.0)
    return left


def test_what_stands_as_it_was_left_is_not_applied() -> None:
    assert not _left().must_apply(KEY, MANIFEST, _extract(), 1.0)
    assert not _left().must_apply(KEY, MANIFEST, _extract(9), 1.0)


def test_another_manifest_is_applied() -> None:
    changed = {**MANIFEST, "spec": {"replicas": 3}}
    assert _left().must_apply(KEY, changed, _extract(), 1.0)


def test_an_edit_is_undone_but_an_older_sight_of_it_is_no_edit() -> None:
    assert _left().must_apply(KEY, MANIFEST, _extract(6, paused=True), 1.0)
    assert not _left().must_apply(KEY, MANIFEST, _extract(4, paused=True), 1.0)


def test_replicas_are_drift_only_where_the_manifest_says_them() -> None:
    assert _left().must_apply(KEY, MANIFEST, _extract(6, replicas=7), 1.0)
    scaled = {**MANIFEST, "spec": {}}
    left = LeftChildren()
    left.put(scaled, _extract(), 0.0)
    assert not left.must_apply(KEY, scaled, _extract(6, replicas=7), 1.0)


def test_a_child_not_seen_yet_is_waited_for_and_a_deleted_one_is_not() -> None:
    left = _left()
    assert not left.must_apply(KEY, MANIFEST, None, UNSEEN_SECONDS - 1)
    assert left.must_apply(KEY, MANIFEST, None, UNSEEN_SECONDS)
    left.forget(KEY, "another uid")
    assert not left.must_apply(KEY, MANIFEST, None, 1.0)
    left.forget(KEY, "u1")
    assert left.must_apply(KEY, MANIFEST, None, 1.0)


def test_status_and_bookkeeping_are_not_content() -> None:
    plain, busy = _object(5), _object(6)
    busy["status"] = {"replicas": 2}
    busy["metadata"] |= {
        "managedFields": [{"manager": "x"}],
        "generation": 4,
        "annotations": {"deployment.kubernetes.io/revision": "3"},
    }
    assert content_digest(plain) == content_digest(busy)
    busy["metadata"]["annotations"]["mine"] = "yes"
    assert content_digest(plain) != content_digest(busy)
