"""Amounts as Kubernetes writes them, like ``250m`` or ``512Mi``."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([A-Za-z]*)")
_DECIMAL_STEPS = "kMGTPE"
_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{letter: Decimal(1000) ** step for step, letter in enumerate(_DECIMAL_STEPS, 1)},
    **{
        f"{letter.upper()}i": Decimal(1024) ** step for step, letter in enumerate(_DECIMAL_STEPS, 1)
    },
}


def amount_of(quantity: str) -> Decimal | None:
    """The amount that the text stands for; None if it is no quantity."""
    parts = _QUANTITY.fullmatch(quantity)
    if parts is None or parts[2] not in _FACTORS:
        return None
    return Decimal(parts[1]) * _FACTORS[parts[2]]
