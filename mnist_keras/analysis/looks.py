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
from mnist_keras.records import write_bytes

LOOKS = "looks.json"

FEWEST_SEEDS = 2
"""With one seed no verdict can be drawn, so looking at it costs nothing."""


class Look(BaseModel):
    """The number of seeds of each configuration, by its name, when verdicts were drawn."""

    model_config = ConfigDict(strict=True, extra="ignore")

    seeds: dict[str, int]

    def adds_to(self, earlier: Look) -> bool:
        """Whether a configuration has more seeds than at an earlier look."""
        return any(count > earlier.seeds.get(name, 0) for name, count in self.seeds.items())


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
    """Record that verdicts are drawn from these configurations, unless they were before.

    Raises:
        UserError: the file is damaged.
        OSError: it cannot be written.
    """
    look = look_at(configurations)
    if not look.seeds:
        return
    looks = read_looks(folder)
    if looks and not any(look.adds_to(earlier) for earlier in looks[-1:]):
        return
    content = [one.model_dump() for one in (*looks, look)]
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
    looks, now = read_looks(folder), look_at(configurations)
    new = not looks or now.adds_to(looks[-1])
    return max(1, len(looks) + (1 if new and now.seeds else 0))
