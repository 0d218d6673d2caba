"""``volumes`` and ``volumeMounts`` of a stdio group's pods: the kinds of volumes that servers need.

What would reach into the node (``hostPath``) is not among them.
"""

from collections.abc import Callable, Mapping

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import (
    mount_path,
    object_name,
    quantity,
    sub_path,
    volume_name,
)
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Members, Value

EMPTY_DIR_MEDIA = ("Memory",)

RawObjects = tuple[Mapping[str, object], ...]


def read_volumes(stdio: Members) -> RawObjects:
    """The volumes as written, each of one kind; their names differ."""
    items = stdio.items("volumes", bounds.POD_ITEMS)
    refuse_repeated(items, [_read_volume(item) for item in items])
    return _as_written(items)


def read_volume_mounts(stdio: Members, volumes: RawObjects) -> RawObjects:
    """The mounts as written, each of one of the volumes; their paths differ."""
    items = stdio.items("volumeMounts", bounds.POD_ITEMS)
    known = {volume.get("name") for volume in volumes}
    refuse_repeated(items, [_read_mount(item, known) for item in items])
    return _as_written(items)


def _as_written(items: list[Value]) -> RawObjects:
    return tuple(mapping for item in items if isinstance(mapping := item.raw, Mapping))


def _read_volume(item: Value) -> str:
    with item.members() as volume:
        name = volume.text("name", volume_name)
        given = [
            (read, at) for kind, read in _KINDS.items() if (at := volume.optional(kind)) is not None
        ]
        for read, at in given:
            with at.members() as source:
                read(source)
        if len(given) != 1:
            message = f"is of {len(given)} kinds"
            volume.refuse("Contradiction", message, f"give exactly one of {', '.join(_KINDS)}")
    return name


def _read_empty_dir(source: Members) -> None:
    medium = source.optional("medium")
    if medium is not None:
        medium.choice(EMPTY_DIR_MEDIA)
    source.optional_text("sizeLimit", quantity)


def _read_config_map(source: Members) -> None:
    source.text("name", object_name)
    _read_files(source)


def _read_secret(source: Members) -> None:
    source.text("secretName", object_name)
    _read_files(source)


def _read_files(source: Members) -> None:
    source.boolean("optional", default=False)
    mode = source.optional("defaultMode")
    if mode is not None:
        mode.integer(bounds.FILE_MODE)


def _read_claim(source: Members) -> None:
    source.text("claimName", object_name)
    source.boolean("readOnly", default=False)


def _read_mount(item: Value, volumes: set[object]) -> str:
    with item.members() as mount:
        name = mount.text("name", volume_name)
        path = mount.text("mountPath", mount_path)
        mount.optional_text("subPath", sub_path)
        mount.boolean("readOnly", default=False)
        if name and name not in volumes:
            message = "names none of the volumes"
            mount.refuse("Contradiction", message, "add the volume or correct the name")
    return path


_KINDS: Mapping[str, Callable[[Members], None]] = {
    "emptyDir": _read_empty_dir,
    "configMap": _read_config_map,
    "secret": _read_secret,
    "persistentVolumeClaim": _read_claim,
}
