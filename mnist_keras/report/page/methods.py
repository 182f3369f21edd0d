"""How the report decides, in words: each formula with the place where it is published."""

from __future__ import annotations

from collections.abc import Collection

from mnist_keras.report.language import translate

METHODS: tuple[tuple[str, str], ...] = (
    (
        "Verdicts",
        "Every difference has a 95 % interval and a margin, the difference that does not matter "
        "(0.10 points of an accuracy, 5 % of a loss or a time, unless the study sets another). "
        "“Same within the margin”: the whole interval lies inside. “Different”: it leaves out "
        "0. Else the seeds cannot tell: a missing significance is never a finding of equality. "
        "Each verdict errs with a probability of at most 5 %; docs/calibration.md shows how "
        "that was checked.",
    ),
    (
        "Mean and 95 % interval",
        "Over n seeds: the mean, the standard deviation s (n − 1) and mean ± t(n−1; 0.975) × s "
        "/ sqrt(n), where the mean of all seeds lies. All three need two seeds or more. No "
        "interval is drawn beyond what its quantity can be.",
    ),
    (
        "These images and others",
        "A verdict over seeds speaks of the images that the accuracies were measured on. Where "
        "the predictions are there, a second interval says what holds on other images of the "
        "kind, too: seeds and images are crossed random effects, the variance is (MS seeds + MS "
        "images − MS rest) / (seeds × images) (Owen, Annals of Applied Statistics 1, 2007), the "
        "degrees of freedom are Satterthwaite's.",
    ),
    (
        "Published figures",
        "A published figure is one run, so it is held against the interval in which one more "
        "run would fall with 95 % probability: mean ± t(n−1; 0.975) × s × sqrt(1 + 1/n) (Hahn "
        "and Meeker, Statistical Intervals, Wiley 1991), widened by half its last printed "
        "digit. Outside it: differs. “Not told apart, to within d”: the source's mean may lie "
        "up to d from ours, the distance of the figure plus half the interval. “Same within d”: "
        "d is at most twice the margin. Of 20 figures that do come out again, about one is "
        "expected to differ by chance.",
    ),
    (
        "Claims that state a figure",
        "An impact, a gap or a ratio that is stated is held against the 95 % interval of ours: "
        "the same where all of it lies within twice the margin (a quarter, for ratios of "
        "times), different where all of it lies beyond, else open.",
    ),
    (
        "Published times",
        "Another machine takes another time, so published times are never judged, only their "
        "ratios, and only from runs that had the machine alone or shared it equally. Ratios are "
        "compared as logarithms.",
    ),
    (
        "Impact of a factor",
        "The largest minus the smallest mean over the factor's values. It is the largest "
        "difference of two of them, so its interval ends at the highest upper end of any pair's "
        "interval, and begins at the highest lower end, adjusted for the number of pairs "
        "(Bonferroni). A factor matters if a pair differs; it is the same within the margin "
        "only if every pair is.",
    ),
    (
        "One factor against another",
        "An impact is larger if some difference of two of its values (adjusted for their "
        "number) is larger than every difference of two values of the other factor, in 95 % "
        "intervals over paired seeds. A factor with more values gains nothing by that.",
    ),
    (
        "Pairs of configurations",
        "Seeds are paired: one seed gives every configuration the same split. The two-sided "
        "paired t test decides. The pairs of one factor on one metric are a family: Holm's "
        "step-down method (Scandinavian Journal of Statistics 6, 1979) adjusts p for their "
        "number, and the table says how small a difference could have passed.",
    ),
    (
        "McNemar",
        "For one seed's two networks, on the test images that they share: only the images that "
        "one gets right and the other wrong count, each a fair coin if both were equally good "
        "(McNemar, Psychometrika 12, 1947; exact form in Agresti, Categorical Data Analysis, "
        "3rd edition 2013, section 11.1). With one seed the table shows p; with several, in how "
        "many seeds the first and the second is better at 5 % after Holm. It speaks of these "
        "trained networks, not of their configurations.",
    ),
    (
        "The best of several values",
        "A value is best if it beats every other one at 5 %; the runner-up decides (Gutmann and "
        "Maymin, Annals of Statistics 15, 1987; Berger, Technometrics 24, 1982). Values that "
        "are not shown to be worse are tied with it.",
    ),
    (
        "Looking again with more seeds",
        "Whoever adds seeds until something shows is wrong more often than 5 %. Every look at a "
        "study is recorded, and from the second one on verdicts are drawn by a rule that holds "
        "at every look: the t test's e-value with a Gaussian prior on the effect size, 0.8 E(g "
        "= 1) + 0.2 E(g = 100), E(g) = (1 + n g)^(−1/2) × ((1 + t²/v) / (1 + t²/(v (1 + n "
        "g))))^(n/2), v = n − 1, must reach 20; intervals are its inversion, a confidence "
        "sequence (Pérez-Ortiz, Lardy, de Heide and Grünwald, Annals of Statistics 52, 2024; "
        "Wang and Ramdas, 2024). Figures of the source spend 5 % / (k (k + 1)) at look k.",
    ),
    (
        "Could the source have known?",
        "The sources trained each value once. Their design is replayed 4,000 times from our "
        "seeds, a random seed for each value: how often would such a study say what the source "
        "says, or between which ends would its figure lie.",
    ),
    (
        "How many seeds",
        "Where a verdict is open, the range of seeds that would settle it with a probability of "
        "80 %, over differences and spreads that fit what was seen: in 8 of 10 cases it lies in "
        "the range.",
    ),
)
"""Terms and explanations, in the order of the report."""


OF_RUN_FOLDERS = (
    "These images and others",
    "Published times",
    "McNemar",
    "Looking again with more seeds",
)
"""The methods that need more than a table of results has."""


def methods(without: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
    """`METHODS` in the language of the report, but for the terms that it goes `without`."""
    return tuple(
        (translate(term), translate(text)) for term, text in METHODS if term not in without
    )
