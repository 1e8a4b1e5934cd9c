"""An image becomes a clip of one frame: what it shows is known; hostile ones are refused."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageCms

from longtake import clock, sizes
from longtake.errors import Canceled, ClipRefused, ClipUnreadable, OutputRefused
from longtake.media import decode, stopping
from longtake.media.clip import Color
from longtake.media.color import Converter
from longtake.media.probe import probe
from longtake.media.still import MAX_PIXELS, still
from longtake.media.wire import Frame

RED, GREEN, BLUE, GRAY = (200, 30, 30), (30, 160, 40), (30, 40, 190), (120, 120, 120)
BT709, LIMITED = 1, 1  # as FFmpeg numbers them
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
NEAR = 6  # levels: what 8-bit YCbCr and an encoder at high quality leave
_EXIF_ORIENTATION = 0x0112


def quarters(width: int = 208, height: int = 208) -> Image.Image:
    """Red and green above, blue and gray below."""
    image = Image.new("RGB", (width, height), GRAY)
    across, down = width // 2, height // 2
    image.paste(RED, (0, 0, across, down))
    image.paste(GREEN, (across, 0, width, down))
    image.paste(BLUE, (0, down, across, height))
    return image


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def shown(image: Path, *, aspect: str | None = None, hd: bool = False) -> Frame:
    """The one frame of the clip made of ``image``."""
    clip = image.with_suffix(".mp4")
    still(image, clip, aspect=aspect, hd=hd)
    with av.open(str(clip)) as container:
        (frame,) = container.decode(video=0)
    assert (frame.colorspace, frame.color_range) == (BT709, LIMITED)
    tags = Color(matrix=BT709, full_range=False, primaries=BT709, transfer=BT709)
    return Converter(tags, frame.width, frame.height, "yuv420p").to_rgb(frame)


def color(frame: Frame, across: float, down: float) -> tuple[int, ...]:
    """The mean color around a point, given in shares of the picture's sides."""
    height, width = frame.shape[:2]
    x, y = round(across * width), round(down * height)
    return tuple(frame[y - 8 : y + 8, x - 8 : x + 8].mean(axis=(0, 1)).round())


def corners(frame: Frame) -> list[tuple[int, ...]]:
    return [color(frame, x, y) for y in (0.25, 0.75) for x in (0.25, 0.75)]


def is_quarters(frame: Frame) -> bool:
    return bool(
        np.abs(np.subtract(corners(frame), (RED, GREEN, BLUE, GRAY))).max() < NEAR
    )


# -- what it shows --------------------------------------------------------------------


@pytest.mark.parametrize(
    "aspect", ["1:1", "9:16", pytest.param("2:1", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("hd", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_has_the_size_of_the_table(tmp_path: Path, aspect: str, *, hd: bool) -> None:
    frame = shown(saved(quarters(), tmp_path / "image.png"), aspect=aspect, hd=hd)
    width, height = sizes.size(aspect, hd=hd)
    assert frame.shape == (height, width, 3)


def test_it_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    image, clip = saved(quarters(), tmp_path / "image.png"), tmp_path / "clip.mp4"
    still(image, clip, aspect=None, hd=False)
    video = probe(clip).video
    assert (video.n_frames, video.rate, video.duration) == (
        1,
        Fraction(24),
        Fraction(1, 24),
    )
    (frame,) = decode.frames(probe(clip), first=0, count=1)
    assert is_quarters(frame)


def test_it_is_cropped_in_the_middle(tmp_path: Path) -> None:
    image = Image.new("RGB", (900, 300), RED)
    image.paste(GREEN, (300, 0, 600, 300))
    frame = shown(saved(image, tmp_path / "image.png"), aspect="1:1")
    assert np.abs(frame[:, 8:-8].astype(int) - GREEN).max() < NEAR


def test_unasked_it_takes_the_nearest_aspect(tmp_path: Path) -> None:
    frame = shown(saved(quarters(1000, 660), tmp_path / "image.png"))
    assert frame.shape[:2] == (512, 768)
    assert is_quarters(frame)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_obeyed(tmp_path: Path, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters(416, 232)
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    frame = shown(saved(image, tmp_path / "image.jpg", exif=exif, quality=95))
    assert frame.shape[:2] == (464, 832)
    assert is_quarters(frame)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_exif_is_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 3
    image = quarters().transpose(Image.Transpose.ROTATE_180)
    path = saved(image, tmp_path / f"image.{suffix}", exif=exif, lossless=True)
    assert is_quarters(shown(path))


def test_broken_exif_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = saved(quarters(), tmp_path / "image.jpg", exif=b"Exif\0\0MM\0*nonsense")
    assert is_quarters(shown(path))


def test_cmyk(tmp_path: Path) -> None:
    path = saved(quarters().convert("CMYK"), tmp_path / "image.jpg", quality=95)
    assert is_quarters(shown(path))


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_gray(tmp_path: Path, mode: str) -> None:
    """Of 16 bits the upper 8 count: cut off instead, all of it would be white."""
    levels = np.repeat(np.linspace(0, 255, 208).round()[None], 208, axis=0)
    pixels = (
        levels.astype(np.uint8) if mode == "L" else (levels * 257).astype(np.uint16)
    )
    frame = shown(saved(Image.fromarray(pixels), tmp_path / "image.png"))
    for across in (0.25, 0.5, 0.75):
        assert color(frame, across, 0.5) == pytest.approx([across * 255] * 3, abs=NEAR)


def png(width: int, height: int, kind: int, depth: int, data: bytes) -> bytes:
    """A PNG of given header and pixel data, whether they fit or not."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_16_bit_color(tmp_path: Path) -> None:
    pixels = (np.asarray(quarters()).astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path = tmp_path / "image.png"
    path.write_bytes(png(208, 208, 2, 16, rows))
    assert is_quarters(shown(path))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_put_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (208, 208), (*BLACK, 255))
    image.paste((*GRAY, 0), (104, 0, 208, 208))
    options = {}
    if mode == "P":
        image, options = image.convert("P"), {"transparency": 255}
        image.paste(255, (104, 0, 208, 208))
    else:
        image = image.convert(mode)
    frame = shown(saved(image, tmp_path / "image.png", **options))
    assert color(frame, 0.25, 0.5) == pytest.approx(BLACK, abs=NEAR)
    assert color(frame, 0.75, 0.5) == pytest.approx(WHITE, abs=NEAR)


def test_of_an_animation_the_first_picture(tmp_path: Path) -> None:
    later = Image.new("RGB", (208, 208), BLACK)
    path = tmp_path / "image.webp"
    quarters().save(path, save_all=True, append_images=[later] * 3, lossless=True)
    assert is_quarters(shown(path))


def profile(*, swapped: bool) -> bytes:
    """sRGB, or a space whose red is sRGB's green, and the other way round."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if swapped:
        red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
        data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_its_color_profile_counts(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (208, 208), (200, 0, 0)).convert(mode)
    plain = saved(image, tmp_path / "a.png", icc_profile=profile(swapped=False))
    swapped = saved(image, tmp_path / "b.png", icc_profile=profile(swapped=True))
    assert color(shown(plain), 0.5, 0.5) == pytest.approx((200, 0, 0), abs=NEAR)
    assert color(shown(swapped), 0.5, 0.5) == pytest.approx((0, 200, 0), abs=NEAR)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_profile_that_does_not_fit_is_left_aside(tmp_path: Path, mode: str) -> None:
    for icc in (b"nonsense" * 30, profile(swapped=True) if mode == "L" else b"x"):
        image = Image.new(mode, (208, 208), "gray")
        path = saved(image, tmp_path / "image.png", icc_profile=icc)
        assert color(shown(path), 0.5, 0.5) == pytest.approx([128] * 3, abs=NEAR)


# -- what is refused ------------------------------------------------------------------


def encoded(image_format: str) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (208, 208, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, image_format)
    return file.getvalue()


def refuses(path: Path, kind: type[Exception], said: str) -> None:
    """It is refused, and nothing is left beside it."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(kind, match=said):
        still(path, path.with_suffix(".mp4"), aspect=None, hd=False)
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_half_an_image(tmp_path: Path, image_format: str) -> None:
    data = encoded(image_format)
    path = tmp_path / "image"
    path.write_bytes(data[: len(data) // 2])
    refuses(path, ClipUnreadable, "not a whole JPEG, PNG or WebP")


@pytest.mark.parametrize("image_format", ["GIF", "TIFF", "BMP", "PPM", "ICO", "AVIF"])
def test_another_format(tmp_path: Path, image_format: str) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(encoded(image_format))
    refuses(path, ClipUnreadable, "not a whole JPEG, PNG or WebP")


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
)
def test_no_image(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(data)
    refuses(path, ClipUnreadable, "not a whole JPEG, PNG or WebP")


def test_no_file(tmp_path: Path) -> None:
    refuses(tmp_path / "image.png", ClipUnreadable, "not a whole")


def vp8x(width: int, height: int) -> bytes:
    """An animated WebP whose header promises a canvas."""
    file = BytesIO()
    quarters().save(file, "WEBP", save_all=True, append_images=[quarters().rotate(90)])
    data = bytearray(file.getvalue())
    at = data.index(b"VP8X") + 12
    data[at : at + 3] = (width - 1).to_bytes(3, "little")
    data[at + 3 : at + 6] = (height - 1).to_bytes(3, "little")
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png(30_000, 30_000, 0, 8, bytes(30_001 * 300)),
        png(2**31 - 1, 2**31 - 1, 6, 16, b""),
        png(MAX_PIXELS // 100 + 1, 100, 0, 8, b""),
        vp8x(16_383, 16_383),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(data)
    began = clock.monotonic_s()
    refuses(path, ClipRefused, "50,000,000 pixels in all are taken")
    assert clock.monotonic_s() - began < 5


def test_text_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    body = b"comment\0\0" + zlib.compress(bytes(200 << 20))
    text = struct.pack(">I", len(body)) + b"zTXt" + body
    text += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = encoded("PNG")
    path = tmp_path / "image.png"
    path.write_bytes(data[:33] + text + data[33:])
    refuses(path, ClipUnreadable, "not a whole JPEG, PNG or WebP")


def test_too_small(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (1, 1)), tmp_path / "image.png")
    refuses(path, ClipRefused, "image.png is 1x1")


@pytest.mark.slow
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_damaged_bytes_are_shown_or_refused(tmp_path: Path, image_format: str) -> None:
    rng = np.random.default_rng(7)
    data = np.frombuffer(encoded(image_format), np.uint8)
    path = tmp_path / "image"
    for _ in range(8):
        damaged = data.copy()
        places = rng.integers(0, len(data) if rng.random() < 0.5 else 120, 6)
        damaged[places] = rng.integers(0, 256, 6)
        path.write_bytes(damaged.tobytes())
        try:
            still(path, tmp_path / "clip.mp4", aspect=None, hd=False)
        except (ClipUnreadable, ClipRefused):
            continue
        assert probe(tmp_path / "clip.mp4").video.n_frames == 1


def test_no_folder_to_write_to(tmp_path: Path) -> None:
    path = saved(quarters(), tmp_path / "image.png")
    with pytest.raises(OutputRefused, match="does not exist"):
        still(path, tmp_path / "nowhere" / "clip.mp4", aspect=None, hd=False)


def test_a_stop_ends_it(tmp_path: Path) -> None:
    path = saved(quarters(), tmp_path / "image.png")
    stop = Event()
    stop.set()
    with stopping.heeding(stop):
        refuses(path, Canceled, "nothing was left")
