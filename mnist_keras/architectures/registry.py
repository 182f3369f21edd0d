"""What a network is that can be trained, and those that the package ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from mnist_keras.schema import Setting, model_of_settings, settings_of_function

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]
"""Height, width and channels of an image."""


@dataclass(frozen=True)
class Architecture:
    """A network that can be trained.

    Attributes:
        name: how it is called.
        function: builds it, `function(shape, classes, **settings)`.
        training: what it is trained with where its source says something else than `Training`.
        search: the ranges that a search of it takes by default, for samplers.
        grid: likewise, for a grid.
        probabilities: whether it ends in those of the classes, and not in scores.
    """

    name: str
    function: Callable[..., keras.Model]
    training: Mapping[str, Any] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    probabilities: bool = True

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """Its own settings, as its signature declares them."""
        return settings_of_function(cast(FunctionType, self.function))

    @cached_property
    def model(self) -> type[BaseModel]:
        """Checks its settings and fills in their defaults."""
        return model_of_settings(self.name, self.settings)

    @property
    def defaults(self) -> dict[str, Any]:
        """Its settings and what it is trained with when nothing else is asked for."""
        return {**{one.name: one.default for one in self.settings.values()}, **self.training}


BUILT_IN: dict[str, Architecture] = {}
"""The networks that the package ships, by name, in the order in which they are listed."""

Builder = Callable[..., "keras.Model"]


def architecture(
    name: str,
    *,
    training: Mapping[str, Any],
    search: tuple[str, ...],
    grid: tuple[str, ...],
    probabilities: bool = True,
) -> Callable[[Builder], Builder]:
    """Register a function as a built-in network; see `Architecture` for the arguments."""

    def register(function: Builder) -> Builder:
        BUILT_IN[name] = Architecture(name, function, training, search, grid, probabilities)
        return function

    return register
