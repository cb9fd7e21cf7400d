"""Pictures without a picture library: a colour gradient as a PNG file."""

import struct
import zlib


def gradient(width: int, height: int, seed: int) -> bytes:
    """A PNG of `width` x `height` pixels whose colour follows from `seed`."""
    red, blue = 40 + seed * 37 % 160, 90 + seed * 61 % 150
    row = b"".join(bytes((red, x * 255 // width, blue)) for x in range(width))
    pixels = (b"\0" + row) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
