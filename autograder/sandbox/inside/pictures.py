"""Pictures that student code made: drawn again before anything shows them.

The bytes may be anything: a bomb of a billion pixels, a file that attacks its reader, a script
behind the name of a picture. `redrawn` is run in a process that may die, and what it returns is a
PNG of our own making: pixels, and nothing else of what came.
"""

from __future__ import annotations

import io

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 16_000_000  # of what is read: a figure of 40 by 40 inches has as many
MAX_SIDE = 1600  # pixels of what is drawn


def redrawn(data: bytes, size: int) -> bytes:
    """Return a PNG of the same pixels, made smaller where it must be; nothing if that fails.

    Args:
        data: what should be a PNG.
        size: the bytes that the result may have.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return b""
            opaque = not picture.has_transparency_data
            pixels = picture.convert("RGB" if opaque else "RGBA")
    except Exception:
        # Pillow raises many kinds of errors about a broken file; none of them is ours.
        return b""
    pixels.info = {}  # texts, colour profiles and the like came with the file
    pixels.thumbnail((MAX_SIDE, MAX_SIDE))
    drawn = io.BytesIO()
    pixels.save(drawn, "PNG")
    return drawn.getvalue() if drawn.tell() <= size else b""


def is_png(data: bytes, size: int) -> bool:
    """Does it look like a PNG of at most so many bytes?"""
    return len(data) <= size and data.startswith(SIGNATURE)
