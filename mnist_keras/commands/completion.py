"""The command that lets a shell complete the others."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MNIST_KERAS_COMPLETE"
"""What a shell sets when it asks the program how a word may go on."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and their values with the Tab key.

    For bash and zsh, put this line into ~/.bashrc or ~/.zshrc, with the shell's name: eval
    "$(mnist-keras completion bash)". For fish, write the script into
    ~/.config/fish/completions/mnist-keras.fish.
    """
    root = click.get_current_context().find_root()
    found = get_completion_class(shell)
    assert found is not None  # click has all three
    click.echo(found(root.command, {}, "mnist-keras", VARIABLE).source())
