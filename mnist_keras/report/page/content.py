"""The content of a report: which section holds which table, figure and sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_keras.report.analysis.outcome import StudyOutcome
from mnist_keras.report.analysis.pairs import compares_with_one
from mnist_keras.report.page.comparison_tables import impact_table, level_table, pair_tables
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Column,
    Command,
    Definitions,
    Document,
    Picture,
    Row,
    Section,
    Table,
    Text,
)
from mnist_keras.report.page.methods import METHODS
from mnist_keras.report.page.opening import mark_of, opening_blocks, overview_blocks
from mnist_keras.report.page.tables import (
    configuration_table,
    confirmation_table,
    cost_table,
    published_tables,
)
from mnist_keras.report.page.wording import NONE, counted, duration, seeds_text, settings_text

CHECKSUM = "data_sha256"


@dataclass(frozen=True)
class Chapter:
    """What came of one study, and its figures."""

    outcome: StudyOutcome
    pictures: tuple[Picture, ...]


def study_document(chapter: Chapter, command: str) -> Document:
    """The report of one study; `command` makes it again."""
    outcome = chapter.outcome
    return Document(
        title=outcome.study.title,
        lead=_lead(outcome),
        sections=(
            Section("verdicts", "Verdicts", opening_blocks(outcome)),
            *_study_sections(chapter),
            *_closing([outcome], command),
        ),
    )


def joint_document(
    chapters: Sequence[Chapter], overview: Sequence[Picture], command: str
) -> Document:
    """One report of several studies; `overview` holds the figures about all of them."""
    outcomes = [chapter.outcome for chapter in chapters]
    return Document(
        title="Published studies, re-run and judged",
        lead=(
            f"{counted(len(outcomes), 'study', 'studies')}: every figure and every claim that was "
            "published about them, beside what came out here.",
        ),
        sections=(
            Section(
                "verdicts",
                "Verdicts",
                (*overview_blocks(outcomes), *overview),
                tuple(
                    Section(
                        f"{o.study.name}_verdicts", f"Verdicts: {o.study.name}", opening_blocks(o)
                    )
                    for o in outcomes
                ),
            ),
            *(_chapter_section(chapter) for chapter in chapters),
            *_closing(outcomes, command),
        ),
    )


def _chapter_section(chapter: Chapter) -> Section:
    study = chapter.outcome.study
    return Section(
        f"{study.name}_study",
        study.title,
        tuple(Text(text) for text in _lead(chapter.outcome)),
        tuple(_study_sections(chapter, prefix=f"{study.name}_")),
    )


def _lead(outcome: StudyOutcome) -> tuple[str, ...]:
    study = outcome.study
    source = f" Source: {study.source}." if study.source else ""
    sweep = "; the wide sweeps are included" if outcome.wide else ""
    trained = (
        f"{counted(len(outcome.configurations), 'configuration')} with "
        f"{seeds_text(outcome.seeds)}{sweep}."
    )
    protocol = study.protocol.strip()
    if protocol and not study.comparable:
        protocol = f"The study's protocol, from which these trainings differ: {protocol}"
    return tuple(text for text in (f"{trained}{source}", protocol) if text)


def _study_sections(chapter: Chapter, prefix: str = "") -> list[Section]:
    outcome, mark = chapter.outcome, mark_of(chapter.outcome)
    contents = (
        ("published", _published_title(outcome), _published(outcome, mark)),
        ("factors", "Factors", _factors(outcome, mark)),
        ("pairs", "Pairs of configurations", _pairs(outcome, mark)),
        ("confirmation", "Confirmation", _confirmation(outcome, mark)),
        ("cost", "Cost", (cost_table(outcome), Text(_duration([outcome])))),
        ("figures", "Figures", chapter.pictures),
        ("contradictions", "Where the sources contradict themselves", _contradictions(outcome)),
    )
    return [
        Section(f"{prefix}{key}", title, tuple(blocks)) for key, title, blocks in contents if blocks
    ]


def _published_title(outcome: StudyOutcome) -> str:
    return "Published beside measured" if outcome.shows_published else "Configurations"


def _published(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.shows_published:
        return [configuration_table(outcome, mark)] if outcome.configurations else []
    explanation = Text(
        "sd is the standard deviation of a single run, the 95 % interval that of the mean. “One "
        "more run” is the interval that the published figure, itself one run, is held against."
    )
    return [explanation, *published_tables(outcome, mark), configuration_table(outcome, mark)]


def _factors(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.factors:
        return []
    impacts = impact_table(outcome, mark)
    reasons = tuple(f"{f.label}: {f.why_not}." for f in outcome.factors if f.why_not)
    levels = [level_table(factor, mark) for factor in outcome.factors if factor.levels]
    return [*([impacts] if impacts else []), *([Bullets(reasons)] if reasons else []), *levels]


def _pairs(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.pairs:
        return []
    return [
        Text(
            "“Only first right” and “only second right” count the test images that one of the two "
            "networks alone gets right, as the mean over the seeds." + _pairs_left_out(outcome)
        ),
        *pair_tables(outcome, mark),
    ]


def _pairs_left_out(outcome: StudyOutcome) -> str:
    long = [factor.label for factor in outcome.factors if compares_with_one(factor)]
    if not long:
        return ""
    return (
        f" The values of {', '.join(long)} are too many to compare all pairs: each is compared "
        "with the study's base, or with the first value where the base has no run."
    )


def _confirmation(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    table = confirmation_table(outcome, mark)
    if table is None:
        return []
    return [Text(_confirmation_text(outcome)), table]


def _confirmation_text(outcome: StudyOutcome) -> str:
    best = outcome.confirmation_config
    if best is None:
        return "No combination of best values: not every factor has one yet."
    settings = settings_text(outcome.study, best)
    if outcome.confirmation is None:
        return f"The best value of each factor together ({settings}) is not trained yet."
    if any(one.config == best for one in outcome.configurations):
        return f"The best value of each factor together ({settings}) is one of the trainings above."
    return (
        f"The best value of each factor together ({settings}), which one factor at a time never "
        "trains, was trained on top."
    )


def _contradictions(outcome: StudyOutcome) -> Sequence[Block]:
    if not outcome.study.comparable or not outcome.study.contradictions:
        return []
    return [Bullets(outcome.study.contradictions)]


def _closing(outcomes: Sequence[StudyOutcome], command: str) -> list[Section]:
    return [
        Section("methods", "How it is judged", (Definitions(METHODS),)),
        Section("environment", "Environment and data", _environment(outcomes)),
        Section("again", "Make it again", (Command(command), *_unfinished(outcomes))),
    ]


def _unfinished(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    """The runs that are missing from the report, all of them."""
    runs = [f"{o.study.name}: {', '.join(o.unfinished)}" for o in outcomes if o.unfinished]
    return (
        (Text("Runs that are not finished, and so not counted:"), Bullets(tuple(runs)))
        if runs
        else ()
    )


def _environment(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    environments = _distinct(dict(e) for outcome in outcomes for e in outcome.environments)
    checksums = _distinct(e.pop(CHECKSUM, None) for e in environments)
    machines = _distinct(environments)
    names = _distinct(outcome.class_names for outcome in outcomes if outcome.class_names)
    facts = (
        ("Data, SHA-256", ", ".join(str(c) for c in checksums if c) or "not recorded"),
        *(("Classes", ", ".join(classes)) for classes in names),
        ("Duration", _duration(outcomes)),
    )
    return (Definitions(facts), *([_environment_table(machines)] if machines else []))


def _environment_table(environments: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for environment in environments for name in environment))
    titles = (
        ["Value"]
        if len(environments) == 1
        else [f"Machine {i + 1}" for i in range(len(environments))]
    )
    return Table(
        caption="What the trainings ran on",
        columns=(
            Column("Part", numeric=False),
            *(Column(title, numeric=False) for title in titles),
        ),
        rows=tuple(
            Row(name.replace("_", " "), tuple(_plain(e.get(name)) for e in environments))
            for name in names
        ),
    )


def _duration(outcomes: Iterable[StudyOutcome]) -> str:
    seconds = sum(outcome.train_seconds for outcome in outcomes)
    return (
        f"Training took {duration(seconds)} in all, added up over the runs, without compilation "
        "and evaluation."
    )


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _plain(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)
