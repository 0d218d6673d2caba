"""Small real media: one red pixel as PNG, a tenth of a second of silence as WAV."""

import base64
import io
import struct
import wave
import zlib

from mcp_types import (
    AudioContent,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)


def red_pixel_png() -> bytes:
    """A 1x1 RGB picture (PNG, W3C third edition, §5)."""
    header = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = _png_chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + _png_chunk(b"IEND", b"")


def _png_chunk(kind: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(kind + payload)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", checksum)


def silence_wav() -> bytes:
    """800 silent samples at 8 kHz, one channel."""
    container = io.BytesIO()
    with wave.open(container, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(8000)
        writer.writeframes(b"\x80" * 800)
    return container.getvalue()


def text(content: str) -> TextContent:
    return TextContent(type="text", text=content)


def image() -> ImageContent:
    data = base64.b64encode(red_pixel_png()).decode()
    return ImageContent(type="image", data=data, mime_type="image/png")


def audio() -> AudioContent:
    data = base64.b64encode(silence_wav()).decode()
    return AudioContent(type="audio", data=data, mime_type="audio/wav")


def embedded(uri: str, mime_type: str, content: str) -> EmbeddedResource:
    resource = TextResourceContents(uri=uri, mime_type=mime_type, text=content)
    return EmbeddedResource(type="resource", resource=resource)
