"""The still: an image becomes a clip of one frame, in a limited child.

JPEG, PNG and WebP; of an animation the first picture. Turned as its EXIF says, colors
brought to sRGB, what is transparent put on white, cropped around its center.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from longtake import sizes
from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media import child
from longtake.media.clip import Color
from longtake.media.color import Converter
from longtake.media.delivery import Delivery
from longtake.media.join.encode import Picture, add_encoder
from longtake.media.join.output import Output
from longtake.media.join.recode import recoded
from longtake.media.join.schedule import Schedule
from longtake.media.wire import Frame

RATE = Fraction(24)  # frames per second
MAX_PIXELS = 50_000_000
_MIN_SIDE = 16  # pixels
_TICK = 1 / (RATE * 512)  # as FFmpeg counts at this rate
_FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
_BT709 = Color(matrix=1, full_range=False, primaries=1, transfer=1)
_PIXEL_FORMAT = "yuv420p"
_CPU_S = 60
_MEMORY_BYTES = 4 << 30
_ORIENTATION = 0x0112  # EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def still(image: Path, clip: Path, *, aspect: str | None, hd: bool) -> None:
    """Make the mp4 file ``clip`` of the one frame ``image``, 24 frames per second.

    ``aspect`` is one of sizes.ASPECTS, None the one nearest to the image. Raises
    ClipUnreadable for what is no whole image of the formats taken, ClipRefused for one
    that is too large or too small, OutputRefused.
    """
    image = Path(image).absolute()
    with Delivery(Path(clip).absolute(), force=True, sources=(image,)) as place:
        request = {
            "image": str(image),
            "clip": str(place.path),
            "aspect": aspect,
            "hd": hd,
        }
        with child.Child(
            "longtake.media.still",
            request,
            reads=(image,),
            writes=(place.path,),
            cpu_s=_CPU_S,
            memory_bytes=_MEMORY_BYTES,
        ) as maker:
            maker.result()
        place.deliver()


def work(request: dict[str, Any], _: child.Channel) -> dict[str, Any]:
    """In the child: read the image, write the clip."""
    Image.MAX_IMAGE_PIXELS = None  # ours is looked at instead
    frame = _framed(Path(request["image"]), request["aspect"], hd=request["hd"])
    _write(Path(request["clip"]), frame)
    return {}


def _framed(path: Path, aspect: str | None, *, hd: bool) -> Frame:
    """The image as the clip shows it: (height, width, 3) uint8, RGB."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            _check(path.name, *image.size)
            image.load()
            turn = _UPRIGHT.get(_orientation(image))
            plain = _plain(image)
    except (ClipRefused, MemoryError):
        raise
    except Exception as error:  # Pillow raises nearly anything over damaged bytes
        raise ClipUnreadable(
            f"{path.name} is not a whole JPEG, PNG or WebP image ({error}); save it again "
            "as one of these."
        ) from error
    if turn is not None:
        plain = plain.transpose(turn)
    size = sizes.size(aspect or sizes.nearest(*plain.size), hd=hd)
    resized = plain.resize(
        size, Image.Resampling.LANCZOS, box=_cropped(plain.size, size)
    )
    return np.asarray(resized, np.uint8)


def _check(name: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS or min(width, height) < _MIN_SIDE:
        raise ClipRefused(
            f"{name} is {width}x{height}; images from {_MIN_SIDE} pixels a side to "
            f"{MAX_PIXELS:,} pixels in all are taken, so scale it first."
        )


def _orientation(image: Image.Image) -> int:
    """What EXIF says of it, 0 where that cannot be read: it shows all the same."""
    try:
        return int(image.getexif().get(_ORIENTATION, 0))
    except Exception:  # noqa: BLE001 - a third party's parser over outside bytes
        return 0


def _plain(image: Image.Image) -> Image.Image:
    """``image`` in RGB, 8 bits, sRGB, on white."""
    if image.mode.startswith("I"):  # 16 bits of gray, which convert() would cut off
        gray = np.asarray(image).astype(np.float64) / 257
        image = Image.fromarray(np.clip(np.rint(gray), 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        alpha = seen.getchannel("A")
        white = Image.new("RGB", image.size, "white")
        white.paste(_srgb(seen.convert("RGB"), image), mask=alpha)
        return white
    # A palette's profile is one of its colors.
    return _srgb(image.convert("RGB") if image.mode == "P" else image, image)


def _srgb(image: Image.Image, about: Image.Image) -> Image.Image:
    """``image`` in sRGB, by the color profile that ``about`` carries, if any fits."""
    profile = about.info.get("icc_profile")
    if profile:
        try:
            found = ImageCms.profileToProfile(
                image,
                BytesIO(profile),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile, or one for other colors than these
        else:
            assert found is not None, "not in place"
            return found
    return image.convert("RGB")


def _cropped(
    size: tuple[int, int], target: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The largest box of ``target``'s shape in the middle of ``size``."""
    width, height = size
    scale = min(width / target[0], height / target[1])
    across, down = target[0] * scale, target[1] * scale
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, min(left + across, width), min(top + down, height)


def _write(path: Path, frame: Frame) -> None:
    height, width = frame.shape[:2]
    picture = Picture(width, height, _PIXEL_FORMAT, Fraction(1), _BT709, RATE)
    schedule = Schedule(kept=[], n_new=1, rate=RATE, tick=_TICK)
    output = Output(path, "mp4", ticks=[_TICK])
    stream = add_encoder(output, picture, _TICK)

    def frames() -> Iterator[av.VideoFrame]:
        yield Converter(_BT709, width, height, _PIXEL_FORMAT).to_video(frame)

    output.pour([recoded(stream, frames(), schedule)])
    output.close()


if __name__ == "__main__":
    child.main(work)
