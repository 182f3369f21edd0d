from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mnist_keras.statistics.images import mcnemar_by_seed
from mnist_keras.statistics.mcnemar import mcnemar_exact


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
    assert (result.n, result.a_better, result.b_better, result.neither) == (4, 1, 1, 2)
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
