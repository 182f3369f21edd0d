"""How often a study's verdicts were drawn while seeds were added: `looks.json` in its folder.

Whoever looks at the verdicts and then adds seeds needs the sequential rule, so every look is
recorded where the runs are. Two looks at the same seeds are one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from mnist_keras.claims.evidence import Measured
from mnist_keras.errors import UserError
from mnist_keras.runs.records import write_bytes

LOOKS = "looks.json"

FEWEST_SEEDS = 2
"""With one seed no verdict can be drawn, so looking at it costs nothing."""


class Look(BaseModel):
    """The number of seeds of each configuration, by its name, when verdicts were drawn."""

    model_config = ConfigDict(strict=True, extra="ignore")

    seeds: dict[str, int]


_LOOKS = TypeAdapter(list[Look])


def read_looks(folder: Path) -> list[Look]:
    """The looks at a study, in order; none where none is recorded.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / LOOKS
    try:
        return _LOOKS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError:
        raise UserError(
            f"{path} is damaged, so nobody knows how often the study was looked at; remove it if "
            "you know that it was looked at once"
        ) from None


def record_look(folder: Path, configurations: Sequence[Measured]) -> None:
    """Record that verdicts are drawn from these configurations.

    It is a new look if a configuration has more seeds than when it was looked at before;
    configurations that are seen for the first time belong to the last look.

    Raises:
        UserError: the file is damaged.
        OSError: it cannot be written.
    """
    now = look_at(configurations)
    looks = read_looks(folder)
    known = _known(looks)
    if now.seeds.items() <= known.items():
        return
    if looks and not _grown(now, known):
        looks[-1] = Look(seeds={**looks[-1].seeds, **now.seeds})
    else:
        looks.append(now)
    content = [one.model_dump() for one in looks]
    write_bytes(folder / LOOKS, (json.dumps(content, indent=1) + "\n").encode())


def look_at(configurations: Sequence[Measured]) -> Look:
    """A look at these configurations, of which those with enough seeds for a verdict count."""
    counts: Mapping[str, int] = {
        one.config.name.removesuffix(f"-s{one.config.seed}"): len(one.seeds)
        for one in configurations
    }
    return Look(seeds={name: n for name, n in sorted(counts.items()) if n >= FEWEST_SEEDS})


def count_looks(folder: Path, configurations: Sequence[Measured]) -> int:
    """How many looks there were, with this one; at least 1.

    Raises:
        UserError: the file is damaged.
    """
    looks = read_looks(folder)
    return max(1, len(looks) + _grown(look_at(configurations), _known(looks)))


def _known(looks: Sequence[Look]) -> dict[str, int]:
    """The most seeds that each configuration was looked at with."""
    most: dict[str, int] = {}
    for look in looks:
        for name, count in look.seeds.items():
            most[name] = max(count, most.get(name, 0))
    return most


def _grown(now: Look, known: Mapping[str, int]) -> bool:
    return any(name in known and count > known[name] for name, count in now.seeds.items())
