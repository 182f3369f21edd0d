"""Whether the parts of a study fit together: what the types of single entries cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mnist_keras.claims import Claim, by_name
from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError, guess
from mnist_keras.metrics import TO_TARGET
from mnist_keras.studies.known_networks import setting_names
from mnist_keras.studies.published import PublishedTable
from mnist_keras.studies.trials import NOT_OF_A_STUDY, Factor
from mnist_keras.subjects import Subject, value_text

if TYPE_CHECKING:
    from mnist_keras.studies.design import Study

    StudyByName = Callable[[str], Study]

MAX_TRIALS = 1_000


def check_study(study: Study, other_study: StudyByName) -> None:
    """Check every configuration, and every subject that a figure or a claim speaks about.

    Raises:
        ValueError: something does not fit; the line says where.
    """
    for problem in problems_of(study, other_study):
        raise ValueError(problem)


def problems_of(study: Study, other_study: StudyByName) -> list[str]:
    """Everything that does not fit, a line each.

    What only follows from another problem is left out: trainings are looked at where the base is
    sound, and figures and claims where all trainings are.
    """
    for look in (_of_base, _of_trainings, _of_subjects):
        found = list(look(study, other_study))
        if found:
            return found
    return []


def _of_base(study: Study, other_study: StudyByName) -> Iterator[str]:
    yield from _failures(lambda: _check_size(study))
    yield from _failures(
        lambda: _check_settings(study, "base", study.base), lambda: _config(study, "base", {})
    )


def _of_trainings(study: Study, other_study: StudyByName) -> Iterator[str]:
    fields = [f"factor {factor.field!r}" for factor in study.factors]
    yield from _failures(lambda: _check_unique(fields))
    for factor in study.factors:
        yield from _failures(partial(_check_factor, study, factor))
    names = [f"trial {trial.name!r}" for trial in study.named_trials]
    yield from _failures(lambda: _check_unique(names))
    for trial in study.named_trials:
        where = f"trial {trial.name!r}"
        yield from _failures(
            partial(_check_settings, study, where, trial.changes),
            partial(_config, study, where, trial.changes),
        )


def _of_subjects(study: Study, other_study: StudyByName) -> Iterator[str]:
    labels = [name for name, claim in by_name(study.claims) if claim.label]
    yield from _failures(lambda: _check_unique(labels))
    yield from _failures(lambda: _check_target(study))
    yield from _problems(study, other_study)


def _failures(*checks: Callable[[], object]) -> Iterator[str]:
    """What the first of the checks that fails says."""
    try:
        for check in checks:
            check()
    except ValueError as error:
        yield str(error)


def _check_target(study: Study) -> None:
    if study.target is not None:
        return
    metrics = {cell.metric for cell in study.published}
    metrics |= {str(getattr(claim, "metric", "")) for claim in study.claims}
    for name in TO_TARGET:
        if name in metrics:
            raise ValueError(f"{name} is asked for, but the study has no target; give it one, 99.0")


def _check_size(study: Study) -> None:
    count = len(study.named_trials)
    if count + sum(len(factor.values) for factor in study.factors) == 0:
        raise ValueError("the study has nothing to train; give it factors with values, or trials")
    count += sum(len(factor.values) + len(factor.wide) for factor in study.factors)
    if count > MAX_TRIALS:
        raise ValueError(f"the study has {count} trials; expected at most {MAX_TRIALS}")


def _check_settings(study: Study, where: str, settings: Mapping[str, Any]) -> None:
    known = ["architecture", "data"]
    for architecture in dict.fromkeys(_architectures(study)):
        names = setting_names(str(architecture), study.networks)
        known += [name for name in names if name not in known]
    for name in settings:
        if name == "seed":
            raise ValueError(f"{where} sets the seed; leave it out and use --seeds")
        if name not in known:
            expected = [name for name in known if name not in NOT_OF_A_STUDY]
            advice = guess(name, expected) or f"expected one of {', '.join(expected)}"
            raise ValueError(f"{where} sets {name!r}; {advice}")


def _architectures(study: Study) -> Iterator[Any]:
    """Every network that the study names."""
    yield study.base.get("architecture")
    for trial in study.named_trials:
        yield trial.changes.get("architecture", study.base.get("architecture"))
    factor = study.factor("architecture")
    yield from factor.tried(wide=True) if factor else ()


def _check_factor(study: Study, factor: Factor) -> None:
    if not factor.tried(wide=True):
        raise ValueError(f"factor {factor.field} has no values; give it values or wide")
    for values in (factor.values, factor.wide):
        configs = []
        for value in values:
            where = f"factor {factor.field}, value {value_text(value)}"
            configs.append(_config(study, where, {factor.field: value}))
        texts = [f"value of factor {factor.field} {value_text(value)!r}" for value in values]
        _check_unique(texts, configs)


def _config(study: Study, where: str, changes: dict[str, object]) -> RunConfig:
    try:
        return study.varied(changes)
    except UserError as error:
        raise ValueError(f"{where}: {error}") from None


def _check_unique(names: Sequence[str], items: Sequence[Hashable] | None = None) -> None:
    """Check that the items, each with what messages call it, differ; without any, the names."""
    seen = set()
    for item, name in zip(items or names, names, strict=True):
        if item in seen:
            raise ValueError(f"{name} appears twice; delete one")
        seen.add(item)


def _problems(study: Study, other_study: StudyByName) -> Iterable[str]:
    for table in study.tables:
        if problem := table_problem(study, table):
            yield f"table {table.title!r}: {problem}"
    for name, claim in by_name(study.claims):
        if problem := claim_problem(study, claim, other_study):
            yield f"{name}: {problem}"


def table_problem(study: Study, table: PublishedTable) -> str | None:
    """Why a figure of the table belongs to no training of the study; None if all do."""
    for cell in table.cells():
        if cell.subject == Subject():
            continue
        try:
            epochs = study.config_at(cell.subject).epochs
        except UserError as error:
            return str(error)
        if cell.epoch is not None and cell.epoch > epochs:
            return f"epoch is {cell.epoch}, but {cell.subject} is trained for {epochs} epochs"
    return None


def claim_problem(study: Study, claim: Claim, other_study: StudyByName) -> str | None:
    """Why the claim speaks about something that is not there; None if all is there."""
    for subject in claim.subjects():
        try:
            owner = (
                study if subject.study in (None, study.name) else other_study(str(subject.study))
            )
            if subject.trial is None and subject.value is None:
                if subject.factor is None or owner.factor(subject.factor) is None:
                    return f"{subject} is no factor of study {owner.name}{meant(owner, subject)}"
            else:
                owner.config_at(subject)
        except UserError as error:
            return str(error)
    return None


def meant(study: Study, subject: Subject) -> str:
    """What the subject may have meant, as the end of a line; empty where nothing is near.

    A factor is known by its field, which people take for its label.
    """
    if subject.trial is not None:
        return _ending(guess(subject.trial, [trial.name for trial in study.named_trials]))
    factor = study.factor(str(subject.factor))
    if factor is not None:
        values = ", ".join(map(value_text, factor.tried(wide=True)))
        return f"; the values of {factor.field} are {values}"
    for one in study.factors:
        if one.label == subject.factor:
            return f"; factor is the setting, not its label: did you mean {one.field}?"
    return _ending(guess(str(subject.factor), [one.field for one in study.factors]))


def _ending(meant: str) -> str:
    return meant and f"; {meant}"


def keep_what_fits(changed: Study, original: Study, other_study: StudyByName) -> Study:
    """The changed study without the figures and claims that no longer belong to a training.

    Raises:
        UserError: a setting of the changed study is not allowed.
    """
    fitting = changed.model_copy(update={"tables": (), "claims": ()})
    try:
        check_study(fitting, other_study)
    except ValueError as error:
        raise UserError(str(error)) from None
    return changed.model_copy(
        update={
            "comparable": original.comparable and _as_published(changed, original),
            "tables": tuple(t for t in changed.tables if table_problem(changed, t) is None),
            "claims": tuple(
                c for c in changed.claims if claim_problem(changed, c, other_study) is None
            )
            if not (changed.on_other_data and original.other_data)
            else (),
        }
    )


def _as_published(changed: Study, original: Study) -> bool:
    """Whether its trainings are the source's, on a data set that the source has figures of."""
    found, expected = _settings(changed), _settings(original)
    if changed.on_other_data and original.other_data and not any(one.quick for one in found):
        pairs = zip(found, expected, strict=True)
        return all(
            one.kind == other.kind and one.replace(data=other.data) == other for one, other in pairs
        )
    return found == expected


def _settings(study: Study) -> list[RunConfig]:
    return [study.varied({}), *(study.varied(trial.changes) for trial in study.named_trials)]
