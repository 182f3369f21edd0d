"""The arrays of a Keras weights file, as HDF5 finds them. Run as a program, never imported.

HDF5 is made for files that one trusts: a forged one can crash it, keep it busy for ever or make it
take all memory. So `weights.py` starts this program for each file, which reads the structure only,
within limits of its own, and tells where each array's bytes lie.

Standard input is the file. Standard output is a JSON object: `layers` has for each layer, by its
name in the file, a list of its arrays' shapes and of the places of their first bytes; `problem`
says instead why the file is not one of ours. Where HDF5 does not survive the file, a signal ends
the program.

It needs nothing of this package, so that it runs without it on the path.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path
from typing import Any

import h5py

MAX_LAYERS = 64
MAX_ARRAYS = 4
"""Of a layer: kernel and bias; of a BatchNormalization scale, offset, mean and variance."""
NAME = re.compile("[a-z0-9_]{1,32}")
"""Of a layer or an array: what may stand in a message."""

CPU_SECONDS = 2
MEMORY_BYTES = 128 << 20
"""What reading the structure may take beyond what the program has when it begins."""

STATUS = Path("/proc/self/statm")


class ProblemError(Exception):
    """What keeps the file from being one of ours, to stand behind its name."""


def limit_resources() -> None:
    """From here on, too much time or memory ends this program."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    pages = _pages()
    if pages is not None:
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _pages() -> int | None:
    """Pages of memory that this program has; None where the system does not say."""
    try:
        return int(STATUS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def describe(file: h5py.File) -> dict[str, list[dict[str, Any]]]:
    """The arrays of every layer: {"dense": [{"shape": [784, 10], "offset": 2048}, ...]}.

    Only `layers/NAME/vars/NUMBER` is looked at: an optimizer's variables stay unread.

    Raises:
        ProblemError: the file is not laid out as Keras does it.
    """
    if file.userblock_size:
        raise ProblemError("has data before its HDF5 part")
    layers = _group(file, "layers")
    return {name: _arrays(_group(layers, name)) for name in _names(layers, MAX_LAYERS)}


def _names(group: h5py.Group, most: int) -> list[str]:
    if len(group) > most:
        raise ProblemError(f"has {len(group)} entries in {group.name}, more than {most}")
    names = sorted(group)
    if not all(NAME.fullmatch(name) for name in names):
        raise ProblemError("has an entry whose name is none of Keras' own")
    return names


def _item(group: h5py.Group, name: str) -> Any:
    """An entry of the file itself: links to other places are not followed."""
    link = group.get(name, getlink=True)
    if link is None:
        raise ProblemError(f"lacks {group.name.rstrip('/')}/{name}")
    if type(link) is not h5py.HardLink:
        raise ProblemError(f"has a link to another place in {group.name}")
    return group[name]


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    item = _item(parent, name)
    if not isinstance(item, h5py.Group):
        raise ProblemError(f"has no group {parent.name.rstrip('/')}/{name}")
    return item


def _arrays(layer: h5py.Group) -> list[dict[str, Any]]:
    variables = _group(layer, "vars")
    names = _names(variables, MAX_ARRAYS)
    if names != [str(number) for number in range(len(names))]:
        raise ProblemError(f"has other entries than arrays in {variables.name}")
    return [_place(_item(variables, name)) for name in names]


def _place(array: Any) -> dict[str, Any]:
    """Where an array lies, if it is float32 in one piece of the file itself."""
    if not isinstance(array, h5py.Dataset):
        raise ProblemError("has something else than arrays in a layer's vars")
    if not array.id.get_type().equal(h5py.h5t.IEEE_F32LE):
        raise ProblemError(f"has {array.name} in another type than float32")
    layout = array.id.get_create_plist()
    if layout.get_layout() != h5py.h5d.CONTIGUOUS or layout.get_external_count():
        raise ProblemError(f"has {array.name} packed, in pieces or in another file")
    if array.id.get_space().get_simple_extent_type() != h5py.h5s.SIMPLE:
        raise ProblemError(f"has {array.name} without dimensions")
    offset = array.id.get_offset()
    if offset is None:
        raise ProblemError(f"has {array.name} without values")
    return {"shape": list(array.shape), "offset": offset}


def main() -> None:
    """Describe the file on standard input."""
    with open(0, "rb", buffering=0) as stream:
        limit_resources()
        try:
            with h5py.File(stream, "r") as file:
                answer: dict[str, Any] = {"layers": describe(file)}
        except ProblemError as error:
            answer = {"problem": str(error)}
        # A forged file makes h5py raise about anything, MemoryError included.
        except Exception as error:
            answer = {"problem": f"is no HDF5 file or damaged ({type(error).__name__})"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
