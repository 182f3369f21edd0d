"""Studies from their files: one that the package ships, a user's own, one as it was remembered."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from mnist_keras.errors import UserError
from mnist_keras.studies import checks
from mnist_keras.studies.design import UNCHECKED, Study, built_in_study, keys, make_study
from mnist_keras.studies.files import (
    STUDY_NAMES,
    describe_all,
    from_folder,
    parse_toml,
    read_toml,
    split_french,
)
from mnist_keras.studies.known_networks import KnownNetwork

_RESERVED_NAMES = (*STUDY_NAMES, "train")


def load_study(name_or_path: str | Path) -> Study:
    """A study that the package ships, by name, or a user's own, from a TOML file.

    Raises:
        UserError: there is no such study or file, or the file is not a sound study; the line says
            where and why.
    """
    if str(name_or_path) in STUDY_NAMES:
        return built_in_study(str(name_or_path))
    path = Path(name_or_path)
    if path.suffix != ".toml" and len(path.parts) == 1:
        raise UserError(
            f"{str(name_or_path)!r} is no study; expected one of {', '.join(STUDY_NAMES)}, or the "
            "path of a .toml file"
        )
    study = make_study(read_toml(path, str(path)), str(path), path.parent, None)
    if study.name in _RESERVED_NAMES:
        raise UserError(f"{path}: name is {study.name!r}, which is taken; give it another name")
    return study


def problems_of_file(path: Path) -> tuple[Study | None, list[str]]:
    """A study's file with everything that keeps it from being run, a line each.

    Where parts of it cannot be read there is no study.

    Raises:
        UserError: there is no such file, or it is not TOML.
    """
    content, french = split_french(read_toml(path, str(path)), str(path))
    fields = {**from_folder(content, path.parent), "french": french}
    try:
        study = Study.model_validate(fields, context=UNCHECKED)
    except ValidationError as error:
        return None, describe_all(error, keys(), content)
    problems = checks.problems_of(study, built_in_study)
    if study.name in _RESERVED_NAMES:
        problems.insert(0, f"name is {study.name!r}, which is taken; give it another name")
    return study, problems


def recorded_study(
    text: str, folder: Path, networks: tuple[KnownNetwork, ...], place: str
) -> Study:
    """A study as its file was when it was run; no file of anybody's is read or run.

    Args:
        text: the file's text.
        folder: where the file was: its networks were named from there.
        networks: what they were.
        place: what messages call it.

    Raises:
        UserError: it is not a sound study.
    """
    return make_study(parse_toml(text.encode(), place), place, folder, networks)
