"""Threat P3: nobody finds a session id by guessing; 128 bits of each look random."""

import base64
from collections import Counter

from fakes.capsule_samples import CONTENT_OF, ROUTE, octets, sealed, sealer_of
from moorage_wire.capsules import BadCapsule, CapsuleKind, SessionContent, open_content

CAPSULES = 20_000
TAG_BYTES = 16


def tags_of_equal_contents() -> list[bytes]:
    sealer = sealer_of()
    texts = (sealed(CapsuleKind.EVENT, 1, sealer) for _ in range(CAPSULES))
    return [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[-TAG_BYTES:] for text in texts]


def test_sec_p3_tags_never_repeat_and_are_spread_evenly() -> None:
    tags = tags_of_equal_contents()
    halves = {tag[:8] for tag in tags} | {tag[8:] for tag in tags}
    assert len(halves) == 2 * CAPSULES
    counts = Counter(b"".join(tags))
    expected = CAPSULES * TAG_BYTES / 256
    chi_square = sum((counts[octet] - expected) ** 2 / expected for octet in range(256))
    assert 170 < chi_square < 360  # 255 degrees of freedom; both tails together below 10^-4


def test_sec_p3_knowing_all_but_the_key_is_not_enough() -> None:
    sealer = sealer_of()
    known = sealed(CapsuleKind.SESSION, 1, sealer)
    content = CONTENT_OF[CapsuleKind.SESSION](1)
    assert isinstance(content, SessionContent)
    accepted = 0
    for guess in range(2_000):
        text = known[:-22] + base64.urlsafe_b64encode(octets(f"guess {guess}", 16))[:22].decode()
        try:
            accepted += open_content(sealer, CapsuleKind.SESSION, ROUTE, text) == content
        except BadCapsule:
            continue
    assert accepted == 0
