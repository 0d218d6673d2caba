"""Numbers as people read them. Pure."""


def readable(value: float) -> str:
    """Four digits that matter, never an exponent: ``0.7258``, ``56.04``, ``30,024``."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
