"""What is wrong with a run, in sentences: the claim, its evidence, and what to try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mnist_keras.analysis.findings import FoundIn
from mnist_keras.diagnosis.broken import AtChance, Cause, ManySilentUnits, NotANumber
from mnist_keras.diagnosis.diagnose import Finding
from mnist_keras.diagnosis.fit import (
    HoldoutUnlikeTest,
    Overfitting,
    Sign,
    ValidationAboveTraining,
)
from mnist_keras.diagnosis.pace import RateTooSmall, StillImproving
from mnist_keras.examination import SilentUnits
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import configuration_name
from mnist_keras.report.words.units import PERCENT, seeds
from mnist_keras.studies.design import Study


@dataclass(frozen=True)
class FindingWords:
    """Sentences about one finding; the claim has no full stop, so that it can be a heading."""

    claim: str
    evidence: str
    advice: str


def finding_words(finding: Finding) -> FindingWords:
    """Say one finding in the language of the block."""
    claim, evidence, advice = _WORDS[type(finding)](finding)
    return FindingWords(claim, evidence, advice)


def finding_text(finding: Finding) -> str:
    """The same in one paragraph."""
    words = finding_words(finding)
    return translate(
        "{claim}: {evidence} {advice}",
        claim=words.claim,
        evidence=words.evidence,
        advice=words.advice,
    )


def found_in_text(found: FoundIn, study: Study) -> str:
    """A finding about runs of a configuration of a study."""
    return translate(
        "{configuration}, {count} of {seeds}: {finding}",
        configuration=configuration_name(found.configuration, study),
        count=len(found.seeds),
        seeds=seeds(len(found.configuration.seeds)),
        finding=finding_text(found.finding),
    )


Words = tuple[str, str, str]


def _not_a_number(finding: NotANumber) -> Words:
    what = translate("The loss is no number from epoch {epoch} on", epoch=finding.epoch)
    rates = {"rate": finding.rate_to_try, "old": finding.learning_rate}
    if finding.before is None:
        return (
            what,
            translate("it was too large for the computer's numbers in the first epoch."),
            translate(
                "Try a learning rate of {rate:g} instead of {old:g}, or --gradient-clip 1.", **rates
            ),
        )
    return (
        what,
        translate("it was {before:.4g} in the epoch before.", before=finding.before),
        translate(
            "Try a learning rate of {rate:g} instead of {old:g}, or --gradient-clip 1; the weights "
            "of the best epoch before are kept.",
            **rates,
        ),
    )


def _at_chance(finding: AtChance) -> Words:
    claim = translate("It has learnt nothing")
    evidence = translate(
        "its best validation accuracy is {accuracy}, and naming the most frequent class gets "
        "{chance} of {images:,} images right.",
        accuracy=PERCENT.value(finding.accuracy),
        chance=PERCENT.value(finding.chance),
        images=finding.images,
    )
    why, advice = _why_at_chance(finding)
    return claim, f"{evidence} {why}", advice


def _why_at_chance(finding: AtChance) -> tuple[str, str]:
    other_rate = _other_rate(finding)
    match finding.cause:
        case Cause.SILENT_UNITS:
            assert finding.silent is not None
            return (
                translate(
                    "{units}: nothing of the image comes through. Too large updates did this.",
                    units=_silent(finding.silent),
                ),
                other_rate,
            )
        case Cause.RATE_TOO_HIGH:
            return (
                translate(
                    "The loss reached {loss:.4g}, and guessing has {guessing:.3g}: the updates are "
                    "too large.",
                    loss=finding.loss,
                    guessing=finding.guessing_loss,
                ),
                other_rate,
            )
        case Cause.RATE_TOO_LOW:
            return (
                translate(
                    "Training and validation loss fell in every epoch, the former only to "
                    "{loss:.4g}, and guessing has {guessing:.3g}: the updates are too small.",
                    loss=finding.loss,
                    guessing=finding.guessing_loss,
                ),
                other_rate,
            )
        case Cause.LABELS:
            return (
                translate(
                    "It does know {accuracy} of its training images, by heart: what it learns "
                    "from them does not hold for others, so the labels do not fit the images.",
                    accuracy=PERCENT.value(finding.train_accuracy),
                ),
                translate(
                    "Look at the images beside their labels: was only one of the two shuffled?"
                ),
            )
    return (
        translate(
            "The training loss is {loss:.4g}, and guessing has {guessing:.3g}: either the labels "
            "do not fit the images, or the updates are too large or too small.",
            loss=finding.loss,
            guessing=finding.guessing_loss,
        ),
        other_rate + translate(" If that changes nothing, look at the images beside their labels."),
    )


def _other_rate(finding: AtChance | RateTooSmall) -> str:
    return translate(
        "Try a learning rate of {rate:g} instead of {old:g}.",
        rate=finding.rate_to_try,
        old=finding.learning_rate,
    )


def _silent(layer: SilentUnits) -> str:
    return translate(
        "In the layer {layer}, {silent:,} of {units:,} units answer 0 to every image",
        layer=layer.layer,
        silent=layer.silent,
        units=layer.units,
    )


def _many_silent(finding: ManySilentUnits) -> Words:
    return (
        translate("Many units do nothing"),
        translate(
            "{units} of {images:,} training images.",
            units=_silent(finding.layer),
            images=finding.images,
        ),
        translate(
            "Try a learning rate of {rate:g} instead of {old:g}: large updates silence ReLU units "
            "for good. A layer of fewer units would do as well as this one does now.",
            rate=finding.rate_to_try,
            old=finding.learning_rate,
        ),
    )


def _rate_too_small(finding: RateTooSmall) -> Words:
    return (
        translate("The learning rate is too small"),
        translate(
            "both losses fell in each of {epochs} epochs, and the training loss only from "
            "{first:.4g} to {last:.4g}, where guessing has {guessing:.3g}.",
            epochs=finding.epochs,
            first=finding.first,
            last=finding.last,
            guessing=finding.guessing_loss,
        ),
        _other_rate(finding),
    )


def _still_improving(finding: StillImproving) -> Words:
    claim = translate("It was still improving when it ended")
    accuracies = {
        "then": PERCENT.value(finding.accuracy_then),
        "last": PERCENT.value(finding.accuracy_last),
    }
    if finding.epochs == 1:
        return (
            claim,
            translate(
                "in its only epoch {then} of the training images were right on the way, and "
                "{last} at its end.",
                **accuracies,
            ),
            translate("Try 5 epochs or more; one shows no trend."),
        )
    return (
        claim,
        translate(
            "from epoch {since} to the last one, {epochs}, the validation loss went from "
            "{loss_then:.4g} to {loss_last:.4g}, the accuracy from {then} to {last}.",
            since=finding.since,
            epochs=finding.epochs,
            loss_then=finding.loss_then,
            loss_last=finding.loss_last,
            **accuracies,
        ),
        _more_epochs(finding),
    )


def _more_epochs(finding: StillImproving) -> str:
    numbers = {"epochs": 2 * finding.epochs, "old": finding.epochs}
    if finding.may_stop_early:
        return translate(
            "Try {epochs} epochs instead of {old}, with --patience 5, or a larger learning rate.",
            **numbers,
        )
    return translate("Try {epochs} epochs instead of {old}, or a larger learning rate.", **numbers)


def _overfitting(finding: Overfitting) -> Words:
    kept = translate(
        "The weights of epoch {best} are kept, the best one. Against it: fewer epochs "
        "(--patience 3), dropout, --weight-decay, --augment-shift, more training images.",
        best=finding.best,
    )
    return (
        translate("It overfits since epoch {since}", since=finding.since),
        _overfitting_evidence(finding),
        kept,
    )


def _overfitting_evidence(finding: Overfitting) -> str:
    if finding.sign is Sign.GAP:
        return translate(
            "in the last epoch it gets {accuracy} of its training images right, and {val_accuracy} "
            "of the others.",
            accuracy=PERCENT.value(finding.accuracy),
            val_accuracy=PERCENT.value(finding.val_accuracy),
        )
    training = translate(
        "while the training loss fell from {then:.4g} to {last:.4g}.",
        then=finding.train_then,
        last=finding.train_last,
    )
    if finding.sign is Sign.ACCURACY:
        validation = translate(
            "the validation accuracy fell from {then} to {last},",
            then=PERCENT.value(finding.val_accuracy_then),
            last=PERCENT.value(finding.val_accuracy),
        )
    else:
        validation = translate(
            "the validation loss rose from {then:.4g} to {last:.4g},",
            then=finding.val_then,
            last=finding.val_last,
        )
    return f"{validation} {training}"


def _validation_above(finding: ValidationAboveTraining) -> Words:
    counted = translate(
        "in epoch {epoch} {accuracy} of the training images were right while it trained, and "
        "{val_accuracy} of the validation images after it; without dropout and augmentation it "
        "gets {measured} of {sample:,} training images right.",
        epoch=finding.epoch,
        accuracy=PERCENT.value(finding.accuracy),
        val_accuracy=PERCENT.value(finding.val_accuracy),
        measured=PERCENT.value(finding.measured),
        sample=finding.sample,
    )
    if not finding.explained:
        return (
            translate("The validation images are easier than the training images"),
            counted,
            translate(
                "Look whether both are images of the same kind, and whether the labels of the "
                "training images are right."
            ),
        )
    return (
        translate("Validation is above training, for a harmless reason"),
        counted,
        translate("Dropout and augmentation make training harder, and are off in validation.")
        if finding.random
        else translate(
            "The training accuracy is the mean over the epoch, in which the network got better."
        ),
    )


def _holdout_unlike_test(finding: HoldoutUnlikeTest) -> Words:
    return (
        translate("The validation images are unlike the test images"),
        translate(
            "after the last epoch {val_accuracy} of {val_images:,} validation images are right, "
            "and {test_accuracy} of {test_images:,} test images, {errors:.0f} standard errors "
            "apart.",
            val_accuracy=PERCENT.value(finding.val_accuracy),
            val_images=finding.val_images,
            test_accuracy=PERCENT.value(finding.test_accuracy),
            test_images=finding.test_images,
            errors=finding.standard_errors,
        ),
        translate(
            "Look whether both are of the same source, and whether the same images, or images of "
            "the same person, are in training and in validation."
        ),
    )


_WORDS: dict[type[Any], Callable[[Any], Words]] = {
    NotANumber: _not_a_number,
    AtChance: _at_chance,
    ManySilentUnits: _many_silent,
    RateTooSmall: _rate_too_small,
    StillImproving: _still_improving,
    Overfitting: _overfitting,
    ValidationAboveTraining: _validation_above,
    HoldoutUnlikeTest: _holdout_unlike_test,
}
