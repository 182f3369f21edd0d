"""What augmentation and a network of one's own cost: `python -m benchmarks.variants`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.apart import Job, available_cores, run_apart
from benchmarks.inputs import make_work, save_images
from benchmarks.machine import describe_machine
from benchmarks.options import command_line, images_option, output_option, publish, run_command
from benchmarks.summary import Spread, markdown_table, rounds_text, spread_text
from benchmarks.work import Setting

PLAIN = "cnn2"
MOVED = {"augment_shift": 0.1, "augment_rotate": 10, "augment_zoom": 0.1}
VARIANTS: dict[str, dict[str, Any]] = {
    "shifted, turned and zoomed": MOVED,
    "bent, too": {**MOVED, "augment_elastic": 0.05},
    "the same layers in a file of one's own": {"architecture": "own_cnn2.py:own_cnn2"},
}
"""What each variant changes of `cnn2`."""


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=9, show_default=True)
@images_option
@output_option
def variants(rounds: int, images: int, output: Path) -> None:
    """Time epochs of cnn2 and of its variants in turn, on one core."""
    with TemporaryDirectory() as folder:
        data = save_images(Path(folder, "images.npz"), images)
        work = make_work(PLAIN, data, epochs=rounds, setting=Setting(threads=1))
        job = Job("variant_epochs", work, core=available_cores()[-1])
        (answer,) = run_apart([job])
    measured = {name: answer[name] for name in ("seconds", "processor")}
    content = {
        "benchmark": "variants",
        "command": command_line("benchmarks.variants"),
        "machine": describe_machine(),
        "images": images,
        **measured,
    }
    note = f"Epochs of {images} images on one core. {rounds_text(rounds)}; ratios within a round."
    publish(output / "variants.json", content, variant_table(**measured), note)


def variant_table(seconds: dict[str, list[float]], processor: dict[str, list[float]]) -> str:
    """A row a variant, as Markdown, from the seconds of each, a value a round."""
    header = ("training", "s an epoch", f"times {PLAIN}", f"times {PLAIN}, by the processor's time")
    rows = [
        (
            name,
            spread_text(Spread.of(each)),
            *(_times(measured[name], measured[PLAIN]) for measured in (seconds, processor)),
        )
        for name, each in seconds.items()
    ]
    return markdown_table(header, rows)


def _times(each: list[float], plain: list[float]) -> str:
    """Ratios near 1, where three significant digits are too few."""
    ratios = Spread.of(one / other for one, other in zip(each, plain, strict=True))
    return f"{ratios.median:.3f} [{ratios.low:.3f}-{ratios.high:.3f}]"


if __name__ == "__main__":
    run_command(variants)
