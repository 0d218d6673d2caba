"""What goes into a template comes out as it was: no value can say anything but itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from moorage_operator.rendering.manifests import render_manifest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES, VALUES)
def test_any_value_is_kept(data: Any, metadata: Any) -> None:
    manifest = render_manifest("secret", metadata=metadata, data=data)

    assert manifest == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": data,
    }


@pytest.mark.parametrize(
    "text",
    [
        "on",
        "null",
        "1e3",
        "0o17",
        "2026-11-24",
        "!value 0",
        "a: b",
        "# comment",
        "{{ metadata }}",
        "x\n- y: z",
        "\u0085\u2028\ufeff\x07\ud800",
        "&a *a <<",
    ],
)
def test_text_stays_text(text: str) -> None:
    assert render_manifest("secret", metadata={}, data=text)["data"] == text


def test_a_value_that_was_forgotten_is_told() -> None:
    with pytest.raises(UndefinedError, match="data"):
        render_manifest("secret", metadata={})
