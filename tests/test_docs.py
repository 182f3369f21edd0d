from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from error_lines import GAP, error_lines

from mnist_keras.commands import cli
from mnist_keras.config import ARCHITECTURE_NAMES
from mnist_keras.own_networks import is_own
from mnist_keras.runs.records import EPOCH_COLUMNS, RESULT_FIELDS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mnist_keras"
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"

GENERATED = "docs/reproduction.md"
"""A report of the program, which is checked with the reports."""

PAGES = [
    page
    for page in (
        ROOT / name
        for name in (
            "README.md",
            "ARCHITECTURE.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "examples/README.md",
        )
    )
    if page.is_file()
] + sorted(
    page
    for folder in ("docs", "docs/studies")
    for page in (ROOT / folder).glob("*.md")
    if page != ROOT / GENERATED
)

OUTPUTS = ("logs/", "checkpoints/", ".venv/")
"""Folders that are made on the reader's machine."""


each_page = pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES]
)


def code_of(page: Path) -> list[str]:
    """What a page shows as code: spans, and the lines of blocks, fenced or indented."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (.*)$", rest, re.MULTILINE)
    spans = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", rest)
    lines = [line for block in fenced for line in block.splitlines()]
    return [" ".join(code.split()) for code in (*lines, *indented, *spans)]


def calls_of(page: Path) -> list[list[str]]:
    """The words behind each `mnist-keras`, up to the end of the command."""
    found = []
    for code in code_of(page):
        if GAP in code or code.startswith("the MNIST in the package"):
            continue  # an error line, of which the program's own tests take care
        for call in re.split(r"\bmnist-keras (?=[a-z-])|python -m mnist_keras (?=[a-z-])", code)[
            1:
        ]:
            words = re.split(r"\s#|[|>&;()\"](?!\w)", call)[0].split()
            found.append([word.rstrip(".,:") for word in words])
    return found


def options_of(command: click.Command) -> set[str]:
    names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return {name for name in names if name.startswith("-")} | {"--help", "-h"}


ALL_OPTIONS = {name for command in cli.commands.values() for name in options_of(command)}


@each_page
def test_every_command_that_a_page_shows_is_there_with_its_options(page: Path) -> None:
    for words in calls_of(page):
        for name in words[0].split("|") if re.fullmatch(r"[a-z|-]+", words[0]) else ():
            if name.startswith("-"):
                continue
            of_two_words = cli.commands.get(" ".join([name, *words[1:2]]))
            command = of_two_words or cli.commands.get(name)
            assert command is not None, f"{page.name}: no command {name!r} (mnist-keras {words})"
            options = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
            if any(map(is_own, words)):
                continue  # its options are those of the page's own network, which is run as a test
            unknown = [option for option in options if option not in options_of(command)]
            assert not unknown, f"{page.name}: {name} has no {unknown}"


@each_page
def test_every_option_that_a_page_names_is_one_of_some_command(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for span in re.findall(r"`(--[a-z][^`\n]*)`", text):
        name = re.match(r"--[a-z-]+", span)
        assert name is not None
        assert name[0] in ALL_OPTIONS, f"{page.name}: no command has {name[0]} ({span!r})"


@each_page
def test_every_make_target_that_a_page_names_is_there(page: Path) -> None:
    (names,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {*names.split(), *(f"train-{name}" for name in (*ARCHITECTURE_NAMES, "ARCHITECTURE"))}
    for code in code_of(page):
        call = re.match(r"make ((?:[a-z][a-z0-9-]*(?:\s+|$))+)", code)
        unknown = set(call[1].split()) - targets if call else set()
        assert not unknown, f"{page.name}: the Makefile has no {unknown} ({code!r})"


@each_page
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link} is not there"
        assert target.is_relative_to(ROOT), f"{page.name}: {link} is outside the project"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"{page.name}: {link} has no such heading"


def anchors_of(page: Path) -> set[str]:
    """The places that headings give to links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@each_page
def test_every_file_of_the_project_that_a_page_names_is_there(page: Path) -> None:
    there = {path.name for path in PACKAGE.rglob("*") if "__pycache__" not in path.parts}
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", page.read_text(encoding="utf-8"))
    for name in named:
        if name.startswith(OUTPUTS):
            continue
        if name.startswith(("mnist_keras/", "tests/", "docs/", "benchmarks/", "examples/")):
            assert (ROOT / name).exists(), f"{page.name}: {name} is not there"
        elif page.name == "ARCHITECTURE.md" and name.endswith((".py", "/")):
            assert (PACKAGE / name).exists() or Path(name).name in there, f"{name} is not there"


def test_the_readme_mentions_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [
        name for name in cli.commands if not re.search(rf"[`\s|]{re.escape(name)}[`\s\\|,.]", text)
    ]
    assert not missing, f"README.md says nothing of the commands {missing}"


def test_the_readme_names_the_files_of_a_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("config.json", "epochs.csv", "predictions.npz", "result.json", "model.keras"):
        assert name in text


def test_troubleshooting_has_every_error_line_and_no_other() -> None:
    page = TROUBLESHOOTING.read_text(encoding="utf-8")
    listed = re.findall(r"^- `([^`]+)`  $", page, re.MULTILINE)
    lines = error_lines(PACKAGE)
    assert len(lines) > 50
    missing = {line.text: line for line in lines if line.text not in listed}
    advice = "\n".join(
        f"- `{line.text}`  \n  (what to do; mnist_keras/{line.module}, line {line.number})"
        for line in missing.values()
    )
    assert not missing, (
        f"add to docs/troubleshooting.md, in the section that it belongs to:\n{advice}"
    )
    gone = set(listed) - {line.text for line in lines}
    assert not gone, "no longer printed; take out of docs/troubleshooting.md:\n" + "\n".join(gone)


def test_troubleshooting_says_what_to_do_about_every_line() -> None:
    lines = TROUBLESHOOTING.read_text(encoding="utf-8").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if re.fullmatch(r"- `[^`]+`  ", line):
            assert re.match(r"  \S+ \S+", following), f"nothing is said about {line}"


def test_fields_that_pages_show_in_result_json_are_there() -> None:
    known = {*RESULT_FIELDS, *EPOCH_COLUMNS, "merged_from", "copied_from", "resumed"}
    text = TROUBLESHOOTING.read_text(encoding="utf-8")
    for name in re.findall(r"`([a-z]+_seconds|[a-z]+_from)`", text):
        assert name in known
