"""What a digit stands on, and what stands beside it, as people's pictures have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_keras.errors import UserError
from mnist_keras.pictures.apart import arrangement, digits_apart
from mnist_keras.pictures.files import read_picture
from mnist_keras.pictures.form import as_mnist
from mnist_keras.pictures.ground import find_ground
from mnist_keras.pictures.ink import find_drawing

PAPER, INK = 235, 30


def sheet(height: int = 400, width: int = 400) -> Image.Image:
    return Image.new("L", (width, height), PAPER)


def seven(image: Image.Image, left: int = 150, top: int = 130) -> Image.Image:
    """A 7 of 90x130 pixels."""
    strokes = [(left, top), (left + 90, top), (left + 30, top + 130)]
    ImageDraw.Draw(image).line(strokes, fill=INK, width=14, joint="curve")
    return image


def form(image: Image.Image) -> np.ndarray:
    return as_mnist(np.asarray(image)).astype(int)


PLAIN_SEVEN = form(seven(sheet()))


def boxed(image: Image.Image) -> None:
    ImageDraw.Draw(image).rectangle((60, 60, 330, 330), outline=INK, width=5)


def circled(image: Image.Image) -> None:
    ImageDraw.Draw(image).ellipse((60, 60, 340, 340), outline=INK, width=6)


def underlined(image: Image.Image) -> None:
    ImageDraw.Draw(image).line((130, 300, 270, 306), fill=INK, width=6)


def punched(image: Image.Image) -> None:
    for row in (90, 310):
        ImageDraw.Draw(image).ellipse((30, row - 22, 74, row + 22), fill=70)


def strip(image: Image.Image) -> None:
    ImageDraw.Draw(image).rectangle((0, 0, 40, 400), fill=50)


def two_strips(image: Image.Image) -> None:
    strip(image)
    ImageDraw.Draw(image).rectangle((0, 0, 400, 50), fill=50)


def lines(image: Image.Image) -> None:
    for row in range(20, 400, 45):
        ImageDraw.Draw(image).line((0, row, 400, row + 10), fill=150, width=2)


def squares(image: Image.Image) -> None:
    lines(image)
    for column in range(10, 400, 45):
        ImageDraw.Draw(image).line((column, 0, column - 10, 400), fill=150, width=2)


BESIDES: list[Callable[[Image.Image], None]] = [
    boxed,
    circled,
    underlined,
    punched,
    strip,
    two_strips,
    lines,
    squares,
]


@pytest.mark.parametrize("draw", BESIDES)
def test_what_belongs_to_the_frame_or_the_paper_is_left_out(draw):
    image = sheet()
    draw(image)
    # A form that is a pixel off differs by 24 grey levels in the mean.
    assert np.abs(form(seven(image)) - PLAIN_SEVEN).mean() < 5


@pytest.mark.parametrize("angle", [0, 12, -20])
@pytest.mark.parametrize("desk", [40, 150])
def test_a_sheet_on_a_desk_is_the_ground(angle, desk):
    paper = seven(sheet()).convert("LA").rotate(angle, Image.Resampling.BICUBIC, expand=True)
    picture = Image.new("L", (800, 800), desk)
    picture.paste(paper.getchannel("L"), (150, 150), paper.getchannel("A"))
    turned = form(seven(sheet()).rotate(angle, Image.Resampling.BICUBIC, fillcolor=PAPER))
    assert np.abs(form(picture) - turned).mean() < 5
    inside = find_ground(np.asarray(picture, float))
    assert 0.15 < inside.mean() < 0.35


def test_the_panel_of_a_figure_is_the_ground():
    picture = Image.new("L", (500, 500), 255)
    picture.paste(Image.fromarray(255 - np.asarray(seven(sheet(300, 300), 100, 90))), (100, 80))
    for row in (80, 200, 320):
        ImageDraw.Draw(picture).text((70, row), "14", fill=0)
    assert np.abs(form(picture) - PLAIN_SEVEN).mean() < 3


def test_a_plain_picture_is_all_ground():
    assert find_ground(np.asarray(seven(sheet()), float)).all()
    assert find_ground(np.zeros((28, 28))).all()


@pytest.mark.parametrize("thick", [10, 40, 70])
def test_a_nought_is_no_frame_and_no_panel(thick):
    image = sheet()
    ImageDraw.Draw(image).ellipse((100, 60, 300, 340), outline=INK, width=thick)
    assert find_ground(np.asarray(image, float)).all()
    rows, _ = np.nonzero(form(image))
    assert np.ptp(rows) + 1 == 20


def test_a_dot_in_a_nought_makes_it_no_frame():
    image = sheet()
    ImageDraw.Draw(image).ellipse((100, 60, 300, 340), outline=INK, width=14)
    ring = form(image)
    ImageDraw.Draw(image).ellipse((190, 190, 210, 210), fill=INK)
    dotted = form(image)
    assert np.abs(dotted - ring)[:9].mean() < 3


def test_a_hard_shadow_is_not_ink():
    picture = np.asarray(seven(sheet()), float)
    rows, columns = np.mgrid[:400, :400]
    picture *= np.where(columns + 0.4 * rows < 270, 1, 0.55)
    assert np.abs(as_mnist(np.rint(picture).astype(np.uint8)).astype(int) - PLAIN_SEVEN).mean() < 8


@pytest.mark.parametrize("invert", [False, True])
def test_a_digit_that_fills_its_picture_is_read_as_with_a_margin(invert):
    """A 4 and a 1: thin strokes in the corners, and a picture that is nearly all ink."""
    four = sheet(130, 100)
    ImageDraw.Draw(four).line([(60, 0), (6, 80), (99, 80)], fill=INK, width=14)
    ImageDraw.Draw(four).line([(70, 30), (70, 129)], fill=INK, width=14)
    one = sheet(100, 20)
    ImageDraw.Draw(one).polygon([(4, 0), (19, 0), (16, 99), (0, 99)], fill=INK)
    for image in (four, one):
        wide = sheet(image.height + 80, image.width + 80)
        wide.paste(image, (40, 40))
        crop, whole = (np.asarray(picture) for picture in (image, wide))
        if invert:
            crop, whole = 255 - crop, 255 - whole
        assert np.abs(as_mnist(crop).astype(int) - as_mnist(whole)).mean() < 6


# Colours and transparency


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 30, 40)])
def test_on_a_transparent_ground_the_shape_counts_whatever_its_colour(colour, tmp_path):
    alpha = Image.new("L", (400, 400), 0)
    ImageDraw.Draw(alpha).line([(150, 130), (240, 130), (180, 260)], 255, 14, joint="curve")
    image = Image.new("RGB", alpha.size, colour)
    image.putalpha(alpha)
    image.save(tmp_path / "p.png")
    assert np.abs(as_mnist(read_picture(tmp_path / "p.png")).astype(int) - PLAIN_SEVEN).mean() < 3


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((205, 60, 50), (60, 110, 190)), ((40, 130, 60), (200, 60, 60)), ((245, 230, 60), (255,) * 3)],
)
def test_colours_of_equal_brightness_are_told_apart(ink, ground, tmp_path):
    mask = seven(sheet()).point(lambda value: 255 if value < 128 else 0)
    image = Image.new("RGB", mask.size, ground)
    image.paste(Image.new("RGB", mask.size, ink), mask=mask)
    image.save(tmp_path / "p.png")
    assert np.abs(as_mnist(read_picture(tmp_path / "p.png")).astype(int) - PLAIN_SEVEN).mean() < 4


# Several digits


def test_digits_side_by_side_are_told_apart_from_left_to_right():
    picture = seven(seven(sheet(400, 700), 120), 400)
    ImageDraw.Draw(picture).line([(600, 130), (600, 260)], fill=INK, width=14)
    drawing = find_drawing(np.asarray(picture))
    assert arrangement(drawing) == "side by side"
    digits = digits_apart(drawing)
    assert len(digits) == 3
    lefts = [np.flatnonzero(ink.any(axis=0))[0] for ink in digits]
    assert lefts == sorted(lefts)
    np.testing.assert_allclose(sum(digits), drawing.ink)


def test_digits_one_above_the_other():
    drawing = find_drawing(np.asarray(seven(seven(sheet(700)), top=420)))
    assert (len(digits_apart(drawing)), arrangement(drawing)) == (2, "one above the other")


def test_two_lines_of_digits_are_read_line_by_line():
    picture = sheet(700, 700)
    for left, top in ((400, 130), (120, 140), (130, 420), (410, 410)):
        seven(picture, left, top)
    digits = digits_apart(find_drawing(np.asarray(picture)))
    corners = [np.argwhere(ink > 0.5).min(axis=0) for ink in digits]
    assert [(row > 150, column > 150) for row, column in corners] == [
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    ]


def test_strokes_of_one_digit_stay_together():
    """A 5 whose bar stands off, and a 7 with a bar across that does not touch it."""
    picture = sheet()
    pen = ImageDraw.Draw(picture)
    pen.arc((140, 180, 260, 320), 200, 150, fill=INK, width=14)
    pen.line((150, 130, 250, 130), fill=INK, width=14)
    assert len(digits_apart(find_drawing(np.asarray(picture)))) == 1


# Refusals


@pytest.mark.parametrize(
    ("picture", "cause"),
    [
        (np.full((90, 90), 200), "it is equally bright all over"),
        (np.where(np.eye(90), 128, 133), "nothing differs by 12 of 255"),
        (np.random.default_rng(0).integers(0, 255, (90, 90)), "nothing stands out from its shades"),
    ],
)
def test_a_refusal_names_its_cause(picture, cause):
    with pytest.raises(UserError, match=cause):
        find_drawing(np.asarray(picture, np.uint8))


def test_a_picture_of_a_phone_is_named_with_what_to_do(tmp_path: Path):
    for brand, name in ((b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")):
        path = tmp_path / "IMG_1.HEIC"
        path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(200))
        with pytest.raises(UserError, match=f"is a {name} picture.*export it as JPEG"):
            read_picture(path)
