"""What the page of a study that is being trained holds: tables, drawings, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mnist_keras.analysis.outcome import PairOutcome, StudyOutcome
from mnist_keras.report.language import plural, translate
from mnist_keras.report.live.chart import draw_chart, draw_key
from mnist_keras.report.live.curves import Group, Level, curve_groups, run_names
from mnist_keras.report.live.words import (
    attention_texts,
    changed_text,
    epochs_text,
    rule_texts,
    run_chip,
    state_chip,
    state_sentence,
    time_left_text,
)
from mnist_keras.report.page.comparison_tables import impact_table
from mnist_keras.report.page.content import finding_blocks
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Chip,
    Column,
    Finding,
    Findings,
    Notice,
    Row,
    Table,
    Text,
)
from mnist_keras.report.page.tables import LONG
from mnist_keras.report.page.wording import NONE, claim_chip, interval, number, pair_chip
from mnist_keras.report.words.claims import claim_reason
from mnist_keras.report.words.naming import mark_name, pair_names, quantity
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.running.now import RunNow, RunState, StudyNow
from mnist_keras.runs.caveats import marks_of

IN_HAND = (RunState.TRAINING, RunState.ENDED, RunState.INTERRUPTED, RunState.DAMAGED)
"""The trainings that are named one by one: all that are neither done nor waiting."""

MOST_PAIRS = 12
"""More pairs than these are shown on demand."""


@dataclass(frozen=True)
class LegendRow:
    """A configuration beside its curves: the numbers that they end in, for all readers."""

    key: Markup
    label: str
    seeds: str
    accuracy: str
    at_work: str


@dataclass(frozen=True)
class DrawnGroup:
    """A group's curves, drawn; `title` is the factor's name."""

    title: str
    accuracy: Markup
    loss: Markup
    legend: tuple[LegendRow, ...]

    @property
    def at_work(self) -> bool:
        """Whether a training of the group is at work."""
        return any(row.at_work for row in self.legend)


@dataclass(frozen=True)
class Part:
    """A part of the page below a heading of its own; `key` is unique in the page."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class StudyPage:
    """All that the page says of one study.

    Attributes:
        name: of its folder.
        title: its title.
        mark: goes wherever its accuracies go.
        state: in a word.
        sentence: how far it is.
        left: how long it still takes; may be empty.
        changed: when something was last written; may be empty.
        epochs: done, and all.
        hand: the trainings in hand.
        groups: the curves.
        parts: what is said of them below.
    """

    name: str
    title: str
    mark: str
    state: Chip
    sentence: str
    left: str
    changed: str
    epochs: tuple[int, int]
    hand: tuple[Block, ...]
    groups: tuple[DrawnGroup, ...]
    parts: tuple[Part, ...]

    @property
    def percent(self) -> int:
        """How much of the epochs is done."""
        done, total = self.epochs
        return 100 * done // total if total else 0

    @property
    def epochs_text(self) -> str:
        """The same in words."""
        return translate("{done:,} of {total:,} epochs", done=self.epochs[0], total=self.epochs[1])


def study_page(now: StudyNow) -> StudyPage:
    """Compose the page of a study, in the language of the block."""
    title = translate(now.study.title) if now.study else now.name
    configs = [run.config for run in now.runs if run.config and run.state is not RunState.WAITING]
    mark = mark_name(found) if (found := marks_of(configs)) else ""
    return StudyPage(
        name=now.name,
        title=title,
        mark=mark,
        state=state_chip(now),
        sentence=state_sentence(now),
        left=time_left_text(now),
        changed=changed_text(now),
        epochs=(now.epochs_done, now.epochs_total),
        hand=_in_hand(now),
        groups=tuple(
            _drawn(group, number) for number, group in enumerate(curve_groups(now), start=1)
        ),
        parts=tuple(_parts(now, mark)),
    )


def _in_hand(now: StudyNow) -> tuple[Block, ...]:
    blocks: list[Block] = [Notice(text) for text in attention_texts(now)]
    runs = now.in_state(*IN_HAND)
    if runs:
        blocks.append(
            _runs_table(
                translate("Trainings in hand, with validation accuracy"),
                runs,
                run_names(now),
                folded=len(runs) > LONG,
            )
        )
    return tuple(blocks)


def _runs_table(
    caption: str, runs: Sequence[RunNow], names: Mapping[str, str], folded: bool
) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column(translate("Training"), numeric=False),
            Column(translate("State"), numeric=False),
            Column(translate("Epochs")),
            Column(translate("Last, %")),
            Column(translate("Best, %")),
        ),
        rows=tuple(
            Row(
                names.get(run.name, run.name),
                (run_chip(run), epochs_text(run), *_last_and_best(run)),
            )
            for run in runs
        ),
        folded=folded,
    )


def _last_and_best(run: RunNow) -> tuple[str, str]:
    values = [row["val_accuracy"] for row in run.epochs if "val_accuracy" in row]
    if not values:
        return NONE, NONE
    keeps_last = run.config is not None and run.config.keep == "last"
    best = NONE if keeps_last else number(max(values), "val_accuracy")  # none is chosen
    return number(values[-1], "val_accuracy"), best


def _drawn(group: Group, place: int) -> DrawnGroup:
    accuracy, loss = (
        draw_chart(group, metric, f"clip-{place}-{metric}", alt)
        for metric, alt in (
            (
                "val_accuracy",
                translate(
                    "Validation accuracy by epoch: {title}. The numbers are in the table that "
                    "follows.",
                    title=group.title,
                ),
            ),
            ("val_loss", translate("Validation loss by epoch: {title}.", title=group.title)),
        )
    )
    legend = tuple(_legend_row(level, index) for index, level in enumerate(group.levels))
    return DrawnGroup(group.title, accuracy, loss, legend)


def _legend_row(level: Level, index: int) -> LegendRow:
    best = level.best_of_finished
    done = len(level.series["val_accuracy"].finished)
    at_work = [run for run in level.runs if run.state is RunState.TRAINING]
    mean = number(sum(best) / len(best) / 100, "val_accuracy") if best else NONE
    epochs = ", ".join(map(epochs_text, at_work))
    return LegendRow(draw_key(index), level.label, str(done), mean, epochs)


def _parts(now: StudyNow, mark: str) -> list[Part]:
    outcome = now.outcome
    contents: list[tuple[str, str, Sequence[Block]]] = [
        ("verdicts", translate("Verdicts so far"), _verdicts(now, mark)),
        ("factors", translate("Factors"), _factors(outcome, mark) if outcome else ()),
        ("pairs", translate("Pairs of configurations"), _pairs(outcome, mark) if outcome else ()),
        (
            "findings",
            translate("What stands out in the trainings"),
            finding_blocks(outcome) if outcome else (),
        ),
        (
            "trainings",
            translate("All trainings"),
            [
                _runs_table(
                    translate("All trainings, with validation accuracy"),
                    now.runs,
                    run_names(now),
                    folded=True,
                )
            ]
            if now.runs
            else (),
        ),
    ]
    return [Part(key, title, tuple(blocks)) for key, title, blocks in contents if blocks]


def _verdicts(now: StudyNow, mark: str) -> list[Block]:
    blocks: list[Block] = [Notice(now.problem)] if now.problem else []
    outcome = now.outcome
    if now.study is None:
        return [
            *blocks,
            Text(translate("This folder does not tell of which study its trainings are.")),
        ]
    if outcome is None or max(map(len, (one.seeds for one in outcome.configurations))) < 2:
        return [*blocks, Text(translate("Verdicts begin with the second seed."))]
    claims = outcome.shown_claims
    settled = sum(one.verdict is not None and one.verdict.settled for one in claims)
    if claims:
        blocks.append(
            Text(
                plural(
                    len(claims),
                    "{settled} of {count} claim is settled.",
                    "{settled} of {count} claims are settled.",
                    settled=settled,
                )
            )
        )
    rule, after = rule_texts()
    findings = tuple(
        Finding(one.claim.label, translate(one.claim.text), claim_chip(one), claim_reason(one))
        for one in claims
    )
    judged = [Findings(findings, mark)] if findings else []
    return [*blocks, Text(rule), *judged, Text(after)]


def _factors(outcome: StudyOutcome, mark: str) -> list[Block]:
    table = impact_table(outcome, mark)
    reasons = tuple(
        translate("{label}: {reason}.", label=translate(f.label), reason=why_not_text(f.why_not))
        for f in outcome.factors
        if f.why_not
    )
    return [*([table] if table else []), *([Bullets(reasons)] if reasons else [])]


def _pairs(outcome: StudyOutcome, mark: str) -> list[Block]:
    if not outcome.pairs:
        return []
    names = {factor.field: translate(factor.label) for factor in outcome.factors}
    several = len({pair.factor for pair in outcome.pairs}) > 1
    rows = tuple(
        Row(_pair_name(pair, names.get(pair.factor, "") if several else ""), _pair_cells(pair))
        for pair in outcome.pairs
    )
    columns = (
        Column(translate("Pair"), numeric=False),
        Column(translate("Quantity"), numeric=False),
        Column(translate("First minus second")),
        Column(translate("95 % interval")),
        Column("n"),
        Column(translate("Verdict"), numeric=False),
    )
    caption = translate("Pairs of configurations")
    return [Table(caption, columns, rows, mark=mark, folded=len(rows) > MOST_PAIRS)]


def _pair_name(pair: PairOutcome, factor: str) -> str:
    first, second = pair_names(pair)
    name = translate("{first} against {second}", first=first, second=second)
    return translate("{label}: {reason}", label=factor, reason=name) if factor else name


def _pair_cells(pair: PairOutcome) -> tuple[str | Chip, ...]:
    difference, metric = pair.difference, pair.metric
    return (
        quantity(metric),
        number(difference.mean, metric, signed=True),
        interval(difference.interval, metric, signed=True),
        str(difference.n),
        pair_chip(pair),
    )
