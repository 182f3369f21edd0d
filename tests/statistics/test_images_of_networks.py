from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.images import mcnemar_by_seed, mcnemar_exact, other_images_interval


def networks(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    cells = [(True, True)] * both + [(True, False)] * only_a
    cells += [(False, True)] * only_b + [(False, False)] * neither
    array = np.array(cells, dtype=bool)
    return array[:, 0], array[:, 1]


def test_mcnemar_of_the_amsterdam_phonetics_page():
    # fon.hum.uva.nl, Institute of Phonetic Sciences, McNemar's test: 12 against 3, p <= 0.0352.
    test = mcnemar_exact(*networks(40, 12, 3, 5))
    assert (test.images, test.only_a, test.only_b) == (60, 12, 3)
    assert test.p == pytest.approx(0.0352, abs=5e-5)
    assert test.difference == pytest.approx(9 / 60)


def test_mcnemar_of_agrestis_approval_ratings():
    # Categorical Data Analysis: approval of the prime minister, 1600 asked twice; z = -4.17 there.
    test = mcnemar_exact(*networks(794, 150, 86, 570))
    assert test.p == pytest.approx(stats.binomtest(86, 236).pvalue, rel=1e-10)
    assert test.p == pytest.approx(2 * stats.norm.sf(4.17), rel=0.4)


def test_networks_that_err_alike_show_no_difference():
    assert mcnemar_exact(*networks(90, 0, 0, 10)).p == 1.0


def test_seeds_are_counted_and_not_pooled():
    clear, unclear = networks(900, 30, 5, 10), networks(900, 14, 5, 10)
    result = mcnemar_by_seed([clear, unclear, clear[::-1], unclear])
    assert [test.only_a for test in result.by_seed] == [30, 14, 5, 14]
    # Alone, 14 against 5 would pass for 0.064; 30 against 5 stays clear after Holm.
    assert (result.n, result.a_better, result.b_better) == (4, 1, 1)
    assert all(a >= t.p for a, t in zip(result.adjusted_p, result.by_seed, strict=True))


def test_a_seed_that_is_clear_alone_need_not_be_clear_among_many():
    borderline = networks(900, 12, 3, 10)
    assert mcnemar_by_seed([borderline]).a_better == 1
    assert mcnemar_by_seed([borderline] * 3).a_better == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [([True], [True, False]), ([1, 0], [0, 1]), ([], []), ([[True]], [[True]])],
)
def test_anything_but_the_same_images_is_refused(a, b):
    with pytest.raises(ValueError, match="expected"):
        mcnemar_exact(a, b)


def test_no_seed_is_refused():
    with pytest.raises(ValueError, match="none"):
        mcnemar_by_seed([])


def crossed(
    seeds: int, images: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two configurations, equal over all images; each image suits one of them better."""
    leaning = generator.normal(0, 0.7, images)
    luck = generator.normal(0, 0.5, (2, seeds, images)) + generator.normal(0, 0.1, (2, seeds, 1))
    ease = generator.normal(1.5, 1, images)
    return ease + leaning + luck[0] > 0, ease - leaning + luck[1] > 0


def test_other_images_interval_is_that_of_the_two_way_analysis_of_variance():
    a, b = crossed(4, 50, np.random.default_rng(2))
    a[0, 10:30], b[1, 10:30] = False, False
    table = a.astype(float) - b
    by_seed, by_image = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_seed[:, None] - by_image + table.mean()
    squares = 50 * by_seed.var(ddof=1), 4 * by_image.var(ddof=1), (rest**2).sum() / (3 * 49)
    assert squares[0] > squares[2] < squares[1]
    variance = (squares[0] + squares[1] - squares[2]) / 200
    parts = sum(s**2 / d for s, d in zip(squares, (3, 49, 147), strict=True))
    degrees = (200 * variance) ** 2 / parts
    low, high = stats.t.interval(0.95, degrees, table.mean(), np.sqrt(variance))
    assert other_images_interval(a, b) == pytest.approx((low, high))


def test_without_luck_only_the_images_count():
    # Every seed shows the same, so that more seeds add nothing: the interval over the images.
    generator = np.random.default_rng(3)
    a, b = generator.random(80) < 0.9, generator.random(80) < 0.8
    interval = other_images_interval(np.tile(a, (5, 1)), np.tile(b, (5, 1)))
    expected = stats.ttest_rel(a.astype(float), b.astype(float)).confidence_interval()
    assert interval == pytest.approx(tuple(expected))


def test_other_images_interval_is_wider_than_that_of_these_images():
    a, b = crossed(20, 400, np.random.default_rng(4))
    these = stats.ttest_rel(a.mean(axis=1), b.mean(axis=1)).confidence_interval()
    assert other_images_interval(a, b).half > (these.high - these.low) / 2


def test_networks_that_never_differ_and_one_seed_give_no_interval_for_other_images():
    right = np.ones((4, 30), dtype=bool)
    assert other_images_interval(right, right) is None
    assert other_images_interval(right[:1], ~right[:1]) is None


@pytest.mark.parametrize("shape", [(3,), (3, 1), (2, 9)])
def test_other_images_interval_of_other_shapes_is_refused(shape):
    with pytest.raises(ValueError, match="same seeds and images"):
        other_images_interval(np.ones((3, 9), dtype=bool), np.ones(shape, dtype=bool))
