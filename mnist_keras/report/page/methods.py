"""How the report decides, in words: each formula with the place where it is published."""

from __future__ import annotations

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.reproduction import FORMULA

METHODS: tuple[tuple[str, str], ...] = (
    (
        "Mean and 95 % interval",
        "Over n seeds: the mean, the standard deviation s (n − 1) and mean ± t(n−1; 0.975) × s / "
        "sqrt(n), where the mean of all seeds lies. All three need two seeds or more.",
    ),
    ("Published figures", FORMULA),
    (
        "Published times",
        "Another machine takes another time, so published times are never judged, only their "
        "ratios, and only from runs that had the machine alone or shared it equally. Ratios are "
        "compared as logarithms: the 95 % t interval of ours has to lie wholly within (or without) "
        "a quarter of the published ratio, up or down.",
    ),
    (
        "Impact of a factor",
        "The largest minus the smallest mean over the factor's values. Its 95 % interval is that "
        "of 10,000 bootstrap resamples of whole seeds, widened for few seeds (Hesterberg, The "
        "American Statistician 69, 2015). Equal values differ by luck, too: “chance alone” is "
        "what as many equal values stay below with 95 % probability, q(0.95; values, degrees) × s "
        "/ sqrt(n) (Tukey's studentized range). A factor inside it has no detectable effect.",
    ),
    (
        "With one seed",
        "The noise expected beforehand stands in: the variance of an accuracy between seeds is "
        "error / (2 × images) (Jordan, On the Variance of Neural Network Training with respect to "
        "Test Sets and Distributions, ICLR 2024), plus accuracy × error / images where every seed "
        "draws its own images, as for validation.",
    ),
    (
        "Pairs of configurations",
        "Seeds are paired: one seed gives every configuration the same split. The two-sided paired "
        "t test decides; from 6 pairs on the exact Wilcoxon signed-rank test stands beside it. "
        "Holm's step-down method (Scandinavian Journal of Statistics 6, 1979) adjusts p for the "
        "number of pairs in the study.",
    ),
    (
        "McNemar",
        "For one seed's two networks, on the test images that they share: only the images that one "
        "gets right and the other wrong count, each a fair coin if both were equally good "
        "(McNemar, Psychometrika 12, 1947; exact form in Agresti, Categorical Data Analysis, 3rd "
        "edition 2013, section 11.1). With one seed the table shows p; with several, in how many "
        "seeds the first and the second is better at 5 % after Holm. It speaks of these trained "
        "networks, not of their configurations.",
    ),
    (
        "The best of several values",
        "A value is best if it beats every other one at 5 %; the runner-up decides (Gutmann and "
        "Maymin, Annals of Statistics 15, 1987; Berger, Technometrics 24, 1982).",
    ),
    (
        "Enough seeds",
        "Where the verdict is open, the number of seeds is the smallest that would show a "
        "difference of the size observed with a probability of 80 % (noncentral t distribution).",
    ),
)
"""Terms and explanations, in the order of the report."""


def methods() -> tuple[tuple[str, str], ...]:
    """`METHODS` in the language of the report."""
    return tuple((translate(term), translate(text)) for term, text in METHODS)
