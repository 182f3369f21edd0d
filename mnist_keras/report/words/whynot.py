"""Why something is not judged, in words."""

from __future__ import annotations

from mnist_keras.analysis.outcome import (
    CellWhyNot,
    EpochsNotJudged,
    FactorWhyNot,
    NoValue,
    OtherMachine,
    TotalShown,
)
from mnist_keras.claims.evidence import DISTURBED
from mnist_keras.claims.reasons import (
    Disturbed,
    NoCommonGroup,
    NoCommonSeed,
    NoCost,
    NoGrid,
    NoOtherStudy,
    NoRun,
    NotAlike,
    NothingDone,
    NothingToCompare,
    NotMeasured,
    OneValue,
    OtherSettings,
    TooFewSeeds,
    WhyNot,
    Zero,
)
from mnist_keras.metrics import TO_TARGET
from mnist_keras.report.language import translate
from mnist_keras.report.words.naming import label_name, label_names, metric_name


def why_not_text(reason: CellWhyNot | FactorWhyNot | WhyNot | None) -> str:
    """Why a figure, a factor or a claim has no verdict; empty without a reason."""
    match reason:
        case None:
            return ""
        case TotalShown():
            return translate("a total of the whole study is shown, not judged")
        case OtherMachine(time=True):
            return translate("a time of another machine is not judged, only ratios of times are")
        case OtherMachine():
            return translate("a reading of another machine is not judged")
        case NoValue():
            return _no_value(reason)
        case EpochsNotJudged():
            return translate(
                "the numbers of epochs are read in the same runs, and the best epoch of more of "
                "them can only be better: they have no impact of their own and no best value"
            )
    return _of_evidence(reason)


def _no_value(reason: NoValue) -> str:
    if reason.metric in TO_TARGET:
        return translate(
            "{label}: not known, since a run never has the target", label=metric_name(reason.metric)
        )
    where = (
        translate("in epoch {epoch}", epoch=reason.epoch)
        if reason.epoch
        else translate("in every seed")
    )
    return translate("{label}: not measured {where}", label=metric_name(reason.metric), where=where)


def _of_evidence(reason: WhyNot) -> str:
    match reason:
        case OtherSettings():
            return translate("the settings differ from those of the source")
        case NoRun(wide_only=True):
            return translate(
                "no finished run of {labels}, which only --wide makes",
                labels=label_names(reason.labels),
            )
        case NoRun():
            return translate("no finished run of {labels} yet", labels=label_names(reason.labels))
        case NothingDone():
            name = translate("study {name}", name=reason.study)
            return translate("{name} has no finished run yet", name=name)
        case NotMeasured() if reason.metric.name in TO_TARGET:
            return translate(
                "a run of {name} never has the target, so {label} is not known",
                label=translate(reason.metric.label),
                name=label_name(reason.label),
            )
        case NotMeasured():
            return translate(
                "{label} was not measured for {name}",
                label=translate(reason.metric.label),
                name=label_name(reason.label),
            )
        case NoCommonSeed():
            names = label_names(reason.labels)
            return translate("no seed has finished runs of {names}", names=names)
        case TooFewSeeds():
            return translate(
                "{name} has fewer than the {runs} seeds that this takes",
                name=label_name(reason.label),
                runs=reason.runs,
            )
        case NoCommonGroup():
            return translate(
                "no group of {size} seeds, counted from 0, has finished runs with predictions of "
                "{names}",
                size=reason.size,
                names=label_names(reason.labels),
            )
    return _of_machine(reason)


def _of_machine(reason: WhyNot) -> str:
    match reason:
        case NotAlike():
            return translate(
                "no seed's runs shared the machine alike (same processor, threads and number "
                "of runs at a time): {names}",
                names=label_names(reason.labels),
            )
        case Disturbed():
            return translate(
                "other work disturbed a run of every seed of {names}: its epochs took over "
                "{times:g} times the fastest one on average",
                names=label_names(reason.labels),
                times=DISTURBED,
            )
        case Zero():
            return translate(
                "{label} is 0 in a run, so there is no ratio", label=translate(reason.metric.label)
            )
        case OneValue():
            return translate("a factor with one value has no impact")
        case NoGrid():
            return translate("the study has no factors, so there is no grid")
        case NothingToCompare():
            return translate(
                "the table has no runs of {labels} to compare", labels=label_names(reason.labels)
            )
        case NoCost():
            return translate("a table of results does not say what was trained for it")
        case NoOtherStudy():
            return translate(
                "a table of results is one study, and knows nothing of {study}", study=reason.study
            )
    raise TypeError(f"no words for {reason}")
