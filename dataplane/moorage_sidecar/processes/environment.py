"""Which environment a stdio server sees (pure)."""

from collections.abc import Mapping

INHERITED_VARIABLES = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG")
INHERITED_PREFIX = "LC_"


def child_environment(parent: Mapping[str, str], configured: Mapping[str, str]) -> dict[str, str]:
    """The inherited few and everything configured; configured values win.

    The bridge's own secrets stay with the bridge. A value that starts with ``()`` is an exported
    shell function and would be run by a shell, so it is not inherited.
    """
    inherited = {
        name: value
        for name, value in parent.items()
        if (name in INHERITED_VARIABLES or name.startswith(INHERITED_PREFIX))
        and not value.startswith("()")
    }
    return {**inherited, **configured}
