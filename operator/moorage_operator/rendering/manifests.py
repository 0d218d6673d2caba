"""jinja2 templates in YAML become manifests, and no value can change what a template means.

A value never passes through YAML text: every ``{{ … }}`` is a whole scalar there, written as a
numbered tag, and the loader puts the value itself into its place. So a group called ``on`` stays
a text, and nothing that a user writes can add a field.
"""

from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "!value"
_KEPT = "_kept_values"


def render_manifest(template: str, **values: object) -> dict[str, object]:
    """The manifest that ``templates/<template>.yaml.j2`` makes of the values."""
    kept: list[object] = []
    text = _ENVIRONMENT.get_template(f"{template}.yaml.j2").render({**values, _KEPT: kept})
    manifest: dict[str, object] = _load(text, kept)
    return manifest


def _load(text: str, kept: list[object]) -> Any:
    loader = _ManifestLoader(text)
    loader.kept = kept
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


class _ManifestLoader(_Loader):  # type: ignore[misc, valid-type]
    """Reads a rendered template; its tags stand for the values that were kept."""

    kept: list[object]

    def construct_kept(self, node: yaml.ScalarNode) -> object:
        return self.kept[int(node.value)]


@pass_context
def _keep(context: Context, value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError, which names the variable
    kept: list[object] = context[_KEPT]
    kept.append(value)
    return f"{_TAG} {len(kept) - 1}"


_ManifestLoader.add_constructor(_TAG, _ManifestLoader.construct_kept)
_ENVIRONMENT = Environment(
    loader=PackageLoader("moorage_operator.rendering"),
    undefined=StrictUndefined,
    finalize=_keep,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
    auto_reload=False,
)
