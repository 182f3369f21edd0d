from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from report_samples import ENVIRONMENT, sample_outcome, sample_pictures

from mnist_keras.analysis.outcome import OtherMachine
from mnist_keras.analysis.sources import audit_source
from mnist_keras.claims.base import Replay
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.report.language import writing_in
from mnist_keras.report.page.content import Chapter, joint_document, study_document
from mnist_keras.report.page.document import (
    SYMBOLS,
    Document,
    Findings,
    Section,
    Table,
    Tally,
    Tone,
)
from mnist_keras.report.page.html import render_page
from mnist_keras.report.page.inline_svg import inline_svg
from mnist_keras.report.page.markdown import escape, render_markdown
from mnist_keras.report.page.methods import (
    IMPACT,
    LOOKS,
    MEAN,
    PAIRS,
    SEQUENTIAL,
    VERDICTS,
    methods_of_studies,
)
from mnist_keras.report.page.wording import (
    duration,
    interval,
    number,
    published_number,
    seeds_text,
    settings_text,
)
from mnist_keras.runs.caveats import SELECTED_ON_TEST
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Subject

TIMES = "a time of another machine is not judged, only ratios of times are"

VOID = {"meta", "link", "br", "hr", "img", "input"}
COMMAND = "mnist-keras report shallow"


class Page(HTMLParser):
    """An HTML page as a list of elements; raises on a tag that is not closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def attributes(self, *names: str) -> list[str]:
        return [at[name] for _, at in self.elements for name in names if name in at]

    def tags(self, *names: str) -> list[dict[str, str]]:
        return [at for tag, at in self.elements if tag in names]


@pytest.fixture(scope="module")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, Path]:
    """A report of three seeds with two figures, and its folder."""
    folder = tmp_path_factory.mktemp("shallow")
    pictures = sample_pictures(folder / "figures", "one", "two")
    outcome = sample_outcome(load_study("shallow"), unfinished=("shallow-h64-s2",))
    return study_document(Chapter(outcome, pictures), COMMAND), folder


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, Path]:
    """A report of three studies, one of them selected on the test set."""
    folder = tmp_path_factory.mktemp("joint")
    chapters = [
        Chapter(sample_outcome(load_study(name)), sample_pictures(folder / name, "a", "b"))
        for name in ("compare-conv", "shallow", "architectures")
    ]
    overview = sample_pictures(folder, "overview")
    return joint_document(chapters, overview, COMMAND), folder


@pytest.fixture(scope="module", params=["shallow", "joint"])
def page(request: pytest.FixtureRequest) -> Page:
    document, _ = request.getfixturevalue(request.param)
    return Page(render_page(document))


def _sections(document: Document) -> list[Section]:
    return [part for section in document.sections for part in (section, *section.parts)]


def _section(document: Document, key: str) -> Section:
    return next(section for section in _sections(document) if section.key == key)


def _tables(document: Document) -> list[Table]:
    return [block for block in document.blocks() if isinstance(block, Table)]


# What the report says


def test_the_report_opens_with_how_the_verdicts_fell(shallow):
    document, _ = shallow
    study = load_study("shallow")
    figures, claims = (b for b in document.sections[0].blocks if isinstance(b, Tally))
    assert figures.total == len(study.published)
    assert claims.total == len(study.claims)
    assert document.sections[0].key == "verdicts"


def test_every_claim_is_there_with_number_sentence_verdict_and_reason(shallow):
    document, _ = shallow
    claims = load_study("shallow").claims
    (findings,) = (b for b in document.sections[0].blocks if isinstance(b, Findings))
    assert [item.text for item in findings.items] == [claim.text for claim in claims]
    assert [item.label for item in findings.items] == [claim.label for claim in claims]
    assert findings.items[0].chip.text == "not judged"
    assert findings.items[0].reason == "no finished run of small yet"
    assert findings.items[1].chip.text == "does not hold"
    assert findings.items[1].reason.startswith(
        "validation accuracy: over 3 seeds <hidden> = 64 is 0.8"
    )


def test_reasons_for_not_judging_are_counted(shallow):
    document, _ = shallow
    cells = sample_outcome(load_study("shallow")).cells
    times = sum(cell.why_not == OtherMachine(time=True) for cell in cells)
    assert f"{TIMES} ({times})" in Page(render_page(document)).text


def test_every_published_figure_stands_beside_the_measured_one(shallow):
    document, _ = shallow
    tables = [t for t in _section(document, "published").blocks if isinstance(t, Table)]
    published = [t for t in tables if "Published" in [c.title for c in t.columns]]
    study = load_study("shallow")
    assert [t.caption for t in published] == [table.title for table in study.tables]
    assert sum(len(t.rows) for t in published) == len(study.published)
    (rates,) = (t for t in published if t.caption == "Learning rate")
    row = rates.rows[0]
    assert row.header == "learning rate =\xa00.0001"
    assert row.cells[:2] == ("validation accuracy,\xa0%", "95.38")
    outcome = sample_outcome(study)
    cell = next(c for c in outcome.cells if c.cell.source == "Learning rate")
    assert row.cells[2] == f"{100 * cell.values.mean():.2f}"
    assert row.cells[6] == "3"


def test_a_verdict_is_none_where_none_is_possible_and_says_why(shallow):
    document, _ = shallow
    (rates,) = (t for t in _tables(document) if t.caption == "Learning rate")
    seconds = rates.rows[2]
    assert seconds.cells[0] == "seconds of the whole training,\xa0s"
    assert seconds.cells[-1].text == "not judged"
    assert dict(rates.notes)[seconds.cells[-1].note] == TIMES


def test_factors_pairs_confirmation_cost_and_environment_are_there(shallow):
    document, _ = shallow
    keys = [section.key for section in document.sections]
    assert keys == [
        "verdicts", "published", "factors", "pairs", "confirmation", "cost", "figures",
        "contradictions", "methods", "environment", "again",
    ]  # fmt: skip
    text = Page(render_page(document)).text
    for wanted in (
        ENVIRONMENT["data_sha256"], ENVIRONMENT["processor"], COMMAND, "1 h 12 min",
        "shallow-h64-s2", "sqrt(1 + 1/n)", *load_study("shallow").contradictions,
    ):  # fmt: skip
        assert wanted in text
    cost = next(t for t in _tables(document) if t.caption == "Cost for one seed")
    assert [row.cells[0] for row in cost.rows] == ["9", "11", "36"]


def test_impacts_stand_beside_the_smallest_that_could_have_passed(shallow):
    document, _ = shallow
    outcome = sample_outcome(load_study("shallow"))
    impacts = next(t for t in _tables(document) if t.caption.startswith("Impact of each factor"))
    assert [row.header for row in impacts.rows] == ["learning rate", "hidden", "batch size"]
    judged = outcome.factors[1].impact
    assert impacts.rows[1].cells[1] == f"{100 * judged.size:.2f}"
    assert impacts.rows[1].cells[3] == f"{100 * judged.smallest_visible:.2f}"


def test_a_value_is_called_best_only_where_a_test_says_so():
    outcome = sample_outcome(load_study("shallow"))
    rates, *others = outcome.factors
    sole = replace(rates, best=0.001, tied=(0.001,))
    level = replace(rates, best=0.001, tied=(0.001, 0.01))
    for factor, said in (
        (sole, ["0.001 (best)"]),
        (level, ["0.001 (tied for the best)", "0.01 (tied for the best)"]),
    ):
        changed = replace(outcome, factors=(factor, *others))
        document = study_document(Chapter(changed, ()), COMMAND)
        table = next(t for t in _tables(document) if t.caption == "Values of learning rate")
        assert [row.header for row in table.rows if "(" in row.header] == said


def test_a_pair_shows_what_its_family_says_and_both_intervals():
    outcome = sample_outcome(load_study("shallow"))
    pair = outcome.pairs[0]
    pairs = (replace(pair, verdict=Verdict.OPEN), replace(pair, verdict=Verdict.DIFFERENT))
    document = study_document(Chapter(replace(outcome, pairs=pairs), ()), COMMAND)
    table = next(t for t in _tables(document) if t.caption == "Pairs by learning rate")
    titles = [column.title for column in table.columns]
    verdicts = [row.cells[titles.index("Verdict") - 1].text for row in table.rows]
    assert verdicts == ["cannot tell", "differ"]
    assert table.rows[0].header == "0.0001 against 0.001"
    assert table.rows[0].cells[titles.index("Other images, too") - 1] == "−0.40 to +0.30"
    assert table.rows[0].cells[titles.index("Smallest that could pass") - 1] == "0.21"


def test_no_interval_of_an_accuracy_ends_above_100_percent():
    assert interval(Interval(0.985, 1.004), "val_accuracy") == "98.50 to 100.00"
    difference = interval(Interval(-1.3, 1.2), "val_accuracy", signed=True)
    assert difference == "−100.00 to +100.00"
    assert interval(Interval(-0.3, 2.0), "seconds") == "0.00 to 2.00"
    assert interval(Interval(-0.003, 0.004), "val_accuracy", signed=True) == "−0.30 to +0.40"


def test_whether_the_source_could_have_known_stands_beside_a_claim(tmp_path):
    outcome = sample_outcome(load_study("shallow"))
    claims = (replace(outcome.claims[1], replay=Replay(5, 0.42)), *outcome.claims[2:])
    document = study_document(Chapter(replace(outcome, claims=claims), ()), COMMAND)
    said = "one run a value, as the source had, says this in 42 % of replays of our 5 seeds"
    assert said in Page(render_page(document)).text
    assert said in render_markdown(document, tmp_path)


def test_how_often_a_study_was_looked_at_is_said():
    outcome = sample_outcome(load_study("shallow"), looks=4, rule=Rule.SEQUENTIAL)
    text = Page(render_page(study_document(Chapter(outcome, ()), COMMAND))).text
    assert "The verdicts were looked at 4 times while seeds were added" in text
    assert "one more of ours falls into it with 95 % probability, at all looks together" in text


def test_only_methods_that_something_was_judged_by_are_explained():
    study = load_study("shallow")
    fixed = {term for term, _ in methods_of_studies([sample_outcome(study)])}
    looked = sample_outcome(study, looks=4, rule=Rule.SEQUENTIAL)
    looked_terms = {term for term, _ in methods_of_studies([looked])}
    assert {VERDICTS, MEAN, IMPACT, PAIRS} <= fixed
    assert looked_terms - fixed == {LOOKS, SEQUENTIAL}
    bare = replace(looked, factors=(), pairs=(), claims=(), cells=())
    assert {term for term, _ in methods_of_studies([bare])} == {VERDICTS, MEAN, LOOKS, SEQUENTIAL}


def test_what_does_not_follow_from_the_sources_own_tables_is_said():
    study = load_study("cnn")
    outcome = sample_outcome(study, source_audit=audit_source(study))
    text = Page(render_page(study_document(Chapter(outcome, ()), COMMAND))).text
    assert "The impact of learning rate is stated as 1.08; its table gives 1.58" in text


def test_two_figures_of_a_source_that_do_not_agree_are_said_in_both_languages():
    study = load_study("architectures")
    outcome = sample_outcome(study, source_audit=audit_source(study))
    told = {
        "en": "The figures of lenet5 do not agree: test accuracy 99.04 %",
        "fr": "Les chiffres de lenet5 ne concordent pas : exactitude de test 99,04 %",
    }
    for language, words in told.items():
        with writing_in(language, [study.french]):
            text = Page(render_page(study_document(Chapter(outcome, ()), COMMAND))).text
        assert words in re.sub(r"\s", " ", text)


def test_published_figures_are_hidden_beside_other_settings():
    study = load_study("shallow").override(epochs=3)
    assert not study.comparable
    outcome = sample_outcome(study, claims=sample_outcome(load_study("shallow")).claims)
    document = study_document(Chapter(outcome, ()), COMMAND)
    text = Page(render_page(document)).text
    assert "95.38" not in text
    assert "2.32 points" not in text
    assert "97.94" not in text
    assert "differ from the published ones" in text
    joint = joint_document([Chapter(outcome, ())], (), COMMAND)
    assert "2.32 points" not in Page(render_page(joint)).text
    assert "95.38" not in render_markdown(joint, Path())


@pytest.mark.parametrize("render", [render_page, lambda d: render_markdown(d, Path("/"))])
def test_everything_with_accuracies_is_marked_when_selected_on_test(render, tmp_path):
    outcome = sample_outcome(load_study("compare-conv"))
    pictures = [replace(p, mark=SELECTED_ON_TEST) for p in sample_pictures(tmp_path, "curves")]
    document = study_document(Chapter(outcome, tuple(pictures)), COMMAND)
    unmarked = [t.caption for t in _tables(document) if t.mark != SELECTED_ON_TEST]
    assert unmarked == ["Cost for one seed", "What the trainings ran on"]
    text = render(document)
    expected = len(_tables(document)) - 2 + 1 + len(pictures)
    marks = re.findall(r'class="mark">' + SELECTED_ON_TEST, text)
    marks += re.findall(rf"\*\*\(?{SELECTED_ON_TEST}\)?\*\*|<strong>\({SELECTED_ON_TEST}", text)
    assert len(marks) == expected


def test_an_honest_protocol_is_not_marked(shallow):
    document, _ = shallow
    assert SELECTED_ON_TEST not in Page(render_page(document)).text


def test_the_joint_report_counts_all_studies(joint):
    document, _ = joint
    studies = [load_study(name) for name in ("compare-conv", "shallow", "architectures")]
    figures, claims = (b for b in document.sections[0].blocks if isinstance(b, Tally))
    assert figures.total == sum(len(study.published) for study in studies)
    assert claims.total == sum(len(study.claims) for study in studies)
    assert [s.title for s in document.sections[1:4]] == [study.title for study in studies]


def test_two_machines_stand_side_by_side():
    other = {**ENVIRONMENT, "processor": "Another one", "data_sha256": "ff" * 32}
    outcome = sample_outcome(load_study("deep"), environments=(ENVIRONMENT, other))
    document = study_document(Chapter(outcome, ()), COMMAND)
    table = next(t for t in _tables(document) if t.caption == "What the trainings ran on")
    assert next(r for r in table.rows if r.header == "processor").cells[1] == "Another one"
    assert "data_sha256" not in [row.header for row in table.rows]
    text = Page(render_page(document)).text
    assert ENVIRONMENT["data_sha256"] in text
    assert "ff" * 32 in text


def test_a_study_without_any_finished_run_still_has_a_page():
    study = load_study("architectures")
    outcome = sample_outcome(
        study, seeds=1, configurations=(), cells=(), factors=(), claims=(), pairs=(),
        confirmation=None, published_optimum=None, environments=(), train_seconds=0.0,
        unfinished=("perceptron-s0",), selected_on_test=False,
    )  # fmt: skip
    document = study_document(Chapter(outcome, ()), COMMAND)
    assert "perceptron-s0" in Page(render_page(document)).text
    assert "perceptron-s0" in render_markdown(document, Path())


# The page


def test_all_ids_are_unique_and_every_reference_is_met(page):
    ids = Counter(page.attributes("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    links = [link[1:] for link in page.attributes("href", "xlink:href") if link.startswith("#")]
    painted = [name for at in page.elements for name in re.findall(r"url\(#([^)]+)\)", str(at[1]))]
    described = page.attributes("aria-labelledby", "aria-describedby")
    assert links
    assert painted
    assert {*links, *painted, *described} <= set(ids)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page):
    assert page.tags("script", "iframe", "object", "embed", "base", "img", "image") == []
    loaded = page.attributes("src", "srcset", "data", "action", "poster", "href")
    assert [link for link in loaded if re.search(r"^\w+:(?!,)|//|@import", link)] == []
    styles = [page.text, *page.attributes("style", "fill", "clip-path", "mask", "filter")]
    assert [text for text in styles if re.search(r"@import|url\((?!#)", text)] == []
    assert [name for _, at in page.elements for name in at if name.startswith("on")] == []


def test_structure_is_semantic(page):
    assert page.tags("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(levels) <= 3
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.tags("caption")) == len(page.tags("table"))
    assert {at.get("scope") for at in page.tags("th")} <= {"col", "row", "rowgroup"}
    assert len(page.tags("main")) == len(page.tags("nav")) == 1
    assert page.tags("meta")[1]["content"] == "width=device-width, initial-scale=1"


def test_every_row_fills_its_table(shallow, joint):
    for document, _ in (shallow, joint):
        for table in _tables(document):
            assert {len(row.cells) for row in table.rows} == {len(table.columns) - 1}
    cells = Page(render_page(shallow[0])).tags("td")
    assert len(cells) == sum(len(row.cells) for t in _tables(shallow[0]) for row in t.rows)


def test_every_figure_is_inside_the_page_with_what_it_shows(joint):
    document, _ = joint
    page = Page(render_page(document))
    drawings = [at for at in page.tags("svg") if at.get("role") == "img"]
    assert [at["aria-label"] for at in drawings] == [p.alt for p in document.pictures()]
    assert len(drawings) == 7
    for picture in document.pictures():
        assert picture.caption in page.text


def test_text_is_escaped(shallow):
    html = render_page(shallow[0])
    assert "&lt;hidden&gt; = 64" in html
    assert "<hidden>" not in html
    assert "Some &lt;Processor&gt; &amp; more" in html


def test_verdicts_differ_in_sign_as_well_as_colour():
    assert set(SYMBOLS) == set(Tone)
    assert len(set(SYMBOLS.values())) == len(Tone)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_enough_contrast(shallow, scheme):
    rules = re.findall(r":root \{(.*?)\}", render_page(shallow[0]), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", rules[0]))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([\w-]+): (#\w{6});", rules[1]))
    pairs = [(name, f"{name}-fill") for name in ("good", "bad", "open", "calm")]
    pairs += [(text, "paper") for text in ("ink", "soft", "accent")]
    pairs += [("accent", "shade"), ("ink", "shade"), ("ink", "open-fill")]
    too_weak = {pair: r for pair in pairs if (r := _contrast(*(colours[n] for n in pair))) < 4.5}
    assert too_weak == {}


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# A drawing in the page


def test_two_copies_of_a_drawing_share_no_id_and_no_style(tmp_path):
    (picture,) = sample_pictures(tmp_path, "one")
    first, second = (Page(inline_svg(picture.svg, key, "what")) for key in ("a", "b"))
    assert first.attributes("id")
    assert not set(first.attributes("id")) & set(second.attributes("id"))
    assert "#a *{" in first.text.replace("\n", "")
    assert "metadata" not in [tag for tag, _ in first.elements]
    assert {"width", "height"} & set(first.elements[0][1]) == set()
    assert first.elements[0][1]["viewbox"] == second.elements[0][1]["viewbox"]


@pytest.mark.parametrize("content", ["<svg", "<html></html>", ""])
def test_what_is_no_drawing_is_refused(tmp_path, content):
    path = tmp_path / "x.svg"
    path.write_text(content)
    with pytest.raises(UserError, match=r"x\.svg is not"):
        inline_svg(path, "a", "what")


# Markdown


def test_markdown_has_every_table_row_claim_and_figure(shallow):
    document, folder = shallow
    tokens = MarkdownIt("commonmark").enable("table").parse(render_markdown(document, folder))
    kinds = Counter(token.type for token in tokens)
    claims = next(b for b in document.blocks() if isinstance(b, Findings))
    rows = sum(len(table.rows) for table in _tables(document)) + len(claims.items)
    tables = len(_tables(document)) + 1
    assert kinds["table_open"] == tables
    assert kinds["tr_open"] == rows + tables
    assert kinds["td_open"] == sum(
        len(row.cells) + 1 for table in _tables(document) for row in table.rows
    ) + 4 * len(claims.items)  # no source has been replayed: a column less
    images = [c for t in tokens for c in t.children or () if c.type == "image"]
    assert [image.attrs["src"] for image in images] == ["figures/one.png", "figures/two.png"]
    assert images[0].content == "What one shows & says"
    assert all((folder / image.attrs["src"]).is_file() for image in images)


def test_markdown_contents_lead_to_headings(joint):
    document, folder = joint
    text = render_markdown(document, folder)
    links = re.findall(r"^- \[.*\]\(#(.*)\)$", text, re.MULTILINE)
    headings = re.findall(r"^#{1,3} (.*)$", text, re.MULTILINE)
    anchors = [
        re.sub(r"[^\w -]", "", h.replace("\\", "").lower()).replace(" ", "-") for h in headings
    ]
    assert len(links) == len(document.sections)
    assert all(anchors.count(link) == 1 for link in links)


@pytest.mark.parametrize(
    "text", ["a | b", "~0.3 s and ~0.9", "<b>", "*x* _y_ `z`", "[a](b)", "a\nb", "C:\\x", "#1 $x$"]
)
def test_escaped_text_is_read_as_it_was_written(text):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(f"| t |\n| --- |\n| {escape(text)} |\n")
    (inline,) = (t for t in tokens[-5:] if t.type == "inline")
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children) == " ".join(text.split())


def test_figures_elsewhere_are_refused(shallow, tmp_path):
    document, _ = shallow
    with pytest.raises(ValueError, match="subpath"):
        render_markdown(document, tmp_path / "elsewhere")


# Numbers and names


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.977, "val_accuracy", "97.70"),
        (-0.0011, "val_accuracy", "−0.11"),
        (0.02469, "val_loss", "0.0247"),
        (0.6619, "seconds_per_epoch", "0.66"),
        (61706.0, "parameters", "61,706"),
        (16.0, "best_epoch", "16"),
        (15.5, "best_epoch", "15.5"),
        (3058.4, "ram_mb", "3,058"),
    ],
)
def test_numbers_are_written_as_the_source_prints_them(value, metric, text):
    assert number(value, metric) == text


def test_intervals_of_differences_carry_their_signs():
    assert interval(Interval(-0.0003, 0.0025), "val_accuracy", signed=True) == "−0.03 to +0.25"
    assert interval(None, "val_accuracy") == "–"
    assert interval(Interval(61706.0, 61706.0), "parameters") == "–"


@pytest.mark.parametrize(
    ("low", "high", "about", "metric", "text"),
    [
        (97.7, 97.7, False, "val_accuracy", "97.70"),
        (0.3, 0.3, True, "seconds_per_epoch", "~0.3"),
        (11.5, 12, False, "seconds_per_epoch", "11.5–12"),
        (421642, 421642, False, "parameters", "421,642"),
        (60000, 60000, True, "parameters", "~60000"),
    ],
)
def test_published_figures_are_written_as_printed(low, high, about, metric, text):
    assert published_number(PublishedCell(Subject(), metric, low, high, about)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.94, "9.9 s"), (59.97, "1 min 00 s"), (148.4, "2 min 28 s"), (3599.7, "1 h 00 min")],
)
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("done", "text"),
    [
        ((), "no seed"),
        ((0,), "1 seed (0)"),
        ((0, 1, 2), "3 seeds (0 to 2)"),
        ((0, 2, 5), "3 seeds (0, 2, 5)"),
    ],
)
def test_seeds_are_named(done, text):
    assert seeds_text(done) == text


def test_settings_are_those_of_the_factors():
    config = RunConfig(architecture="deep", hidden=(256, 128, 64), batch_size=32)
    known = ["layers = 256-128-64", "learning rate = 0.001", "batch size = 32"]
    text = settings_text(load_study("deep"), config).replace("\xa0", " ")
    assert text.split(", ") == known
    assert settings_text(load_study("architectures"), config) == "deep-h256x128x64-lr0.001-b32-e15"
