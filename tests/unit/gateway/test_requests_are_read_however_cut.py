"""However the bytes of requests are cut into segments, the same requests come of them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.raw_http import call, post, request
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.relaying.request_reader import RequestReader
from moorage_gateway.settings import Limits

LIMITS = Limits(request_head_bytes=2000, request_body_bytes=3000)
CHUNKED = (
    b"POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: dropped\r\n\r\n"
)
CHUNKS_WITHOUT_END = request("POST", "Transfer-Encoding: chunked") + b"bb9\r\n" + b"a" * 3001
OFFER = post(b"offered", "Connection: Upgrade", "Upgrade: h2c")
REQUESTS = st.sampled_from(
    [post(call(1)), post(b""), request("GET"), request("DELETE", "X-A:  b \t"), CHUNKED]
)
Read = tuple[str, str, bytes, bool, bytes]


def read(octets: bytes, cuts: list[int]) -> tuple[list[Read], str | None]:
    taken: list[HttpRequest] = []
    reader = RequestReader(LIMITS, lambda: 1.0, taken.append)
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        if reader.refusal is None and not reader.is_deaf:
            reader.feed(octets[start:end])
    reason = None if reader.refusal is None else reader.refusal.reason
    return [(r.method, r.target, r.body, r.keep_alive, r.head.forward) for r in taken], reason


CUTS = st.lists(st.integers(0, 5000), max_size=30)


@settings(max_examples=150)
@given(st.lists(REQUESTS, min_size=1, max_size=5), st.booleans(), CUTS)
def test_requests_in_a_row(requests: list[bytes], offers: bool, cuts: list[int]) -> None:
    octets = b"".join(requests) + (OFFER + b"not HTTP any more" if offers else b"")
    whole, refusal = read(octets, [])
    assert refusal is None and len(whole) == len(requests) + offers
    assert read(octets, cuts) == (whole, None)
    assert read(octets, list(range(len(octets)))) == (whole, None)


@settings(max_examples=150)
@given(
    REQUESTS,
    st.sampled_from(
        [
            (b"NONSENSE\r\n\r\n", "MalformedHead"),
            (post(b"a" * 3001), "BodyTooLarge"),
            (CHUNKS_WITHOUT_END, "BodyTooLarge"),
            (request("GET", "X-A: " + "a" * 2001), "HeaderTooLarge"),
            (request("GET", "Host: other"), "DuplicateHeader"),
            (request("GET", version="HTTP/2.0"), "HttpVersionNotSupported"),
            (request("POST", "Content-Length: 1", "Transfer-Encoding: chunked"), "MalformedHead"),
        ]
    ),
    CUTS,
)
def test_what_is_refused_is_refused_by_the_same_name(
    good: bytes, bad: tuple[bytes, str], cuts: list[int]
) -> None:
    octets, reason = bad
    taken, refusal = read(good + octets, cuts)
    assert len(taken) == 1
    # A declared length is refused by the head alone, a body by its bytes: both are BodyTooLarge.
    assert refusal == reason


@pytest.mark.parametrize("piece", [1, 100])
def test_a_head_that_never_ends_is_refused_at_its_bound(piece: int) -> None:
    reader = RequestReader(LIMITS, lambda: 1.0, lambda request: None)
    reader.feed(b"GET / HTTP/1.1\r\nX-A: ")
    fed = 0
    while reader.refusal is None:
        reader.feed(b"a" * piece)
        fed += piece
    assert reader.refusal.reason == "HeaderTooLarge"
    assert fed < LIMITS.request_head_bytes + piece


def test_a_half_sent_request_knows_since_when() -> None:
    reader = RequestReader(LIMITS, lambda: 7.0, lambda request: None)
    assert not reader.begun_at
    octets = post(b"body", "Expect: 100-continue")
    reader.feed(octets[:10])
    assert reader.begun_at == 7.0 and reader.in_head and not reader.wants_continue
    reader.feed(octets[10:-4])
    assert not reader.in_head and reader.wants_continue
    reader.feed(octets[-4:-1])
    assert not reader.wants_continue
    reader.feed(octets[-1:])
    assert not reader.begun_at
