from __future__ import annotations

from functools import partial

import pytest

from mnist_keras.processes import run_in_processes
from mnist_keras.report.language import (
    SPACE,
    THIN_SPACE,
    decimal,
    format_number,
    french_catalogue,
    in_this_language,
    plural,
    translate,
    typeset,
    writing_in,
)
from mnist_keras.report.words.naming import label_name, listed, mark_name, printed_figure
from mnist_keras.report.words.units import PERCENT, seed_range_cell, seed_range_text, seeds
from mnist_keras.runs.caveats import SELECTED_ON_TEST, TENTH, marks_text
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.summaries import Interval
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Label, Subject


def test_outside_a_block_all_is_english():
    with writing_in("fr"):
        assert translate("Verdicts by study") == "Verdicts par étude"
    assert translate("Verdicts by study") == "Verdicts by study"


def test_an_error_in_a_block_ends_the_language_with_it():
    with pytest.raises(KeyError), writing_in("fr"):
        raise KeyError
    assert translate("Figures by {name}", name=1.5) == "Figures by 1.5"
    assert seeds(1) == "1 seed"


def test_blocks_can_be_nested():
    with writing_in("fr"):
        with writing_in("en"):
            assert seeds(2) == "2 seeds"
        assert seeds(2) == "2 graines"


@pytest.mark.parametrize(
    ("value", "spec", "french"),
    [
        (1234567, ",", f"1{THIN_SPACE}234{THIN_SPACE}567"),
        (1234.5, ",.1f", f"1{THIN_SPACE}234,5"),
        (-0.25, "+.2f", "−0,25"),
        (0.25, "+.2f", "+0,25"),
        (0.25, ".0%", f"25{SPACE}%"),
        (0.0001, "g", "0,0001"),
        (7, "02d", "07"),
    ],
)
def test_numbers_are_written_as_each_language_does(value, spec, french):
    assert format_number(value, spec) == format(value, spec)
    with writing_in("fr"):
        assert format_number(value, spec) == french


@pytest.mark.parametrize(
    ("text", "french"),
    [
        ("0.001", "0,001"),
        ("97.70 %", f"97,70{SPACE}%"),
        ("~0.3", "~0,3"),
        ("11.6-12.1", "11,6-12,1"),
        ("256-128-64", "256-128-64"),
        ("cnn2-lr0.001-b32", "cnn2-lr0.001-b32"),
        ("2.21.0", "2.21.0"),
    ],
)
def test_only_numbers_in_a_text_get_a_comma(text, french):
    assert decimal(text) == text
    with writing_in("fr"):
        assert decimal(text) == french


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(0, "0 seeds", "0 graine"), (1, "1 seed", "1 graine"), (2, "2 seeds", "2 graines")],
)
def test_the_singular_is_that_of_the_language(count, english, french):
    assert seeds(count) == english
    with writing_in("fr"):
        assert seeds(count) == french


def test_units_have_a_singular_below_two_in_french():
    assert PERCENT.size(0.011) == "1.10 points"
    with writing_in("fr"):
        assert PERCENT.size(0.011) == f"1,10{SPACE}point"
        assert PERCENT.size(-0.021) == f"2,10{SPACE}points"
        assert PERCENT.value(0.9814) == f"98,14{SPACE}%"
        assert PERCENT.interval(Interval(-0.001, 0.025)) == f"−0,10 à +2,50{SPACE}points"


def test_a_text_without_translation_stays_as_it_is():
    with writing_in("fr"):
        assert translate("Mine {and} yours") == "Mine {and} yours"
        assert translate("Mine: {count:,.1f}", count=1234) == f"Mine: 1{THIN_SPACE}234,0"
        assert plural(2, "{count} thing", "{count} things") == "2 things"


def test_a_study_brings_texts_of_its_own():
    with writing_in("fr", [{"My title": "Mon titre : 5 %"}, {"Figures": "Images"}]):
        assert translate("My title") == f"Mon titre{SPACE}: 5{SPACE}%"
        assert translate("Figures") == "Images"
    with writing_in("en", [{"My title": "Mon titre"}]):
        assert translate("My title") == "My title"


def test_french_punctuation_never_stands_alone_on_a_line():
    assert typeset("a ; b : c ! d ? 5 % « e »") == (
        f"a{THIN_SPACE}; b{SPACE}: c{THIN_SPACE}! d{THIN_SPACE}? 5{SPACE}% «{SPACE}e{SPACE}»"
    )
    wrong = [t for text in french_catalogue().values() for t in text if " ;" in t or " :" in t]
    assert wrong == []


def test_another_process_writes_in_the_language_of_the_caller():
    with writing_in("fr", [{"My title": "Mon titre"}]):
        calls = [partial(in_this_language(translate), "My title"), partial(seeds, 3)]
        assert run_in_processes(calls) == ["Mon titre", "3 seeds"]


def test_labels_of_configurations_are_read_in_french():
    rate = Label("learning rate", 0.001, epochs=15)
    for label in (
        rate,
        Label("first test"),
        Label("my own", "a"),
        Label("hidden", 64, None, "deep"),
    ):
        assert label_name(label) == str(label)
    with writing_in("fr"):
        glued = f"taux d'apprentissage ={SPACE}0,001 (15 premières époques)"
        assert label_name(rate) == glued
        assert label_name(Label("first test")) == "premier essai"
        assert label_name(Label("my own", "a")) == f"my own ={SPACE}a"


def test_every_mark_of_several_is_translated():
    marks = [marks_text(*which) for which in ((False, False), (False, True), (True, True))]
    assert marks == ["", TENTH, f"{SELECTED_ON_TEST}; {TENTH}"]
    assert [mark_name(mark) for mark in marks] == marks
    with writing_in("fr"):
        tenth = "un dixième des données, non comparable"
        both = f"sélection sur le jeu de test{THIN_SPACE}; {tenth}"
        assert [mark_name(mark) for mark in marks] == ["", tenth, both]


def test_names_are_listed_in_both_languages():
    assert [listed([]), listed(["a"]), listed(["a", "b", "c"])] == ["", "a", "a, b and c"]
    with writing_in("fr"):
        assert listed(["a", "b", "c"]) == "a, b et c"


def test_a_published_figure_is_printed_with_its_unit():
    cell = PublishedCell(Subject(), "seconds", 0.3, 0.3, approximate=True)
    gap = PublishedCell(Subject(), "gap", 0.02, 0.02)
    assert [printed_figure(cell), printed_figure(gap)] == ["~0.3 s", "0.02 points"]
    with writing_in("fr"):
        assert printed_figure(cell) == f"~0,3{SPACE}s"
        assert printed_figure(gap) == f"0,02{SPACE}point"


NEARER = "by today's estimate; these seeds cannot say nearer"


@pytest.mark.parametrize(
    ("ends", "text", "cell"),
    [
        ((4, 4, 4), "about 4 seeds would settle it", "4"),
        ((5, 17, 50), "5 to 50 seeds would settle it", "5 to 50"),
        ((5, 17, 51), f"about 17 seeds would settle it {NEARER}", "about 17"),
        ((32, 400, None), f"about 400 seeds would settle it {NEARER}", "about 400"),
        (
            (32, None, None),
            f"more than 1,000 seeds would settle it {NEARER}",
            "more than 1,000",
        ),
        (
            (None, None, None),
            "more than 1,000 seeds would be needed to settle it",
            "more than 1,000",
        ),
    ],
)
def test_a_range_of_seeds_that_is_too_wide_is_told_by_its_middle(ends, text, cell):
    needed = SeedRange(*ends)
    assert seed_range_text(needed) == text
    assert seed_range_cell(needed) == cell
    with writing_in("fr"):
        assert "seed" not in seed_range_text(needed)
