"""Several networks as one: their probabilities combined, and what that gains on the test images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.statistics.differences import verdict_within
from mnist_keras.statistics.distributions import ALPHA, t_quantile
from mnist_keras.statistics.summaries import Interval, Verdict

Combine = Literal["mean", "vote"]

COMBINES: tuple[Combine, ...] = get_args(Combine)


def combine_probabilities(
    members: Sequence[NDArray[np.floating]], combine: Combine = "mean"
) -> NDArray[np.float64]:
    """The probabilities of an ensemble, float64 [images, classes].

    By "mean" each is the mean over the members. By "vote" each member has one vote, for its most
    probable class; the mean of the probabilities decides between classes of equal votes, for which
    it has half the weight of a single vote.

    Args:
        members: of each network, floating point [images, classes], all of one shape.
        combine: how they are combined.

    Raises:
        ValueError: there are none, or their shapes differ.
    """
    shapes = {one.shape for one in members}
    if len(shapes) != 1:
        raise ValueError(f"expected members of one shape, got {sorted(shapes)}")
    mean = np.mean(np.asarray(members, np.float64), axis=0)
    if combine == "mean":
        return mean
    ((_, classes),) = shapes
    votes = sum(np.eye(classes)[one.argmax(axis=1)] for one in members)
    weighted: NDArray[np.float64] = (2 * votes + mean) / (2 * len(members) + 1)
    return weighted


@dataclass(frozen=True)
class EnsembleGain:
    """One ensemble beside its own members, on the same test images.

    Attributes:
        members: networks.
        images: test images.
        accuracy: of the ensemble, a fraction.
        member_accuracy: the mean of its members'.
        interval: 95 % for the difference on other images of the kind, these networks given; None
            where the difference is the same on every image.
        margin: below this, a difference does not matter.
    """

    members: int
    images: int
    accuracy: float
    member_accuracy: float
    interval: Interval | None
    margin: float

    @property
    def gain(self) -> float:
        """The accuracy of the ensemble minus the mean of its members'."""
        return self.accuracy - self.member_accuracy

    @property
    def verdict(self) -> Verdict:
        """Whether they differ, by the interval and the margin."""
        return Verdict.OPEN if self.interval is None else verdict_within(self.interval, self.margin)


def ensemble_gain(correct: ArrayLike, members: ArrayLike, margin: float) -> EnsembleGain:
    """What an ensemble gains over its members on the images, which are taken for a sample.

    The ensemble and its members are one draw of seeds, so their spread says nothing about it: the
    interval is of the mean over images of "ensemble right" minus the share of members that are
    right, mean +- t s / sqrt(images). Other seeds would give another ensemble.

    Args:
        correct: which images the ensemble gets right, bool [images].
        members: likewise its members, bool [members, images].
        margin: the difference that does not matter.

    Raises:
        ValueError: the shapes do not fit, or there are fewer than two images.
    """
    own, others = np.asarray(correct, np.float64), np.asarray(members, np.float64)
    if own.ndim != 1 or others.ndim != 2 or others.shape[1:] != own.shape or own.size < 2:
        raise ValueError(f"expected the same images, got {own.shape} and {others.shape}")
    by_image = own - others.mean(axis=0)
    sd, gain = float(by_image.std(ddof=1)), float(by_image.mean())
    half = t_quantile(1 - ALPHA / 2, own.size - 1) * sd / math.sqrt(own.size)
    return EnsembleGain(
        members=len(others),
        images=own.size,
        accuracy=float(own.mean()),
        member_accuracy=float(others.mean()),
        interval=Interval(gain - half, gain + half) if sd > 0 else None,
        margin=margin,
    )
