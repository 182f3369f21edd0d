"""The French report: complete, in French only, and the same files as the English one."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import matplotlib as mpl
import pytest
from command_line import run_here
from generated_runs import write_study
from report_samples import write_runs

import mnist_keras.report
from mnist_keras.analysis import analyze as analysis
from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.pairs import MOST_LEVELS
from mnist_keras.config import RunConfig
from mnist_keras.metrics import METRICS, MONITORED
from mnist_keras.report.build import build_report
from mnist_keras.report.figures.study_figures import study_plots
from mnist_keras.report.language import THIN_SPACE, french_catalogue, writing_in
from mnist_keras.report.live import words as live
from mnist_keras.report.live.page import render_live
from mnist_keras.report.page import content, markdown, opening, tallies
from mnist_keras.report.page.html import render_page
from mnist_keras.report.page.markdown import render_markdown
from mnist_keras.report.page.methods import METHODS
from mnist_keras.report.words import tables
from mnist_keras.report.words.verdicts import FIGURE_WORDS
from mnist_keras.running.watch import StudyWatch
from mnist_keras.runs.caveats import SELECTED_ON_TEST, SEPARATOR, SHORTENED, TENTH
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.design import Study
from mnist_keras.studies.files import FRENCH, STUDY_NAMES
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.trials import FACTOR_FIELDS
from mnist_keras.tables import reasons
from mnist_keras.tables.sheet import SOURCES

REPORT = Path(mnist_keras.report.__file__).parent


NETWORKS = {"perceptron", "shallow", "deep", "lenet5"}
"""Their names are the same in both languages."""

ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|with|which|not|from|by|than|seeds?|runs?|mean|accuracy|loss|epochs?"
    r"|published|measured|for|first|below|above|learning|batch|hidden|layers|training|seconds)\b",
    re.IGNORECASE,
)
"""Words that French does not have."""

QUOTED = re.compile(
    r"--seeds\b|Annals of (Applied )?Statistics|Statistical Intervals|Scandinavian Journal of "
    r"Statistics|« accuracy » ou « précision »|Some <Processor> & more|\bhost cores\b"
    r"|Neural Networks and Deep Learning|\bmnist-cnn-\S+"
)
"""What stays English: titles of papers, books and journals, the sources' word, names of a machine
and of runs."""


NAMES_WITH_POINTS = re.compile(r"\d+\.\d+\.\d+|-lr[\d.]+|=[\d.]+|section 11\.1")
"""Versions, names of runs, a section of a book: no numbers."""


def _literals() -> Iterator[tuple[str, Path, int]]:
    """The English texts in the code: the first argument of `translate`, the third of `plural`."""
    for path in sorted(REPORT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"translate": 0, "plural": 2}.get(node.func.id)
                if place is not None and isinstance(node.args[place], ast.Constant):
                    yield node.args[place].value, path, node.lineno


def _in_templates() -> set[str]:
    pages = (path.read_text() for path in REPORT.rglob("*.html"))
    return {text for page in pages for text in re.findall(r'translate\("([^"]+)"\)', page)}


def _named_elsewhere() -> set[str]:
    """Texts that `translate` and `plural` are given by name."""
    units = {metric.unit for metric in METRICS.values()} - {""}
    words = [word for word in FIGURE_WORDS.values() if word != "differs"] + ["differ"]
    return {
        *(SELECTED_ON_TEST, TENTH, SHORTENED, SEPARATOR),
        analysis.PUBLISHED_OPTIMUM,
        *map(str, Verdict),
        *FIGURE_WORDS.values(),
        *(f"{{count}} {word}" for word in words),
        *opening.TONE_TITLES.values(),
        *tallies.CLAIM_WORDS.values(),
        *(text for method in METHODS for text in method),
        *(metric.label for metric in (*METRICS.values(), *MONITORED.values())),
        *units - {"%", "s"},
        *(f" {unit}" for unit in units),
        *markdown._FINDING_TITLES,
        *(reason.text for reason in reasons.ALL),
        *tables.LEGEND,
        *live.WORDS,
        *SOURCES,
        *("the whole study", "whole study", "confirmation"),
    }


def _studies_words() -> set[str]:
    """Factors and trials of the studies, and what an environment tells."""
    studies = [load_study(name) for name in STUDY_NAMES]
    labels = {factor.label for study in studies for factor in study.factors}
    trials = {trial.name for study in studies for trial in study.named_trials}
    return labels | trials


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_text_in_the_code_has_a_french_one():
    catalogue = french_catalogue()
    missing = [f"{path.name}:{line} {text}" for text, path, line in _literals()
               if text not in catalogue]  # fmt: skip
    assert missing == []
    assert (_in_templates() | _named_elsewhere()) - set(catalogue) == set()
    assert _studies_words() - set(catalogue) <= NETWORKS


def test_no_french_text_is_left_over():
    texts = {text for text, _, _ in _literals()}
    known = texts | _in_templates() | _named_elsewhere() | _studies_words()
    parts = {"python", "tensorflow", "keras", "numpy", "h5py", "tensorboard", "system",
             "processor", "vector instructions", "onednn", "variables", "cores", "host cores",
             "threads", "gpus", "data sha256"}  # fmt: skip
    left = set(french_catalogue()) - known - parts
    assert left <= {" epochs", "-", *FACTOR_FIELDS}


def test_a_french_text_has_the_values_of_the_english_one():
    for english, french in french_catalogue().items():
        for text in [french] if isinstance(french, str) else french:
            assert _placeholders(text) == _placeholders(english), english


def _texts(study: Study) -> list[str]:
    claims = [claim.text for claim in study.claims]
    tables = [table.title for table in study.tables]
    own = [study.title, study.source, study.protocol, study.shortened]
    return [*filter(None, own), *claims, *tables, *study.contradictions]


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_every_text_of_a_study_has_a_french_one(name):
    study = load_study(name)
    assert [text for text in _texts(study) if text not in study.french] == []
    assert set(study.french) <= set(_texts(study))


def _numbers(text: str, grouped: str, point: str) -> list[float]:
    plain = re.sub(rf"(?<=\d){grouped}(?=\d{{3}}\b)", "", text)
    return sorted(float(n.replace(point, ".")) for n in re.findall(rf"\d+(?:{point}\d+)?", plain))


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_a_french_claim_states_the_same_numbers(name):
    study = load_study(name)
    for text in (*(claim.text for claim in study.claims), *(t.title for t in study.tables)):
        french = study.french[text]
        assert _numbers(french, " ", ",") == _numbers(text, ",", r"\."), text


OTHER_DATA = "data-0123456789ab"
TENTH_OF_MNIST = "quick-71eab9db4175"

SWEEP = f"""
name = "sweep"
title = "How small a batch?"
title_fr = "Quels lots ?"
base = {{ architecture = "shallow", epochs = 2 }}
[[factors]]
field = "batch_size"
label = "batch size"
values = {list(range(8, 8 + MOST_LEVELS + 1))}
"""

Sample = tuple[Study, Path]
"""A study, and the logs that hold its runs."""

CHANGED = ("on other data", "on a tenth", "a sweep of one's own")
"""Samples whose figures do not compare with published ones."""


def _generated(logs: Path, study: Study, seeds: int, **result: Any) -> Sample:
    levels = {"perceptron": 0.87, "shallow": 0.978, "deep": 0.979}

    def accuracy(config: RunConfig) -> float:
        return levels.get(config.architecture, 0.99) - 0.01 * (config.learning_rate != 0.001)

    write_study(logs, study, accuracy, seeds=range(seeds), wide=True, images=200, **result)
    return study, logs


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """The five studies, of two seeds but one of compare-conv, and three that do not compare."""
    folder = tmp_path_factory.mktemp("runs")
    logs, changed = folder / "logs", folder / "changed" / "logs"
    (folder / "sweep.toml").write_text(SWEEP)
    other = load_study("deep").override(data=OTHER_DATA, epochs=2)
    tenth = load_study("compare-conv").override(data=TENTH_OF_MNIST, epochs=2)
    sweep = load_study(folder / "sweep.toml").override(data=TENTH_OF_MNIST)
    clothes = [f"vêtement {number}" for number in range(10)]
    return {
        **{
            name: _generated(logs, load_study(name), 1 if name == "compare-conv" else 2)
            for name in STUDY_NAMES
        },
        "on other data": _generated(changed, other, 2, class_names=clothes),
        "on a tenth": _generated(changed, tenth, 2),
        "a sweep of one's own": _generated(changed, sweep, 2),
    }


def _plain(page: str) -> str:
    """What a page says, without markup, style and the command to be copied."""
    page = re.sub(r"(?s)<(style|pre|svg)\b.*?</\1>", " ", page)
    return html.unescape(re.sub(r"<[^>]+>", "\n", page))


def _english(text: str) -> list[str]:
    lines = (QUOTED.sub("", " ".join(line.split())) for line in text.splitlines())
    return [line for line in lines if ENGLISH.search(line)]


def _outcome(sample: Sample) -> StudyOutcome:
    study, logs = sample
    return analysis.analyze(study, logs, wide=True)


def _pages(sample: Sample, folder: Path) -> tuple[str, str]:
    """A sample's page and its Markdown, in French."""
    with writing_in("fr", [sample[0].french]):
        chapter = content.Chapter(_outcome(sample), ())
        document = content.study_document(chapter, "mnist-keras report")
        return render_page(document), render_markdown(document, folder)


@pytest.mark.parametrize("name", [*STUDY_NAMES, *CHANGED])
def test_a_french_page_says_nothing_in_english(samples, name, tmp_path):
    page, markdown = _pages(samples[name], tmp_path)
    assert '<html lang="fr">' in page
    assert _english(_plain(page)) == []
    assert _english(re.sub(r"(?s)```.*?```", "", markdown)) == []
    assert not re.search(r"[\w)][;:!?]\s", _plain(page))
    assert not re.search(r"\d\.\d", NAMES_WITH_POINTS.sub("", _plain(page)))


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_nor_does_a_page_of_a_study_that_is_watched(samples, name):
    logs = samples[name][1]
    now = StudyWatch(name, logs, logs.parent / "checkpoints").look()
    files = dict.fromkeys(("report", "style", "script", "icon"), "")
    page = render_live([now], {"/a": now, "/b": now}, files, 5, "fr", logs)
    assert _english(_plain(page)) == []
    assert not re.search(r"\d\.\d", NAMES_WITH_POINTS.sub("", _plain(page)))


@pytest.mark.parametrize("names", [STUDY_NAMES, CHANGED])
def test_nor_does_the_joint_page(samples, names):
    found = [samples[name] for name in names]
    with writing_in("fr", [study.french for study, _ in found]):
        chapters = [content.Chapter(_outcome(sample), ()) for sample in found]
        page = render_page(content.joint_document(chapters, (), "mnist-keras report"))
    assert _english(_plain(page)) == []
    assert "sélection sur le jeu de test" in page
    assert ("autres données" in page) == (names == CHANGED)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("on other data", "Le jeu de données n'est pas celui de la source"),
        ("on other data", "dont ces entraînements s'écartent"),
        ("on other data", "vêtement 0, vêtement 1"),
        ("on a tenth", "Tout ici a été fait avec --quick"),
        ("on a tenth", f"sélection sur le jeu de test{THIN_SPACE}; un dixième des données"),
        ("a sweep of one's own", "Trop de valeurs pour comparer toutes les paires"),
        ("a sweep of one's own", "un par case\n"),
    ],
)
def test_a_page_says_in_french_why_it_does_not_compare(samples, name, said, tmp_path):
    assert said in _plain(_pages(samples[name], tmp_path)[0])


def test_english_words_would_be_found():
    page = render_page(content.study_document(content.Chapter(_empty("cnn"), ()), "x"))
    assert len(_english(_plain(page))) > 20


def _empty(name: str) -> StudyOutcome:
    return analysis.analyze(load_study(name), Path("no such folder"))


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_a_page_without_runs_is_french_too(name):
    with writing_in("fr", [load_study(name).french]):
        chapter = content.Chapter(_empty(name), ())
        page = render_page(content.study_document(chapter, "mnist-keras report"))
    assert _english(_plain(page)) == []


@pytest.mark.parametrize("name", [*STUDY_NAMES, *CHANGED])
def test_french_figures_say_nothing_in_english(samples, name):
    with writing_in("fr", [samples[name][0].french]):
        for sheet in study_plots(_outcome(samples[name])):
            artists = sheet.canvas.findobj(mpl.text.Text)
            said = "\n".join([sheet.caption, sheet.alt, *(one.get_text() for one in artists)])
            assert _english(said) == [], sheet.name
            assert not re.search(r"\d\.\d", sheet.caption + sheet.alt), sheet.name


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same two small studies, reported in English and in French, by two processes each."""
    folders = {}
    for language in ("en", "fr"):
        folders[language] = tmp_path_factory.mktemp(language)
        studies = [load_study(name) for name in ("compare-conv", "architectures")]
        for study in studies:
            write_runs(folders[language], study, seeds=1)
        build_report(studies, folders[language], command="mnist-keras", language=language)
    return folders


def test_the_files_have_the_same_names_in_both_languages(reports):
    names = [
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        for folder in reports.values()
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("study", ["compare-conv", "architectures"])
def test_results_csv_is_the_same_in_both_languages(reports, study):
    english, french = (folder / study / "results.csv" for folder in reports.values())
    assert english.read_bytes() == french.read_bytes()


def test_figures_and_their_captions_are_french_where_other_processes_draw_them(reports):
    english, french = ((folder / "report.md").read_text() for folder in reports.values())
    assert "hollow diamonds are published figures" in english
    assert "les losanges creux sont les chiffres publiés" in french
    assert _english("\n".join(re.findall(r"(?m)^!\[(.*)\]\(", french))) == []
    drawn = [(folder / "compare-conv/figures/convolutions.png").read_bytes()
             for folder in reports.values()]  # fmt: skip
    assert drawn[0] != drawn[1]


def test_the_command_writes_french_and_speaks_english(tmp_path):
    write_runs(tmp_path, load_study("architectures"), seeds=1)
    done = run_here("report", "architectures", "--language", "fr", "--logs", str(tmp_path))
    page = tmp_path / "architectures" / "report.html"
    assert (done.code, done.out.strip()) == (0, str(page))
    assert '<html lang="fr">' in page.read_text()
    assert "report architectures --language fr" in page.read_text()
    again = run_here("report", "architectures", "--logs", str(tmp_path))
    assert again.code == 0
    assert '<html lang="en">' in page.read_text()


def test_another_language_is_a_mistake_in_the_command_line(tmp_path):
    done = run_here("report", "--language", "de", "--logs", str(tmp_path))
    assert done.code == 2
    assert "'de' is not one of 'en', 'fr'" in done.err


OWN = """
name = "own"
title = "My {own} question"
base = { architecture = "shallow", epochs = 2 }
[[factors]]
field = "batch_size"
label = "number of images"
label_fr = "nombre d'images"
values = [32, 64]
"""


def test_a_study_of_the_users_own_stays_in_its_own_words(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    study = load_study(file)
    assert study.french == {"number of images": "nombre d'images"}
    assert study.factors[0].label == "number of images"
    _generated(tmp_path / "logs", study, 2)
    build_report([study], tmp_path / "logs", command="x", language="fr")
    page = (tmp_path / "logs" / "own" / "report.html").read_text()
    assert "<h1>My {own} question</h1>" in page
    assert "nombre d&#39;images" in page
    assert "number of images" not in page


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("colour_fr = 'couleur'", "colour_fr"),
        ("contradictions = ['a', 'b']\ncontradictions_fr = ['c']", "contradictions_fr"),
        ("source = 'a'\nsource_fr = 3", "source_fr"),
    ],
)
def test_a_french_text_that_belongs_to_nothing_is_named(tmp_path, line, named):
    file = tmp_path / "own.toml"
    file.write_text(line + OWN)
    done = run_here("plan", str(file))
    assert done.code in (1, 2)
    assert f"{named} is" in done.err
    assert named.removesuffix(FRENCH) in done.err
