"""What capsules say survives releases, stays within its bounds and shows nothing in the clear."""

import base64

import msgspec
import pytest

from fakes.capsule_samples import CONTENT_OF, ROUTE, octets, sealed, sealer_of, uid
from moorage_wire.capsules import (
    MAX_SESSION_ID_CHARS,
    BadCapsule,
    CapsuleKind,
    CapsuleTooLarge,
    CursorContent,
    SessionContent,
    StateContent,
    open_content,
    open_state,
    seal_content,
    seal_state,
)

ALL_KINDS = pytest.mark.parametrize("kind", CapsuleKind, ids=lambda kind: kind.name.lower())


@ALL_KINDS
def test_an_older_release_opens_what_a_newer_one_sealed(kind: CapsuleKind) -> None:
    newer = [*msgspec.to_builtins(CONTENT_OF[kind](1), builtin_types=(bytes,)), "appended", 7]
    text = sealer_of().seal(kind, ROUTE, msgspec.msgpack.encode(newer))
    assert open_content(sealer_of(), kind, ROUTE, text) == CONTENT_OF[kind](1)


def test_a_newer_release_opens_what_an_older_one_sealed() -> None:
    older = ["uid", "sid", b"tag", "2025-11-25", 1]
    text = sealer_of().seal(CapsuleKind.SESSION, ROUTE, msgspec.msgpack.encode(older))
    content = open_content(sealer_of(), CapsuleKind.SESSION, ROUTE, text)
    assert content == SessionContent("uid", "sid", b"tag", "2025-11-25", 1, 0, b"")


@ALL_KINDS
@pytest.mark.parametrize("content", [b"", b"\xc1", msgspec.msgpack.encode([1, 2, 3])])
def test_sealed_nonsense_is_a_bad_capsule(kind: CapsuleKind, content: bytes) -> None:
    text = sealer_of().seal(kind, ROUTE, content)
    with pytest.raises(BadCapsule) as refusal:
        open_content(sealer_of(), kind, ROUTE, text)
    assert refusal.value.why == "content"


@ALL_KINDS
def test_a_kind_holds_only_its_own_content(kind: CapsuleKind) -> None:
    wrong = CONTENT_OF[CapsuleKind.TASK if kind is not CapsuleKind.TASK else CapsuleKind.EVENT](1)
    with pytest.raises(TypeError):
        seal_content(sealer_of(), kind, ROUTE, wrong)


@ALL_KINDS
def test_a_text_fits_into_any_header_and_url(kind: CapsuleKind) -> None:
    text = sealed(kind)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()


def test_nothing_of_the_content_can_be_read() -> None:
    content = CONTENT_OF[CapsuleKind.SESSION](1)
    assert isinstance(content, SessionContent)
    text = sealed(CapsuleKind.SESSION, 1)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for secret in (
        content.endpoint_uid.encode(),
        content.upstream_session_id.encode(),
        content.principal_tag,
        content.protocol_version.encode(),
        content.initialize_params[:8],
    ):
        assert secret not in raw


def test_a_typical_session_id_is_short() -> None:
    assert len(sealed(CapsuleKind.SESSION)) <= 330


def test_a_session_id_ends_at_four_kibibytes() -> None:
    lengths = [len(seal_with_upstream_id(size)) for size in (36, 600, 1500)]
    assert lengths == sorted(lengths)
    assert max(lengths) <= MAX_SESSION_ID_CHARS
    with pytest.raises(CapsuleTooLarge, match="session id must be shorter"):
        seal_with_upstream_id(3000)


def seal_with_upstream_id(size: int) -> str:
    content = SessionContent(
        uid(1), "s" * size, octets("p", 16), "2025-11-25", 1_790_000_000, 0, octets("params", 1024)
    )
    return seal_content(sealer_of(), CapsuleKind.SESSION, ROUTE, content)


def test_a_cursor_that_no_client_could_send_back_is_refused_by_name() -> None:
    content = CursorContent(uid(1), b"p" * 16, b"b" * 16, "c" * 5000, 1)
    with pytest.raises(CapsuleTooLarge, match="cursor"):
        seal_content(sealer_of(), CapsuleKind.CURSOR, ROUTE, content)


def test_a_state_ends_at_a_mebibyte() -> None:
    content = CONTENT_OF[CapsuleKind.STATE](1)
    assert isinstance(content, StateContent)
    longest = "s" * (1_048_576 - 6144)
    text = seal_state(sealer_of(), ROUTE, content, longest)
    assert open_state(sealer_of(), ROUTE, text) == (content, longest)
    with pytest.raises(CapsuleTooLarge, match="request state"):
        seal_state(sealer_of(), ROUTE, content, longest + "s")
    with pytest.raises(BadCapsule) as refusal:
        open_state(sealer_of(), ROUTE, text + "s" * 6144)
    assert refusal.value.why == "length"
