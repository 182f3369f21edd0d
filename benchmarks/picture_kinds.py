"""Pictures as people hand them in, drawn from MNIST's test images: one function for each kind.

Nothing here looks at how pictures are read. A picture is an image of Pillow and how it is saved.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Array = NDArray[np.float64]
Colour = tuple[float, ...]
Random = np.random.Generator

WHITE: Colour = (250, 250, 248)
BLACK: Colour = (25, 25, 30)
BLUE: Colour = (25, 30, 130)
CLOCKWISE = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
"""How an image is moved so that a pixel's neighbours come to it, from the one above around."""

FINE = 8
"""Times that a 28x28 image is enlarged to find the middle of its strokes."""


@dataclass(frozen=True)
class Picture:
    """A picture and how it is saved."""

    image: Image.Image
    suffix: str = ".png"
    options: tuple[tuple[str, Any], ...] = ()

    def content(self) -> bytes:
        """The file's bytes."""
        file = io.BytesIO()
        formats = {".png": "PNG", ".jpg": "JPEG", ".gif": "GIF", ".tif": "TIFF"}
        self.image.save(file, formats[self.suffix], **dict(self.options))
        return file.getvalue()


class Digit:
    """One of MNIST's images, which can be drawn with a pen of any width."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.image = image
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        self.tight = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        side = FINE * len(image)
        large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
        self.middle = np.argwhere(_thinned(np.asarray(large) > 127)) / FINE

    def thick(self, height: float) -> Array:
        """MNIST's own strokes, cropped, from 0 to 1."""
        scale = height / max(self.tight.shape)
        size = tuple(max(1, round(scale * length)) for length in self.tight.shape[::-1])
        image = Image.fromarray(self.tight).resize(size, Image.Resampling.BICUBIC)
        return np.asarray(image) / 255.0

    def pen(self, height: float, width: float) -> Array:
        """A line of this width along the strokes' middle, cropped, from 0 to 1."""
        points = self.middle - self.middle.min(axis=0)
        points = points * (height - width) / max(points.max(), 1e-9) + width / 2 + 1
        points = np.rint(points).astype(int)
        free = np.ones(points.max(axis=0) + int(np.ceil(width / 2)) + 2, bool)
        free[points[:, 0], points[:, 1]] = False
        distance = ndimage.distance_transform_edt(free)
        line = np.clip(width / 2 + 0.5 - distance, 0, 1)
        rows, columns = (np.flatnonzero(line.any(axis=axis)) for axis in (1, 0))
        return line[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thinned(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The middle of strokes (T. Y. Zhang and C. Y. Suen, Communications of the ACM 27, 1984)."""
    image = np.pad(shape, 1)
    before = np.zeros_like(image)
    while not np.array_equal(before, image):
        before = image
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            around = np.stack([np.roll(image, shift, (0, 1)) for shift in CLOCKWISE])
            count = around.sum(axis=0)
            rises = (~around & np.roll(around, -1, axis=0)).sum(axis=0)
            ends = ~around[list(first)].all(axis=0) & ~around[list(second)].all(axis=0)
            image = image & ~((count >= 2) & (count <= 6) & (rises == 1) & ends)
    return image[1:-1, 1:-1]


# Paper and what is put on it


def sheet(shape: tuple[int, int], colour: Colour = WHITE) -> Array:
    """A picture of one colour, float64 [height, width, 3]."""
    return np.full((*shape, 3), colour, np.float64)


def put(ground: Array, mask: Array, top: float, left: float, colour: Colour = BLACK) -> None:
    """Paint a colour through a mask from 0 to 1, whose corner lies at (top, left)."""
    top, left = round(top), round(left)
    height, width = mask.shape
    part = ground[top : top + height, left : left + width]
    mask = mask[: part.shape[0], : part.shape[1], None]
    part += mask * (np.asarray(colour) - part)


def put_digit(ground: Array, mask: Array, rng: Random, colour: Colour = BLACK) -> None:
    """Paint a digit near the middle."""
    rows, columns = ((ground.shape[k] - mask.shape[k]) / 2 for k in (0, 1))
    put(
        ground,
        mask,
        rows * rng.uniform(0.75, 1.25),
        columns * rng.uniform(0.75, 1.25),
        colour,
    )


def penned(digit: Digit, rng: Random, side: float) -> Array:
    """A digit of a pen: its height and width as shares of a side."""
    height = side * rng.uniform(0.32, 0.5)
    return digit.pen(height, max(1.5, height * rng.uniform(0.05, 0.1)))


def grainy(ground: Array, rng: Random, noise: float = 3.0) -> Array:
    """Paper's texture and a sensor's noise."""
    shape = ground.shape[:2]
    texture = ndimage.gaussian_filter(rng.normal(size=shape), 1.5) * noise
    return ground + (texture + rng.normal(0, noise, shape))[..., None]


def finished(ground: Array) -> Image.Image:
    """The picture as Pillow has it."""
    return Image.fromarray(np.clip(np.rint(ground), 0, 255).astype(np.uint8))


def places(shape: tuple[int, int]) -> tuple[Array, Array]:
    """Height and width from -1 to 1 at each pixel."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return y, x


def jpeg(ground: Array) -> Picture:
    """A photograph."""
    return Picture(finished(ground), ".jpg", (("quality", 85),))


def painted(
    digit: Digit, rng: Random, shape: tuple[int, int] = (600, 600), colour: Colour = BLACK
) -> Array:
    """A white sheet with a digit of a pen."""
    ground = sheet(shape)
    put_digit(ground, penned(digit, rng, min(shape)), rng, colour)
    return ground


# Plain kinds


def pen(digit: Digit, rng: Random) -> Picture:
    return Picture(finished(painted(digit, rng, colour=BLUE)))


def photo(digit: Digit, rng: Random) -> Picture:
    ground = sheet((480, 640), (215, 210, 200))
    put_digit(ground, penned(digit, rng, 480), rng, (60, 55, 60))
    y, x = places(ground.shape[:2])
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    light = (0.85 + 0.2 * along) * (1 - 0.12 / (1 + np.exp(-6 * (along - rng.uniform(-0.5, 0.5)))))
    return jpeg(grainy(ground * light[..., None], rng, 4))


def gradient(digit: Digit, rng: Random) -> Picture:
    ground = painted(digit, rng)
    y, x = places(ground.shape[:2])
    angle = rng.uniform(0, 2 * np.pi)
    return Picture(
        finished(ground * (0.65 + 0.2 * (np.cos(angle) * x + np.sin(angle) * y))[..., None])
    )


def vignette(digit: Digit, rng: Random) -> Picture:
    ground = painted(digit, rng)
    y, x = places(ground.shape[:2])
    return jpeg(ground * (1 - rng.uniform(0.15, 0.3) * (x**2 + y**2))[..., None])


def pencil(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 600), (235, 233, 228))
    height = rng.uniform(200, 330)
    mask = digit.pen(height, height * 0.045)
    grain = np.clip(0.75 + 0.25 * rng.normal(size=mask.shape), 0.2, 1)
    put_digit(ground, mask * grain, rng, (135, 135, 140))
    return jpeg(grainy(ground, rng, 2.5))


def marker(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 600))
    height = rng.uniform(250, 400)
    put_digit(ground, digit.pen(height, height * rng.uniform(0.16, 0.2)), rng, (20, 90, 40))
    return jpeg(ground)


def twelve_megapixels(digit: Digit, rng: Random) -> Picture:
    small = Image.open(io.BytesIO(photo(digit, rng).content()))
    return Picture(small.resize((4000, 3000), Image.Resampling.BICUBIC), ".jpg")


def exif(digit: Digit, rng: Random) -> Picture:
    image = finished(painted(digit, rng, (600, 450)))
    tags = Image.Exif()
    tags[0x0112] = 6
    return Picture(image.transpose(Image.Transpose.ROTATE_90), ".jpg", (("exif", tags),))


def palette(digit: Digit, rng: Random) -> Picture:
    return Picture(finished(painted(digit, rng)).quantize(16))


def cmyk(digit: Digit, rng: Random) -> Picture:
    return Picture(finished(painted(digit, rng)).convert("CMYK"), ".jpg")


def gif(digit: Digit, rng: Random) -> Picture:
    return Picture(finished(painted(digit, rng, (300, 300))), ".gif")


def one_bit(digit: Digit, rng: Random) -> Picture:
    return Picture(finished(painted(digit, rng)).convert("1"))


def sixteen_bits(digit: Digit, rng: Random) -> Picture:
    gray = painted(digit, rng).mean(axis=2)
    return Picture(Image.fromarray((gray * 160 + 3000).astype(np.uint16)))


# A digit that fills its picture


def crop(digit: Digit, rng: Random) -> Picture:
    return Picture(Image.fromarray(np.ascontiguousarray(digit.tight)))


def crop_of_a_pen(digit: Digit, rng: Random) -> Picture:
    mask = digit.pen(270, rng.uniform(14, 26))
    ground = sheet(mask.shape)
    put(ground, mask, 0, 0, BLUE)
    return Picture(finished(ground))


def crop_of_thick_strokes(digit: Digit, rng: Random) -> Picture:
    mask = digit.thick(200)
    ground = sheet(mask.shape)
    put(ground, mask, 0, 0, (0, 0, 0))
    return Picture(finished(ground))


def touches_one_side(digit: Digit, rng: Random) -> Picture:
    ground = sheet((400, 400))
    mask = digit.pen(rng.uniform(200, 330), rng.uniform(14, 26))
    side = rng.integers(4)
    room = [400 - length for length in mask.shape]
    top, left = [
        (0, room[1] / 2),
        (room[0], room[1] / 2),
        (room[0] / 2, 0),
        (room[0] / 2, room[1]),
    ][side]
    put(ground, mask, top, left)
    return Picture(finished(ground))


# A second ground


def desk(shape: tuple[int, int], rng: Random) -> Array:
    """A desk of some colour, with grain."""
    colours = [(98, 66, 45), (60, 55, 52), (150, 105, 70), (40, 40, 45), (176, 150, 118)]
    ground = sheet(shape, colours[rng.integers(len(colours))])
    grain = ndimage.gaussian_filter(rng.normal(size=shape), (1, 12)) * 40
    return ground + grain[..., None]


def on_a_desk(
    digit: Digit, rng: Random, angle: float, paper: Colour = (232, 232, 230), share: float = 0.64
) -> Picture:
    """A sheet of paper, turned by an angle in degrees, on a desk that is darker."""
    side = 800
    ground = desk((side, side), rng)
    small = sheet((round(share * side * rng.uniform(0.9, 1.1)), round(share * side)), paper)
    put_digit(small, penned(digit, rng, min(small.shape[:2])), rng)
    turned = Image.fromarray(np.clip(small, 0, 255).astype(np.uint8)).convert("RGBA")
    turned = turned.rotate(angle, resample=Image.Resampling.BICUBIC, expand=True)
    layer = np.asarray(turned, np.float64)
    top, left = ((side - layer.shape[k]) / 2 * rng.uniform(0.8, 1.2) for k in (0, 1))
    part = ground[
        round(top) : round(top) + layer.shape[0], round(left) : round(left) + layer.shape[1]
    ]
    part += layer[..., 3:] / 255 * (layer[..., :3] - part)
    return jpeg(grainy(ground, rng, 2))


def paper_on_a_desk(digit: Digit, rng: Random) -> Picture:
    return on_a_desk(digit, rng, 0)


def tilted_paper_on_a_desk(digit: Digit, rng: Random) -> Picture:
    return on_a_desk(digit, rng, rng.uniform(5, 25) * rng.choice([-1, 1]), share=0.58)


def yellow_note_on_a_desk(digit: Digit, rng: Random) -> Picture:
    return on_a_desk(digit, rng, rng.uniform(-8, 8), (245, 225, 110), 0.45)


def paper_at_the_corner(digit: Digit, rng: Random) -> Picture:
    ground = desk((700, 700), rng)
    part = ground[round(rng.uniform(80, 160)) :, round(rng.uniform(80, 160)) :]
    part[:] = (230, 230, 226)
    put_digit(part, penned(digit, rng, min(part.shape[:2])), rng)
    return jpeg(grainy(ground, rng, 2))


def strip(digit: Digit, rng: Random) -> Picture:
    ground = painted(digit, rng, (800, 800))
    width = round(rng.uniform(40, 130))
    sides = [ground[:, :width], ground[:, -width:], ground[:width], ground[-width:]]
    sides[rng.integers(4)][:] = (58, 48, 47)
    return jpeg(grainy(ground, rng, 2))


def axes(digit: Digit, rng: Random) -> Picture:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), dpi=100)
    canvas = FigureCanvasAgg(figure)
    panel = figure.subplots()
    panel.imshow(digit.image, cmap=str(rng.choice(["gray", "gray_r", "viridis"])))
    if rng.uniform() < 0.5:
        panel.set_title("x_test[7]")
    canvas.draw()
    return Picture(Image.fromarray(np.array(canvas.buffer_rgba())))


def window(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 800), (225, 225, 225))
    ground[: round(rng.uniform(40, 60))] = (60, 60, 64)
    for k in range(5):
        ground[12:28, 20 + 34 * k : 36 + 34 * k] = (210, 70, 70)
    top, left = round(rng.uniform(75, 100)), round(rng.uniform(15, 60))
    ground[top : 600 - 40, left : 800 - left] = (150, 150, 150)
    inner = ground[top + 2 : 600 - 42, left + 2 : 800 - left - 2]
    inner[:] = 255
    put_digit(inner, penned(digit, rng, min(inner.shape[:2])), rng, (0, 0, 0))
    return Picture(finished(ground))


# What belongs to the frame


def form_box(digit: Digit, rng: Random) -> Picture:
    ground = sheet((200, 150), (255, 255, 255))
    gap, line = round(rng.uniform(2, 9)), round(rng.uniform(1, 4))
    box = ground[gap : 200 - gap, gap : 150 - gap]
    box[:] = [(0, 0, 0), (40, 60, 160), (120, 120, 120)][rng.integers(3)]
    inner = box[line:-line, line:-line]
    inner[:] = 255
    height = rng.uniform(90, 130)
    put_digit(inner, digit.pen(height, height * rng.uniform(0.06, 0.12)), rng, (15, 15, 120))
    return Picture(finished(ground))


def circled(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 600))
    height = rng.uniform(200, 260)
    put_digit(ground, digit.pen(height, rng.uniform(10, 18)), rng)
    y, x = places((600, 600))
    radius = rng.uniform(0.75, 0.9)
    distance = np.hypot(x, y * rng.uniform(0.95, 1.05))
    put(ground, (np.abs(distance - radius) < rng.uniform(0.008, 0.02)).astype(float), 0, 0)
    return Picture(finished(ground))


def underlined(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 600))
    mask = digit.pen(rng.uniform(200, 300), rng.uniform(10, 20))
    top, left = rng.uniform(80, 140), (600 - mask.shape[1]) / 2
    put(ground, mask, top, left)
    bottom = top + mask.shape[0] + rng.uniform(20, 60)
    length = max(mask.shape) * rng.uniform(0.9, 1.6)
    slope = rng.uniform(-0.03, 0.03)
    y, x = np.mgrid[:600, :600]
    line = (np.abs(y - bottom - slope * (x - 300)) < rng.uniform(3, 8)) & (
        np.abs(x - 300) < length / 2
    )
    put(ground, line.astype(float), 0, 0)
    return Picture(finished(ground))


def hole_punched(digit: Digit, rng: Random) -> Picture:
    ground = painted(digit, rng, (700, 600))
    y, x = np.mgrid[:700, :600]
    radius, column = rng.uniform(18, 36), rng.uniform(45, 75)
    for row in [350.0] if rng.uniform() < 0.3 else [160.0, 540.0]:
        disc = np.clip(radius - np.hypot(y - row, x - column), 0, 1)
        put(ground, disc, 0, 0, (70, 60, 55))
    return jpeg(grainy(ground, rng, 2))


# Transparent places and colours


def on_transparent(colour: int) -> Callable[[Digit, Random], Picture]:
    def draw(digit: Digit, rng: Random) -> Picture:
        alpha = np.zeros((600, 600, 1))
        put_digit(alpha, penned(digit, rng, 600), rng, (255,))
        pixels = np.full((600, 600, 4), colour, np.uint8)
        pixels[..., 3] = alpha[..., 0]
        return Picture(Image.fromarray(pixels))

    return draw


def two_colours(digit: Digit, rng: Random) -> Picture:
    """Colours of nearly the same brightness."""
    pairs = [
        ((205, 60, 50), (60, 110, 190)),
        ((40, 130, 60), (200, 60, 60)),
        ((200, 60, 170), (60, 130, 60)),
        ((240, 225, 40), (250, 250, 248)),
    ]
    ink, ground_colour = pairs[rng.integers(len(pairs))]
    ground = sheet((600, 600), ground_colour)
    put_digit(ground, penned(digit, rng, 600), rng, ink)
    return Picture(finished(ground))


# Lines and shadows


def ruled(digit: Digit, rng: Random, squares: bool, strength: float, tilt: float) -> Picture:
    """Lined or squared paper; strength is the share of the lines' colour, tilt in degrees."""
    ground = sheet((600, 600), (240, 240, 238))
    y, x = np.mgrid[:600, :600] - 300.0
    turned = np.deg2rad(tilt)
    down, across = y * np.cos(turned) - x * np.sin(turned), x * np.cos(turned) + y * np.sin(turned)
    step, first = rng.uniform(35, 90), rng.uniform(0, 90)
    width = rng.uniform(1.2, 2.5)
    axes_ = [down, across] if squares else [down]
    for axis in axes_:
        distance = np.abs((axis + first) % step - step / 2)
        put(ground, strength * np.clip(width / 2 + 0.5 - distance, 0, 1), 0, 0, (90, 120, 190))
    if not squares and rng.uniform() < 0.6:
        margin = np.clip(width / 2 + 0.5 - np.abs(across + 220), 0, 1)
        put(ground, strength * margin, 0, 0, (210, 80, 90))
    height = rng.uniform(190, 280)
    put_digit(ground, digit.pen(height, height * rng.uniform(0.05, 0.09)), rng, BLUE)
    return jpeg(grainy(ground, rng, 2))


def lined(digit: Digit, rng: Random) -> Picture:
    return ruled(digit, rng, False, rng.uniform(0.25, 0.5), 0)


def lined_dark(digit: Digit, rng: Random) -> Picture:
    return ruled(digit, rng, False, rng.uniform(0.6, 1.0), rng.uniform(-4, 4))


def squared(digit: Digit, rng: Random) -> Picture:
    return ruled(digit, rng, True, rng.uniform(0.25, 0.6), rng.uniform(-3, 3))


def hard_shadow(digit: Digit, rng: Random) -> Picture:
    ground = sheet((600, 600), (232, 232, 230))
    height = rng.uniform(190, 280)
    put_digit(ground, digit.pen(height, height * rng.uniform(0.05, 0.09)), rng)
    y, x = places((600, 600))
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.25, 0.25)
    edge = 1 / (1 + np.exp(-along / rng.uniform(0.005, 0.03)))
    light = 1 - rng.uniform(0.3, 0.55) * edge
    return jpeg(grainy(ground * light[..., None], rng, 2))


PLAIN: dict[str, Callable[[Digit, Random], Picture]] = {
    "pen": pen,
    "photo": photo,
    "gradient": gradient,
    "vignette": vignette,
    "pencil": pencil,
    "marker": marker,
    "12 megapixels": twelve_megapixels,
    "turned by EXIF": exif,
    "palette": palette,
    "CMYK": cmyk,
    "GIF": gif,
    "1 bit": one_bit,
    "16 bits": sixteen_bits,
}

HARD: dict[str, Callable[[Digit, Random], Picture]] = {
    "crop": crop,
    "crop, pen": crop_of_a_pen,
    "crop, thick": crop_of_thick_strokes,
    "touches one side": touches_one_side,
    "paper on a desk": paper_on_a_desk,
    "tilted paper on a desk": tilted_paper_on_a_desk,
    "yellow note on a desk": yellow_note_on_a_desk,
    "paper at the corner": paper_at_the_corner,
    "strip at a side": strip,
    "figure with axes": axes,
    "window": window,
    "form box": form_box,
    "circled": circled,
    "underlined": underlined,
    "hole punched": hole_punched,
    "white on transparent": on_transparent(255),
    "black on transparent": on_transparent(0),
    "two colours": two_colours,
    "lined, light": lined,
    "lined, dark and tilted": lined_dark,
    "squared": squared,
    "hard shadow": hard_shadow,
}

KINDS = PLAIN | HARD
