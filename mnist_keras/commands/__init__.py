"""The commands: each parses, calls one function, prints."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from mnist_keras.commands.completion import completion
from mnist_keras.commands.doctor import doctor
from mnist_keras.commands.draw import draw
from mnist_keras.commands.ensemble import ensemble
from mnist_keras.commands.export import export
from mnist_keras.commands.inspect import architectures, data, runs, shapes
from mnist_keras.commands.judge import judge
from mnist_keras.commands.merge import merge
from mnist_keras.commands.models import evaluate, predict
from mnist_keras.commands.plan import plan
from mnist_keras.commands.report import report
from mnist_keras.commands.search import search
from mnist_keras.commands.studies import (
    compare_architectures,
    compare_conv,
    reproduce,
    study,
)
from mnist_keras.commands.study_files import studies, study_check, study_new
from mnist_keras.commands.train import train
from mnist_keras.commands.watch import watch


class Commands(click.Group):
    """A group that lists its commands in the order in which they were added, uncut."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, not sorted."""
        return list(self.commands)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with its help's first paragraph as what the list says of it."""
        cmd.short_help = " ".join((cmd.help or "").partition("\n\n")[0].split())
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first words name: one of two words goes before that of the first."""
        two_words = self.commands.get(" ".join(args[:2]))
        if two_words is not None:
            return two_words.name, two_words, args[2:]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The first words of the commands that begin so."""
        found = super().shell_complete(ctx, incomplete)
        return [item for item in found if " " not in str(item.value)]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="mnist-keras COMMAND --help tells what a command does and lists its options.",
)
@click.version_option(package_name="mnist-keras", message="%(prog)s %(version)s")
def cli() -> None:
    """Which architecture, which hyperparameters, and can I trust the difference that I see?

    Trains Keras networks on MNIST, those that are built in or your own, re-runs published studies,
    and says which of their figures and claims hold.
    """


for command in (
    train,
    compare_conv,
    study,
    study_new,
    study_check,
    studies,
    compare_architectures,
    reproduce,
    search,
    watch,
    report,
    judge,
    runs,
    evaluate,
    ensemble,
    predict,
    draw,
    export,
    merge,
    plan,
    architectures,
    shapes,
    data,
    doctor,
    completion,
):
    cli.add_command(command)
