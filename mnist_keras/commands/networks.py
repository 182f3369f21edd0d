"""Commands whose options are those of the network that is named, too."""

from __future__ import annotations

import inspect
from typing import Any

import click

from mnist_keras.commands.options import option_names, option_of, setting_text
from mnist_keras.config import BUILT_IN_SETTINGS
from mnist_keras.own_networks import OwnNetwork, find_own, is_own

_OWN = "mnist_keras.own_network"


class NetworkCommand(click.Command):
    """A command that takes the settings of a network of the user's own in place of the built-in's.

    The network is looked for among the arguments before they are parsed, so that
    `train nets.py:net --help` lists what `net` takes.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the network, then parse."""
        name = next((argument for argument in args if is_own(argument)), None)
        if name is not None:
            ctx.meta[_OWN] = find_own(name)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own, with the network's settings first."""
        params = super().get_params(ctx)
        own: OwnNetwork | None = ctx.meta.get(_OWN)
        if own is None:
            return params
        arguments = [one for one in params if isinstance(one, click.Argument)]
        others = [
            one for one in params if one not in arguments and one.name not in BUILT_IN_SETTINGS
        ]
        return [*arguments, *map(_option, own.settings.values()), *others]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's help, then what the network says of itself."""
        super().format_help_text(ctx, formatter)
        own: OwnNetwork | None = ctx.meta.get(_OWN)
        if own is not None:
            formatter.write_paragraph()
            with formatter.indentation():
                text = " ".join((inspect.getdoc(own.function) or "").split())
                formatter.write_text(f"{own.name}: {text or 'it has no docstring.'}")


def _option(setting: Any) -> click.Option:
    default = setting_text(setting.default) if setting.has_default else "it must be given"
    return click.Option(option_names(setting), **option_of(setting, default))
