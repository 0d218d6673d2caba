"""What a plain YAML scalar means to Kubernetes: text, number, boolean or nothing."""

from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

NUMBER_CHARACTERS = 64
_PREFIX = "tag:yaml.org,2002:"
KNOWN_TAGS = frozenset(f"{_PREFIX}{name}" for name in ("str", "int", "float", "bool", "null"))

_resolver = Resolver()
_constructor = SafeConstructor()


def resolve(text: str, tag: str | None, plain: bool) -> object:
    """The value of a scalar with that tag (None: none given); quoted ones are text.

    Dates, numbers of more than 64 characters and sexagesimal numbers (``1:30``) stay text.
    """
    kind = (tag or _implied_tag(text, plain)).removeprefix(_PREFIX)
    if kind == "null":
        return None
    if kind == "bool":
        return SafeConstructor.bool_values.get(text.lower(), text)
    if kind in ("int", "float") and len(text) <= NUMBER_CHARACTERS and ":" not in text:
        return _number(kind, text)
    return text


def _implied_tag(text: str, plain: bool) -> str:
    if not plain:
        return f"{_PREFIX}str"
    return str(_resolver.resolve(ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _number(kind: str, text: str) -> object:
    node = ScalarNode(f"{_PREFIX}{kind}", text)
    try:
        if kind == "int":
            return _constructor.construct_yaml_int(node)
        return _constructor.construct_yaml_float(node)
    except ValueError:
        return text
