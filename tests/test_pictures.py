from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from picture_changes import enlarged
from PIL import Image

from mnist_keras.data.dataset import load
from mnist_keras.errors import UserError
from mnist_keras.pictures.files import FORMATS, MAX_FILE_BYTES, read_picture
from mnist_keras.pictures.form import as_mnist
from mnist_keras.pictures.ink import find_ink
from mnist_keras.pictures.light import smooth_light

RAMP = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (20, 1))


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """40 of MNIST's test images."""
    return load().x_test[:40]


# Reading


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_list_is_read(name, tmp_path):
    path = tmp_path / "picture"  # the name does not matter
    options = {"lossless": True} if name == "WEBP" else {}
    Image.fromarray(RAMP).save(path, format=name, **options)
    read = read_picture(path)
    assert (read.dtype, read.shape) == (np.uint8, RAMP.shape)
    np.testing.assert_allclose(read, RAMP, atol=3 if name == "JPEG" else 0)


def test_colours_become_their_brightness(tmp_path):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    Image.fromarray(colours).save(tmp_path / "p.png")
    np.testing.assert_allclose(read_picture(tmp_path / "p.png"), [[76, 150, 29]], atol=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparent_places_are_white(mode, tmp_path):
    image = Image.new("RGBA", (3, 2), (0, 0, 0, 255))
    image.putpixel((1, 1), (0, 0, 0, 0))
    if mode == "P":
        image = Image.new("P", (3, 2), 0)
        image.putpalette([0, 0, 0, 1, 1, 1])
        image.putpixel((1, 1), 1)
        image.save(tmp_path / "p.png", transparency=1)
    else:
        suffix = "tif" if mode == "PA" else "png"
        image.convert(mode if mode != "PA" else "RGBA").save(tmp_path / f"p.{suffix}")
    (path,) = tmp_path.iterdir()
    np.testing.assert_array_equal(read_picture(path), [[0, 0, 0], [0, 255, 0]])


def test_half_transparent_black_is_grey(tmp_path):
    Image.new("RGBA", (1, 1), (0, 0, 0, 51)).save(tmp_path / "p.png")
    np.testing.assert_allclose(read_picture(tmp_path / "p.png"), 204, atol=1)


def test_a_photograph_is_turned_as_its_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(RAMP).save(tmp_path / "p.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "p.png"), np.rot90(RAMP, -1))


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_more_bits_are_stretched_to_eight(dtype, tmp_path):
    values = (np.arange(256).reshape(16, 16) * 200 + 1000).astype(dtype)
    Image.fromarray(values).save(tmp_path / "p.tif")
    np.testing.assert_array_equal(read_picture(tmp_path / "p.tif"), np.arange(256).reshape(16, 16))


def test_a_wide_picture_of_one_value_is_read(tmp_path):
    Image.fromarray(np.full((4, 4), 5000, np.uint16)).save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "p.png"), np.zeros((4, 4)))


@pytest.mark.parametrize("name", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_frame_or_page_counts(name, tmp_path):
    frames = [Image.new("L", (8, 8), value) for value in (40, 200)]
    options = {"lossless": True} if name == "WEBP" else {}
    frames[0].save(tmp_path / "p", format=name, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(read_picture(tmp_path / "p"), np.full((8, 8), 40))


def test_a_link_to_a_picture_is_followed(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "p.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "p.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "link.png"), RAMP)


# Hostile files


def png(width: int, height: int, pixels: bytes, *more: bytes) -> bytes:
    """A PNG of so many grey pixels, whatever its data are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    start = b"\x89PNG\r\n\x1a\n" + header + b"".join(more)
    return start + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def packed(name: str, side: int = 64) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side), dtype=np.uint8)
    Image.fromarray(noise).save(file, name)
    return file.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is an empty file"),
    "text": (lambda: b"a digit, honestly\n" * 50, "is no picture that can be read"),
    "html": (lambda: b"<html><body>404</body></html>", "is no picture"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', "is no picture"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(100), "is no picture"),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture"),
    "zip": (lambda: b"PK\x03\x04" + bytes(300), "is no picture"),
    "pickle": (lambda: b"\x80\x04\x95" + bytes(50), "is no picture"),
    "icon": (lambda: packed("ICO"), "is no picture"),
    "only a signature": (lambda: b"\x89PNG\r\n\x1a\n", "is no picture"),
    "cut PNG": (lambda: packed("PNG")[:-900], "is cut short or damaged"),
    "cut JPEG": (lambda: packed("JPEG")[:-900], "is cut short or damaged"),
    "cut GIF": (lambda: packed("GIF")[:-900], "is cut short or damaged"),
    "cut BMP": (lambda: packed("BMP")[:-900], "is cut short or damaged"),
    "cut TIFF": (lambda: packed("TIFF")[:-900], "damaged|is no picture"),
    "cut WEBP": (lambda: packed("WEBP")[:-900], "damaged|is no picture"),
    "cut PPM": (lambda: packed("PPM")[:-900], "is cut short or damaged"),
    "wrong checksum": (lambda: packed("PNG").replace(b"IDAT", b"IDAX"), "is no picture"),
    "no pixels": (lambda: png(0, 5, b""), "is no picture|damaged"),
    "just too many pixels": (lambda: png(8001, 8000, b""), "8001x8000 pixels; expected at most"),
    "bomb": (lambda: png(60_000, 60_000, bytes(10**6)), "has more than 64000000 pixels"),
    "bomb beyond 32 bits": (lambda: png(2**31 - 1, 2**31 - 1, b""), "pixels"),
    "one long line": (lambda: png(2**31 - 1, 1, b""), "pixels"),
    "too few pixels": (lambda: png(2000, 2000, b"\0"), "is cut short or damaged"),
    "text bomb": (
        lambda: png(4, 4, bytes(20), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26)))),
        "is cut short or damaged",
    ),
    "too large": (lambda: packed("PNG") + bytes(MAX_FILE_BYTES), "is larger than 64 MiB"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(name, tmp_path):
    make, expected = HOSTILE[name]
    path = tmp_path / "digit.png"
    path.write_bytes(make())
    with pytest.raises(UserError, match=expected) as caught:
        read_picture(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, expected in {
        "": "is a folder",
        "pipe": "is a device, pipe or socket",
        "missing.png": "cannot be read",
        "loop": "cannot be read",
        "nul\0": "cannot be read",
        "x" * 300: "cannot be read",
    }.items():
        with pytest.raises(UserError, match=expected) as caught:
            read_picture(tmp_path / name)
        assert "\n" not in str(caught.value)


# MNIST's form


def test_mnists_own_images_come_back_nearly_the_same(digits):
    differences = [np.abs(as_mnist(image).astype(int) - image).mean() for image in digits]
    assert np.median(differences) < 1.5
    # A few are a pixel off: their centre lies between two pixels.
    assert sum(difference > 5 for difference in differences) <= len(differences) / 5


@pytest.mark.parametrize("invert", [False, True])
def test_enlarged_images_come_back_near_the_original(invert, digits):
    """Beside it, an image that is a pixel off differs by 24 grey levels in the mean."""
    off = np.mean([np.abs(np.roll(image.astype(int), 1, 1) - image).mean() for image in digits])
    differences = []
    for image in digits:
        big = enlarged(image, 10)
        seen = as_mnist(255 - big if invert else big)
        differences.append(np.abs(seen.astype(int) - image).mean())
    assert np.mean(differences) < off / 2


def test_polarity_makes_no_difference(digits):
    for image in digits[:10]:
        np.testing.assert_allclose(
            as_mnist(enlarged(image, 6)).astype(int),
            as_mnist(255 - enlarged(image, 6)).astype(int),
            atol=1,
        )


def test_the_digit_fills_the_box_and_is_centred_by_its_mass(digits):
    generator = np.random.default_rng(1)
    for image in digits:
        sheet = np.full((200, 300), 250, np.uint8)
        top, left = generator.integers(0, 100), generator.integers(0, 200)
        sheet[top : top + 84, left : left + 84] = 250 - enlarged(image, 3) // 2
        seen = as_mnist(sheet)
        rows, columns = np.nonzero(seen)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        # The centre, computed one pixel after the other.
        total = vertical = horizontal = 0
        for row in range(28):
            for column in range(28):
                total += int(seen[row, column])
                vertical += row * int(seen[row, column])
                horizontal += column * int(seen[row, column])
        assert abs(vertical / total - 14) <= 0.51
        assert abs(horizontal / total - 14) <= 0.51
        assert seen.max() == 255


def test_mnists_own_centres_are_where_ours_are():
    """What `as_mnist` promises is what MNIST's images have: pixel 14 to within a half."""
    images = load().x_test.astype(float)
    places = np.arange(28)
    for axis in (1, 2):
        profiles = images.sum(axis=3 - axis)
        centres = profiles @ places / profiles.sum(axis=1)
        assert centres.min() >= 13.5
        assert centres.max() < 14.5


def test_the_aspect_ratio_is_kept():
    sheet = np.zeros((300, 300), np.uint8)
    sheet[50:250, 130:170] = 255
    rows, columns = np.nonzero(as_mnist(sheet))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 4)


def test_a_digit_with_its_mass_at_one_end_stays_whole():
    sheet = np.zeros((260, 260), np.uint8)
    sheet[20:240, 128:132] = 255
    sheet[200:240, 90:170] = 255
    rows, _ = np.nonzero(as_mnist(sheet))
    assert np.ptp(rows) + 1 == 20


def test_a_thin_line_becomes_as_thick_as_mnists():
    sheet = np.full((1000, 1000), 255, np.uint8)
    sheet[100:900, 498:502] = 0
    assert 1.5 <= as_mnist(sheet)[14].sum() / 255 <= 2.5


def test_dust_is_left_out_and_the_digit_found(digits):
    sheet = np.full((280, 280), 255, np.uint8)
    sheet -= enlarged(digits[0], 10)
    clean = as_mnist(sheet)
    sheet[3:6, 3:6] = sheet[270:272, 8:12] = 0
    np.testing.assert_allclose(as_mnist(sheet).astype(int), clean.astype(int), atol=3)


def test_what_comes_in_over_the_edge_is_left_out(digits):
    sheet = np.full((280, 280), 255, np.uint8)
    sheet -= enlarged(digits[0], 10)
    clean = as_mnist(sheet)
    sheet[:, :4] = 0
    assert np.abs(as_mnist(sheet).astype(int) - clean).mean() < 4


def test_a_slope_of_light_is_taken_away_exactly():
    y, x = np.mgrid[-1:1:100j, -1:1:120j]
    light = 150 + 40 * x - 30 * y + 10 * x * y + 5 * x**2
    inked = light.copy()
    inked[40:60, 50:60] -= 100
    np.testing.assert_allclose(smooth_light(inked), light, atol=1.5)
    ink = find_ink(np.rint(inked).astype(np.uint8))
    np.testing.assert_array_equal(ink[40:60, 50:60] > 0.9, np.ones((20, 10), bool))
    assert not ink[:38].any()


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((28, 28)),
        np.full((1000, 700), 255),
        np.full((1, 1), 7),
        np.arange(9)[None] * 20,
        np.arange(9)[:, None] * 20,
        np.linspace(0, 255, 100)[None] * np.ones((80, 1)),
        np.random.default_rng(0).integers(0, 255, (100, 100)),
        128 + np.random.default_rng(0).normal(0, 5, (300, 300)),
        np.where(np.eye(50), 128, 132),
    ],
    ids=["black", "white", "point", "row", "column", "slope", "noise", "grain", "faint"],
)
def test_a_picture_with_nothing_on_it_is_refused(picture):
    with pytest.raises(UserError, match="nothing is drawn on the picture, or too faintly"):
        as_mnist(np.asarray(picture).astype(np.uint8))
