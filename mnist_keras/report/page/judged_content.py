"""The content of the page about a judged table: which section holds what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mnist_keras.report.language import plural, translate
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Command,
    Definitions,
    Document,
    Notice,
    Picture,
    Section,
    Text,
)
from mnist_keras.report.page.judged_tables import factor_table, figure_tables, pair_table
from mnist_keras.report.page.methods import methods_of_table
from mnist_keras.report.page.tallies import claim_blocks, figure_tally
from mnist_keras.report.words.chance import chance_text
from mnist_keras.report.words.tables import comparison_lines, legend, taken_lines
from mnist_keras.tables.findings import TableFindings


def judged_document(findings: TableFindings, pictures: Sequence[Picture], command: str) -> Document:
    """The page about a judged table; `command` makes it again."""
    study = findings.study
    contents: tuple[tuple[str, str, Sequence[Block]], ...] = (
        ("verdicts", translate("Verdicts"), list(_verdicts(findings))),
        ("pairs", translate("Pairs of values"), list(_pairs(findings))),
        ("figures", translate("Figures"), pictures),
        ("published", translate("Published beside measured"), figure_tables(findings.figures)),
        (
            "taken",
            translate("What the table was taken for"),
            [Bullets(tuple(taken_lines(findings.outcome.table)))],
        ),
        ("methods", translate("How it is judged"), [Definitions(methods_of_table(findings))]),
        ("again", translate("Make it again"), [Command(command)]),
    )
    return Document(
        title=translate(study.title) if study else findings.outcome.table.path.name,
        lead=tuple(_lead(findings)),
        sections=tuple(
            Section(key, title, tuple(blocks)) for key, title, blocks in contents if blocks
        ),
    )


def _lead(findings: TableFindings) -> Iterator[str]:
    table, study = findings.outcome.table, findings.study
    yield translate(
        "{runs} from {file}, trained elsewhere.",
        runs=plural(len(table.seeds), "{count} run", "{count} runs"),
        file=table.path.name,
    )
    if study and study.source:
        yield translate(" Source: {source}.", source=translate(study.source)).strip()


def _verdicts(findings: TableFindings) -> Iterator[Block]:
    outcome, study = findings.outcome, findings.study
    if not outcome.factors:
        yield Notice(translate("No setting can be judged by these runs."))
    if findings.figures:
        yield figure_tally([one.verdict for one in findings.figures])
        chance = chance_text([one.figure for one in findings.figures if one.figure])
        if chance:
            yield Text(chance)
    yield from claim_blocks(findings.claims, study is not None and study.is_published)
    if outcome.factors:
        yield factor_table(outcome.factors)
        yield Text(translate("What the verdicts mean:"))
        yield Bullets(legend())


def _pairs(findings: TableFindings) -> Iterator[Block]:
    lines = comparison_lines(findings.outcome)
    if lines:
        yield Text(translate("How it was compared:"))
        yield Bullets(tuple(lines))
    pairs = [(factor, pair) for factor in findings.outcome.factors for pair in factor.pairs]
    if pairs:
        yield pair_table(pairs)
