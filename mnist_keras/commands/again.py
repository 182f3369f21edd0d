"""The command that makes a report again, to be printed in it."""

from __future__ import annotations

import sys

from mnist_keras.printed import shell_word


def this_command() -> str:
    """The command line of this process, to be copied into a shell."""
    return " ".join(map(shell_word, ["mnist-keras", *sys.argv[1:]]))
