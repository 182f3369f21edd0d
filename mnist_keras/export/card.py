"""The model card: what a network is, what it takes and gives, its figures, and how it was made.

It is written in English, as model hubs expect it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from mnist_keras.config import RunConfig, is_usual
from mnist_keras.data import MNIST
from mnist_keras.data.form import Form
from mnist_keras.disputed import DISPUTED
from mnist_keras.export.convert import Conversion
from mnist_keras.export.formats import ExportFormat
from mnist_keras.export.metadata_block import metadata_block
from mnist_keras.export.subject import Subject
from mnist_keras.metrics import MONITORED
from mnist_keras.printed import count
from mnist_keras.report.console import percent
from mnist_keras.report.evaluation.sentences import accuracy_text, score_texts
from mnist_keras.report.found import findings_of
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Column,
    Command,
    Definitions,
    Document,
    Row,
    Section,
    Table,
    Text,
)
from mnist_keras.report.page.markdown import render_markdown
from mnist_keras.report.words.findings import finding_text
from mnist_keras.runs.caveats import in_brackets
from mnist_keras.runs.records import RunRecord
from mnist_keras.subjects import value_text

MOST_CLASSES = 40
"""Of more classes, those that are read worst are listed."""

MOST_NAMES = 20

_VERSIONS = ("python", "tensorflow", "keras", "numpy")


def write_card(subject: Subject, form: ExportFormat, made: Conversion, images: Form) -> str:
    """The card in Markdown, which begins with the block that model hubs read.

    Args:
        subject: the network.
        form: the format that it is in.
        made: the network in this format.
        images: what the images of its data set look like.
    """
    document = Document(
        title=f"{subject.name}, as {form.title}",
        lead=(_summary(subject, made),),
        sections=(
            Section("use", "Use it", tuple(_use(subject, form, made, images))),
            Section("figures", "How good it is", tuple(_figures(subject))),
            Section("caveats", "What to keep in mind", (Bullets(tuple(_caveats(subject))),)),
            Section("made", "How it was made", tuple(_making(subject, made))),
            Section("file", "This file", (Definitions(tuple(_file(form, made))),)),
        ),
    )
    return metadata_block(subject, form) + render_markdown(document, Path())


def data_name(subject: Subject) -> str:
    """What the data set is called: its identity, where it is not MNIST."""
    config = subject.first.config
    if config.data == MNIST:
        return "MNIST"
    return f"a tenth of a data set ({config.data})" if config.quick else config.data


def _summary(subject: Subject, made: Conversion) -> str:
    config = subject.first.config
    one = "A network tells"
    subjects = f"{len(subject.records)} networks as one tell" if subject.is_ensemble else one
    return (
        f"{subjects} images of {config.kind.text} apart, in {config.classes} classes, trained on "
        f"{data_name(subject)} with mnist-keras. {made.parameters:,} parameters. "
        f"{_accuracy(subject)}."
    )


def _accuracy(subject: Subject) -> str:
    return f"{accuracy_text(subject.numbers)}{in_brackets(subject.mark)}"


def _use(subject: Subject, form: ExportFormat, made: Conversion, images: Form) -> Iterator[Block]:
    height, width, channels = subject.first.config.shape
    yield Command(form.program(made.output).strip(), "python")
    yield Definitions(
        (
            (
                "images",
                f"float32 [n, {height}, {width}, {channels}], any n: the bytes of the pixels "
                "divided by 255, so from 0 (dark) to 1 (light).",
            ),
            ("What they show", _what_they_show(images)),
            (made.output, _what_comes_out(subject, made)),
            ("Classes", f"{_names(subject)}, a line each in labels.txt."),
        )
    )


def _what_they_show(images: Form) -> str:
    if images.digits:
        return (
            "light ink on a black ground, a digit in a square of 20x20 whose centre of mass is in "
            "the middle, as MNIST's. Dark ink on paper must be brought to this form first, as "
            "mnist-keras predict does."
        )
    ground = "dark" if images.on_dark else "light"
    colour = " Channels are in the order of the data set." if len(images.image_shape) > 2 else ""
    return f"pictures on a mostly {ground} ground, made as those of the data set are.{colour}"


def _what_comes_out(subject: Subject, made: Conversion) -> str:
    shape = f"float32 [n, {subject.first.config.classes}]"
    largest = "The largest is the class that is read."
    if made.output == "scores":
        return f"{shape}: a score for each class, no probability. {largest}"
    if subject.is_ensemble and subject.combine == "vote":
        kind = "the share of votes for each class, where equal decided by the mean probability"
    elif subject.is_ensemble:
        kind = "the mean of its networks' probabilities for each class"
    else:
        kind = "a probability for each class"
    return f"{shape}: {kind}. {largest}"


def _names(subject: Subject) -> str:
    names = subject.first.class_names
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _figures(subject: Subject) -> Iterator[Block]:
    yield Text(f"{_accuracy(subject)}.")
    scores = score_texts(subject.numbers)
    if scores:
        yield Table(
            "On the same test images",
            (Column("figure", numeric=False), Column("value")),
            tuple(Row(name, (value,)) for name, value in scores.items()),
            mark=subject.mark,
        )
    yield _class_table(subject)
    yield Bullets(
        (
            "The intervals are Wilson's, 95 %: what another test set of the same kind and size "
            "could have shown for this very network.",
            f"They say nothing of other seeds: {count(len(subject.records), 'training')} made what "
            f"is here, {_seeds(subject)}.",
            "They speak of images that were made as those of the data set were, and of no others.",
        )
    )


def _seeds(subject: Subject) -> str:
    seeds = dict.fromkeys(str(record.config.seed) for record in subject.records)
    return f"with the seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"


def _class_table(subject: Subject) -> Table:
    known = [one for one in subject.numbers.by_class if one.images]
    caption = "Each class"
    if len(known) > MOST_CLASSES:
        known = sorted(known, key=lambda one: one.accuracy or 0.0)[:MOST_CLASSES]
        caption = f"The {MOST_CLASSES} classes that are read worst"
    rows = []
    for one in known:
        assert one.interval is not None
        low, high = one.interval
        ends = f"{100 * low:.2f} to {percent(high)}"
        rows.append(Row(one.name, (f"{one.images:,}", percent(one.accuracy), ends)))
    columns = ("images", "accuracy", "95 % interval")
    return Table(
        caption,
        (Column("class", numeric=False), *map(Column, columns)),
        tuple(rows),
        mark=subject.mark,
    )


def _caveats(subject: Subject) -> Iterator[str]:
    if subject.mark:
        yield f"The figures are marked: {subject.mark}."
    for record in subject.records:
        whose = f"{record.config.name}: " if subject.is_ensemble else ""
        for finding in findings_of(record):
            yield f"{whose}{finding_text(finding)}"
    for precision in dict.fromkeys(record.config.precision for record in subject.records):
        if precision != "float32":
            yield (
                f"The figures were measured in {precision}, in which it was trained; here it "
                "computes in float32, so that single answers may be others."
            )
    yield (
        "It always reads one of its classes, also where an image shows none of them: it was never "
        "shown such an image."
    )
    if subject.first.config.data == MNIST:
        images = subject.numbers.images
        yield (
            f"Most people dispute {len(DISPUTED)} of MNIST's {images:,} test labels (Northcutt et "
            f"al. 2021), so that no more than {percent(1 - len(DISPUTED) / images)} can be right "
            "for good reasons."
        )
    yield "No license is stated here: whoever publishes it says which."


def _making(subject: Subject, made: Conversion) -> Iterator[Block]:
    for record, layers in zip(subject.records, made.layers, strict=True):
        if subject.is_ensemble:
            yield Text(f"{record.config.name}:")
        yield Definitions(tuple(_facts(record, layers)))
        yield _settings(record)


def _facts(record: RunRecord, layers: str) -> Iterator[tuple[str, str]]:
    config, result = record.config, record.result or {}
    environment = result["environment"]
    accuracy = percent(result["test_accuracy"])
    yield "Layers", f"{layers}."
    if config.network is not None:
        yield (
            "A network of its maker's own",
            f"the function {config.label}; what it builds has the SHA-256 {config.network.sha256}.",
        )
    yield (
        "Training",
        f"epoch {result['best_epoch']} of {result['epochs_run']}, {_chosen(config)}; "
        f"test accuracy {accuracy}.",
    )
    sha256 = environment.get("data_sha256")
    yield "Data", config.data + (f", SHA-256 {sha256}." if sha256 else ".")
    yield "Versions", _versions(environment)
    yield "Machine", f"{environment.get('processor', 'not recorded')}."


def _chosen(config: RunConfig) -> str:
    """Why it is the weights of this epoch."""
    if config.keep == "last":
        return "the last, which was to be kept"
    where = "on the test set" if config.selected_on_test else "on images held out of training"
    return f"the best by {MONITORED[config.monitor].label} {where}"


def _versions(environment: Mapping[str, Any]) -> str:
    found = [f"{name} {environment[name]}" for name in _VERSIONS if name in environment]
    return f"{', '.join(found)}."


def _settings(record: RunRecord) -> Table:
    settings = record.config.model_dump()
    left_out = {"data", "network"}  # which stand above
    return Table(
        "Settings; those of mnist-keras that are not here are at their defaults",
        (Column("setting", numeric=False), Column("value", numeric=False)),
        tuple(
            Row(name.replace("_", " "), (value_text(value),))
            for name, value in settings.items()
            if name not in left_out and not is_usual(name, value)
        ),
    )


def _file(form: ExportFormat, made: Conversion) -> Iterator[tuple[str, str]]:
    versions = form.versions()
    writers = {
        "mnist-keras": metadata.version("mnist-keras"),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("tensorflow", "keras")},
        **{name: versions[name] for name in form.converters},
    }
    yield form.file, f"{form.title}, float32, any number of images at a time."
    yield "Written by", ", ".join(f"{name} {version}" for name, version in writers.items()) + "."
    yield (
        "Checked with",
        f"{form.runtime} {versions[form.runtime]}, in a process that had never seen the network: "
        f"on the first {made.images:,} test images its {made.output} differ from those of Keras by "
        f"at most {made.difference:.1e}.",
    )
