"""The content of a report: which section holds which table, figure and sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.pairs import compares_with_one
from mnist_keras.report.language import plural, translate
from mnist_keras.report.page.closing import closing_sections, duration_text
from mnist_keras.report.page.comparison_tables import (
    impact_table,
    level_table,
    pair_tables,
    requested_table,
)
from mnist_keras.report.page.document import Block, Bullets, Document, Picture, Section, Text
from mnist_keras.report.page.ensembles import ensemble_blocks
from mnist_keras.report.page.opening import opening_blocks, overview_blocks
from mnist_keras.report.page.tables import (
    configuration_table,
    confirmation_table,
    cost_table,
    published_tables,
)
from mnist_keras.report.page.wording import seeds_text, settings_text
from mnist_keras.report.words.chance import one_more_run_text
from mnist_keras.report.words.findings import found_in_text
from mnist_keras.report.words.naming import listed, mark_name
from mnist_keras.report.words.whynot import why_not_text


@dataclass(frozen=True)
class Chapter:
    """What came of one study, and its figures."""

    outcome: StudyOutcome
    pictures: tuple[Picture, ...]


def study_document(chapter: Chapter, command: str) -> Document:
    """The report of one study; `command` makes it again."""
    outcome = chapter.outcome
    return Document(
        title=translate(outcome.study.title),
        lead=_lead(outcome),
        sections=(
            Section("verdicts", translate("Verdicts"), opening_blocks(outcome)),
            *_study_sections(chapter),
            *closing_sections([outcome], command),
        ),
    )


def joint_document(
    chapters: Sequence[Chapter], overview: Sequence[Picture], command: str
) -> Document:
    """One report of several studies; `overview` holds the figures about all of them."""
    outcomes = [chapter.outcome for chapter in chapters]
    return Document(
        title=_joint_title(outcomes),
        lead=(_joint_lead(outcomes),),
        sections=(
            Section(
                "verdicts",
                translate("Verdicts"),
                (*overview_blocks(outcomes), *overview),
                tuple(
                    Section(
                        f"{o.study.name}_verdicts",
                        translate("Verdicts: {name}", name=o.study.name),
                        opening_blocks(o),
                    )
                    for o in outcomes
                ),
            ),
            *(_chapter_section(chapter) for chapter in chapters),
            *closing_sections(outcomes, command),
        ),
    )


def _joint_title(outcomes: Sequence[StudyOutcome]) -> str:
    if all(outcome.study.is_published for outcome in outcomes):
        return translate("Published studies, re-run and judged")
    return translate("Studies, run and judged")


def _joint_lead(outcomes: Sequence[StudyOutcome]) -> str:
    studies = plural(len(outcomes), "{count:,} study", "{count:,} studies")
    if all(outcome.study.is_published for outcome in outcomes):
        return translate(
            "{studies}: every figure and every claim that was published about them, beside "
            "what came out here.",
            studies=studies,
        )
    return translate(
        "{studies}: every claim of theirs, and every figure that was published about them, beside "
        "what came out here.",
        studies=studies,
    )


def _chapter_section(chapter: Chapter) -> Section:
    study = chapter.outcome.study
    return Section(
        f"{study.name}_study",
        translate(study.title),
        tuple(Text(text) for text in _lead(chapter.outcome)),
        tuple(_study_sections(chapter, prefix=f"{study.name}_")),
    )


def _lead(outcome: StudyOutcome) -> tuple[str, ...]:
    study = outcome.study
    source = translate(" Source: {source}.", source=translate(study.source)) if study.source else ""
    sweep = translate("; the wide sweeps are included") if outcome.wide else ""
    trained = translate(
        "{configurations} with {seeds}{sweep}.",
        configurations=plural(
            len(outcome.configurations), "{count:,} configuration", "{count:,} configurations"
        ),
        seeds=seeds_text(outcome.seeds),
        sweep=sweep,
    )
    protocol = translate(study.protocol).strip()
    if protocol and not study.comparable:
        protocol = translate(
            "The study's protocol, from which these trainings differ: {protocol}",
            protocol=protocol,
        )
    return tuple(text for text in (f"{trained}{source}", protocol) if text)


def _study_sections(chapter: Chapter, prefix: str = "") -> list[Section]:
    outcome, mark = chapter.outcome, mark_name(chapter.outcome.mark)
    contents = (
        ("published", _published_title(outcome), _published(outcome, mark)),
        ("factors", translate("Factors"), _factors(outcome, mark)),
        ("findings", translate("What stands out in the trainings"), finding_blocks(outcome)),
        ("pairs", translate("Pairs of configurations"), _pairs(outcome, mark)),
        ("confirmation", translate("Confirmation"), _confirmation(outcome, mark)),
        ("ensembles", translate("Ensembles"), ensemble_blocks(outcome, mark)),
        ("cost", translate("Cost"), (cost_table(outcome), Text(duration_text([outcome])))),
        ("figures", translate("Figures"), chapter.pictures),
        (
            "contradictions",
            translate("Where the sources contradict themselves"),
            _contradictions(outcome),
        ),
    )
    return [
        Section(f"{prefix}{key}", title, tuple(blocks)) for key, title, blocks in contents if blocks
    ]


def _published_title(outcome: StudyOutcome) -> str:
    if outcome.shows_published:
        return translate("Published beside measured")
    return translate("Configurations")


def _published(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.shows_published:
        return [configuration_table(outcome, mark)] if outcome.configurations else []
    explanation = Text(
        translate(
            "sd is the standard deviation of a single run, the 95 % interval that of the "
            "mean. “One more run” is the interval that the published figure, itself one run, is "
            "held against: one more of ours falls into it with {level}.",
            level=one_more_run_text([outcome]),
        )
    )
    return [explanation, *published_tables(outcome), configuration_table(outcome, mark)]


def _factors(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.factors:
        return []
    impacts = impact_table(outcome, mark)
    reasons = tuple(
        translate("{label}: {reason}.", label=translate(f.label), reason=why_not_text(f.why_not))
        for f in outcome.factors
        if f.why_not
    )
    levels = [
        table
        for factor in outcome.factors
        if factor.levels
        for table in (level_table(factor, mark), requested_table(outcome, factor, mark))
        if table is not None
    ]
    return [*([impacts] if impacts else []), *([Bullets(reasons)] if reasons else []), *levels]


def finding_blocks(outcome: StudyOutcome) -> Sequence[Block]:
    """What stands out in the trainings, an item each; empty where nothing does."""
    texts = tuple(found_in_text(found, outcome.study) for found in outcome.findings)
    return [Bullets(texts)] if texts else []


def _pairs(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    if not outcome.pairs:
        return []
    return [
        Text(
            translate(
                "An interval of “these images” says what more seeds would show on the images that "
                "were measured, “other images, too” what other images of the kind would. “Only "
                "first right” and “only second right” count the test images that one of the two "
                "networks alone gets right, as the mean over the seeds."
            )
            + _pairs_left_out(outcome)
        ),
        *pair_tables(outcome, mark),
    ]


def _pairs_left_out(outcome: StudyOutcome) -> str:
    long = [translate(factor.label) for factor in outcome.factors if compares_with_one(factor)]
    if not long:
        return ""
    return translate(
        " The values of {factors} are too many to compare all pairs: each is compared with the "
        "study's base, or with the first value where the base has no run.",
        factors=listed(long),
    )


def _confirmation(outcome: StudyOutcome, mark: str) -> Sequence[Block]:
    table = confirmation_table(outcome, mark)
    if table is None:
        return []
    return [Text(_confirmation_text(outcome)), table]


def _confirmation_text(outcome: StudyOutcome) -> str:
    best = outcome.confirmation_config
    if best is None:
        return translate("No combination of best values: not every factor has one yet.")
    settings = settings_text(outcome.study, best)
    if outcome.confirmation is None:
        return translate(
            "The best value of each factor together ({settings}) is not trained yet.",
            settings=settings,
        )
    if any(one.config == best for one in outcome.configurations):
        return translate(
            "The best value of each factor together ({settings}) is one of the trainings above.",
            settings=settings,
        )
    return translate(
        "The best value of each factor together ({settings}), which one factor at a "
        "time never trains, was trained on top.",
        settings=settings,
    )


def _contradictions(outcome: StudyOutcome) -> Sequence[Block]:
    if not outcome.study.comparable or not outcome.study.contradictions:
        return []
    return [Bullets(tuple(map(translate, outcome.study.contradictions)))]
