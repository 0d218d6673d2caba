"""What a benchmark tells while it runs."""

import sys


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
