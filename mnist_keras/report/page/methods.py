"""How the report decides, in words: each formula with the place where it is published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mnist_keras.analysis.outcome import OtherMachine, StudyOutcome
from mnist_keras.claims.base import (
    ImpactOrderJudged,
    OrderJudged,
    RatiosJudged,
    StatementJudged,
    TrendJudged,
)
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import TIMES
from mnist_keras.report.language import translate
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Figure
from mnist_keras.tables.findings import TableFindings

VERDICTS = "Verdicts"
MEAN = "Mean and 95 % interval"
OTHER_IMAGES = "These images and others"
FIGURES = "Published figures"
STATED = "Claims that state a figure"
PUBLISHED_TIMES = "Published times"
IMPACT = "Impact of a factor"
FACTORS = "One factor against another"
PAIRS = "Pairs of configurations"
MCNEMAR = "McNemar"
BEST = "The best of several values"
LOOKS = "Looking again with more seeds"
SEQUENTIAL = "The sequential rule"
SOURCE = "Could the source have known?"
NEEDED = "How many seeds"

METHODS: tuple[tuple[str, str], ...] = (
    (
        VERDICTS,
        "Every difference has a 95 % interval and a margin, the difference that does not matter "
        "(0.10 points of an accuracy, 5 % of a loss or a time, unless the study sets another). "
        "“Same within the margin”: the whole interval lies inside. “Different”: it leaves out "
        "0. Else the seeds cannot tell: a missing significance is never a finding of equality. "
        "Each verdict errs with a probability of at most 5 %; docs/calibration.md shows how "
        "that was checked.",
    ),
    (
        MEAN,
        "Over n seeds: the mean, the standard deviation s (n − 1) and mean ± t(n−1; 0.975) × s "
        "/ sqrt(n), where the mean of all seeds lies; in tables it is that of a single look. All "
        "three need two seeds or more. No interval is drawn beyond what its quantity can be.",
    ),
    (
        OTHER_IMAGES,
        "A verdict over seeds speaks of the images that the accuracies were measured on. Where "
        "the predictions are there, a second interval says what holds on other images of the "
        "kind, too: seeds and images are crossed random effects, the variance is (MS seeds + MS "
        "images − MS rest) / (seeds × images) (Owen, Annals of Applied Statistics 1, 2007), the "
        "degrees of freedom are Satterthwaite's; it is never shorter than that of these images.",
    ),
    (
        FIGURES,
        "A published figure is one run, so it is held against the interval in which one more "
        "run would fall with 95 % probability: mean ± (t(n−1; 0.975) × s × sqrt(1 + 1/n) + r + g) "
        "(Hahn and Meeker, Statistical Intervals, Wiley 1991). r is half the figure's last "
        "printed digit, g half the smallest gap between two of our runs, since an accuracy of "
        "few images stands for all that are as close to it. Outside it: differs. “Not told "
        "apart, to within d”: the source's mean may lie "
        "up to d from ours, the distance of the figure plus half the interval. “Same within d”: "
        "d is at most twice the margin. Of 20 figures that do come out again, about one is "
        "expected to differ by chance.",
    ),
    (
        STATED,
        "An impact, a gap or a ratio that is stated is held against the 95 % interval of ours: "
        "the same where all of it lies within twice the margin (for ratios within a "
        "quarter), different where all of it lies beyond, else open.",
    ),
    (
        PUBLISHED_TIMES,
        "Another machine takes another time, so published times are never judged, only their "
        "ratios, and only from runs that had the machine alone or shared it equally. Ratios are "
        "compared as logarithms.",
    ),
    (
        IMPACT,
        "The largest minus the smallest mean over the factor's values. It is the largest "
        "difference of two of them, so its interval ends at the highest upper end of any pair's "
        "interval, and begins at the highest lower end, adjusted for the number of pairs "
        "(Bonferroni). A factor matters if a pair differs; it is the same within the margin "
        "only if every pair is.",
    ),
    (
        FACTORS,
        "An impact is larger if some difference of two of its values (adjusted for their "
        "number) is larger than every difference of two values of the other factor, in 95 % "
        "intervals over paired seeds. A factor with more values gains nothing by that.",
    ),
    (
        PAIRS,
        "Seeds are paired: one seed gives every configuration the same split. The two-sided "
        "paired t test decides. The pairs of one factor on one metric are a family: Holm's "
        "step-down method (Scandinavian Journal of Statistics 6, 1979) adjusts p for their "
        "number, and the table says how small a difference could have passed.",
    ),
    (
        MCNEMAR,
        "For one seed's two networks, on the test images that they share: only the images that "
        "one gets right and the other wrong count, each a fair coin if both were equally good "
        "(McNemar, Psychometrika 12, 1947; exact form in Agresti, Categorical Data Analysis, "
        "3rd edition 2013, section 11.1). With one seed the table shows p; with several, in how "
        "many seeds the first and the second is better at 5 % after Holm. It speaks of these "
        "trained networks, not of their configurations.",
    ),
    (
        BEST,
        "A value is best if it beats every other one at 5 %; the runner-up decides (Gutmann and "
        "Maymin, Annals of Statistics 15, 1987; Berger, Technometrics 24, 1982). Values that "
        "are not shown to be worse are tied with it.",
    ),
    (
        LOOKS,
        "Whoever adds seeds until something shows is wrong more often than 5 %. So every look at a "
        "study is recorded, and from the second one on verdicts are drawn by the sequential rule, "
        "which holds at every look.",
    ),
    (
        SEQUENTIAL,
        "A difference is found where the t test's e-value with a Gaussian prior on the effect "
        "size, 0.8 E(g = 1) + 0.2 E(g = 100), E(g) = (1 + n g)^(−1/2) × ((1 + t²/v) / (1 + t²/(v "
        "(1 + n g))))^(n/2), v = n − 1, reaches 20; intervals are its inversion, a confidence "
        "sequence (Pérez-Ortiz, Lardy, de Heide and Grünwald, Annals of Statistics 52, 2024; "
        "Wang and Ramdas, 2024). For a published figure, one run beside n, it is E(g = 10) alone "
        "with n / (n + 1) times 10 for n g, t = (figure − mean) / (s × sqrt(1 + 1/n)), and the "
        "value of t at which it reaches 20 stands for t(n−1; 0.975) in its interval.",
    ),
    (
        SOURCE,
        "The sources trained each value once. Their design is replayed 4,000 times from our "
        "seeds, a random seed for each value: how often would such a study say what the source "
        "says, or between which ends would its figure lie.",
    ),
    (
        NEEDED,
        "Where a verdict is open, the range of seeds that would settle it with a probability of "
        "80 %, over differences and spreads that fit what was seen: in 8 of 10 cases it lies in "
        "the range. Where its upper end is more than ten times the lower, the middle is named "
        "alone, today's estimate. It is asked of the rule that draws the verdict then; where "
        "looks are recorded, of the one that holds at every look. One pair of several has to "
        "differ after adjustment for their number.",
    ),
)
"""Terms and explanations, in the order of the report."""


def methods(used: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Those of `METHODS` whose terms are `used`, in the language of the report."""
    return tuple((translate(term), translate(text)) for term, text in METHODS if term in used)


def methods_of_studies(outcomes: Iterable[StudyOutcome]) -> tuple[tuple[str, str], ...]:
    """The methods that something in the report of these studies was judged by."""
    return methods({term for outcome in outcomes for term in _used_by_study(outcome)})


def methods_of_table(findings: TableFindings) -> tuple[tuple[str, str], ...]:
    """The methods that something in the page of a judged table was judged by."""
    return methods(set(_used_by_table(findings)))


def _used_by_study(outcome: StudyOutcome) -> Iterator[str]:
    yield VERDICTS
    yield MEAN
    shown = outcome.cells if outcome.study.comparable else ()
    if any(isinstance(cell.judgement, Figure) for cell in shown):
        yield FIGURES
    judged = [claim.judged for claim in outcome.shown_claims]
    ratios = [one for found in judged if isinstance(found, RatiosJudged) for one in found.ratios]
    if any(isinstance(cell.why_not, OtherMachine) for cell in shown) or any(
        metric.name in TIMES for metric, *_ in ratios
    ):
        yield PUBLISHED_TIMES
    if any(factor.impact for factor in outcome.factors):
        yield IMPACT
        yield BEST
    if outcome.pairs:
        yield PAIRS
    if any(pair.other_images for pair in outcome.pairs):
        yield OTHER_IMAGES
    if any(pair.images for pair in outcome.pairs):
        yield MCNEMAR
    yield from _used_by_claims(outcome.shown_claims)
    if outcome.rule is Rule.SEQUENTIAL:
        yield from (LOOKS, SEQUENTIAL)


def _used_by_table(findings: TableFindings) -> Iterator[str]:
    yield VERDICTS
    yield MEAN
    factors = findings.outcome.factors
    if any(one.figure for one in findings.figures):
        yield FIGURES
    if factors:
        yield from (IMPACT, BEST, PAIRS)
    if any(one.needed or any(pair.needed for pair in one.pairs) for one in factors):
        yield NEEDED
    yield from _used_by_claims(findings.claims)
    if findings.outcome.rule is Rule.SEQUENTIAL:
        yield SEQUENTIAL


def _used_by_claims(claims: Iterable[ClaimOutcome]) -> Iterator[str]:
    for claim in claims:
        match claim.judged:
            case StatementJudged(impact=None) | RatiosJudged():
                yield STATED
            case StatementJudged():
                yield from (STATED, IMPACT)
            case ImpactOrderJudged():
                yield from (IMPACT, FACTORS)
            case OrderJudged() | TrendJudged():
                yield PAIRS
        if claim.replay is not None:
            yield SOURCE
        if claim.judged is not None and claim.judged.needed is not None:
            yield NEEDED
