"""Networks of the user's own as a study's runs were configured with them; no file is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mnist_keras.config import OF_EVERY_RUN, Network, RunConfig, find_architecture, settings_of
from mnist_keras.errors import UserError
from mnist_keras.own_networks import is_own

Fields = Mapping[str, Any]


class KnownNetwork(BaseModel):
    """What a network of the user's own was with some settings.

    Attributes:
        reference: how the study names it, as examples/nets.py:net.
        architecture: how a record names it, as nets.py:net.
        given: the settings that the study gives it.
        settings: all of its settings.
        network: what it built.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    reference: str = Field(max_length=1000)
    architecture: str = Field(max_length=200)
    given: dict[str, Any]
    settings: dict[str, Any]
    network: Network


Networks = Sequence[KnownNetwork] | None
"""The networks that a remembered study knows. None: its files may be run, as the user wishes."""


def known_network(fields: Fields, config: RunConfig) -> KnownNetwork | None:
    """What is to be known of the network that these fields have made; None for a built-in one."""
    if config.network is None:
        return None
    return KnownNetwork(
        reference=str(fields["architecture"]),
        architecture=config.architecture,
        given=_own_fields(fields),
        settings=config.settings,
        network=config.network,
    )


def recorded_fields(fields: Fields, networks: Sequence[KnownNetwork]) -> dict[str, Any]:
    """The fields of a configuration as a record has them, so that making it runs no file.

    Raises:
        UserError: the network is not known with these settings.
    """
    plain = {name: value for name, value in fields.items() if name not in ("source", "network")}
    if not is_own(plain.get("architecture")):
        return plain
    own = _own_fields(plain)
    for known in _of_reference(plain["architecture"], networks):
        if own == known.given or {**known.network.defaults, **own} == known.settings:
            others = {name: value for name, value in plain.items() if name not in own}
            return {
                **others,
                "architecture": known.architecture,
                "settings": known.settings,
                "network": known.network,
            }
    raise UserError(
        f"what {plain['architecture']} is with {own} is not known, and a record runs no code; "
        "give the study's TOML file"
    )


def own_setting_names(fields: Fields, networks: Networks) -> tuple[str, ...]:
    """The settings that belong to the network alone: another one has its own."""
    name = fields.get("architecture")
    if networks is not None and is_own(name):
        return _names(_of_reference(name, networks))
    found = find_architecture(name)
    return tuple(found.settings) if found else ()


def setting_names(architecture: str, networks: Networks) -> tuple[str, ...]:
    """Every setting of a run of this network: its own, then those of every run."""
    if networks is not None and is_own(architecture):
        return (*_names(_of_reference(architecture, networks)), *OF_EVERY_RUN)
    return tuple(settings_of(architecture))


def _of_reference(reference: Any, networks: Sequence[KnownNetwork]) -> list[KnownNetwork]:
    return [known for known in networks if known.reference == reference]


def _names(networks: Iterable[KnownNetwork]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for known in networks for name in known.settings))


def _own_fields(fields: Fields) -> dict[str, Any]:
    """The settings of the network itself, as JSON has them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if name not in RunConfig.model_fields
    }
