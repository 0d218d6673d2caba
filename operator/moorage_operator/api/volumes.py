"""``volumes`` and ``volumeMounts`` of a stdio group's pods: the kinds of volumes that servers need.

What would reach into the node (``hostPath``) is not among them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

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

PodObject = Mapping[str, object]
"""A part of a pod as Kubernetes writes it, with the defaults filled in and without nulls."""


def read_volumes(stdio: Members) -> tuple[PodObject, ...]:
    """The volumes, each of one kind; their names differ."""
    items = stdio.items("volumes", bounds.POD_ITEMS)
    volumes = tuple(map(_read_volume, items))
    refuse_repeated(items, [str(volume["name"]) for volume in volumes])
    return volumes


def read_volume_mounts(stdio: Members, volumes: tuple[PodObject, ...]) -> tuple[PodObject, ...]:
    """The mounts, each of one of the volumes; their paths differ."""
    items = stdio.items("volumeMounts", bounds.POD_ITEMS)
    known = {str(volume["name"]) for volume in volumes}
    mounts = tuple(_read_mount(item, known) for item in items)
    refuse_repeated(items, [str(mount["mountPath"]) for mount in mounts])
    return mounts


def without_nulls(**members: object) -> PodObject:
    """The members that are there."""
    return {name: member for name, member in members.items() if member is not None}


def _read_volume(item: Value) -> PodObject:
    with item.members() as volume:
        name = volume.text("name", volume_name)
        given = {kind: at for kind in _KINDS if (at := volume.optional(kind)) is not None}
        if len(given) != 1:
            message = f"is of {len(given)} kinds"
            volume.refuse("Contradiction", message, f"give exactly one of {', '.join(_KINDS)}")
        return without_nulls(
            name=name, **{kind: _read_kind(kind, at) for kind, at in given.items()}
        )


def _read_kind(kind: str, value: Value) -> PodObject:
    with value.members() as source:
        return _KINDS[kind](source)


def _read_empty_dir(source: Members) -> PodObject:
    medium = source.optional("medium")
    return without_nulls(
        medium=None if medium is None else medium.choice(EMPTY_DIR_MEDIA),
        sizeLimit=source.optional_text("sizeLimit", quantity),
    )


def _read_config_map(source: Members) -> PodObject:
    return without_nulls(name=source.text("name", object_name), **_read_files(source))


def _read_secret(source: Members) -> PodObject:
    return without_nulls(secretName=source.text("secretName", object_name), **_read_files(source))


def _read_files(source: Members) -> PodObject:
    mode = source.optional("defaultMode")
    return without_nulls(
        optional=source.boolean("optional", default=False),
        defaultMode=None if mode is None else mode.integer(bounds.FILE_MODE),
    )


def _read_claim(source: Members) -> PodObject:
    return without_nulls(
        claimName=source.text("claimName", object_name),
        readOnly=source.boolean("readOnly", default=False),
    )


def _read_mount(item: Value, volumes: set[str]) -> PodObject:
    with item.members() as mount:
        name = mount.text("name", volume_name)
        if name and name not in volumes:
            message = "names none of the volumes"
            mount.refuse("Contradiction", message, "add the volume or correct the name")
        return without_nulls(
            name=name,
            mountPath=mount.text("mountPath", mount_path),
            subPath=mount.optional_text("subPath", sub_path),
            readOnly=mount.boolean("readOnly", default=False),
        )


_KINDS: Mapping[str, Callable[[Members], PodObject]] = MappingProxyType(
    {
        "emptyDir": _read_empty_dir,
        "configMap": _read_config_map,
        "secret": _read_secret,
        "persistentVolumeClaim": _read_claim,
    }
)
