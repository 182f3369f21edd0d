"""The command `mnist-keras`, also `python -m mnist_keras`: how it ends."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from mnist_keras.commands import cli
from mnist_keras.errors import UserError, describe_refusal
from mnist_keras.streams import prepare_streams

CTRL_C = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 usage, 130 Ctrl-C, 143 SIGTERM."""
    prepare_streams()
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    try:
        code = cli.main(prog_name="mnist-keras", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        click.echo(f"error: {_one_line(error)}", err=True)
        code = error.exit_code
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort):
        click.echo(_stopped(), err=True)
        code = CTRL_C
    except _Terminated:
        click.echo(_stopped(), err=True)
        code = TERMINATED
    except OSError as error:
        if error.errno is None:
            raise
        click.echo(f"error: {describe_refusal(error)}; nothing that was finished is lost", err=True)
        code = 1
    sys.exit(code)


def _stopped() -> str:
    """How to go on; --fresh would set aside what is trained by now."""
    without = " without --fresh" if "--fresh" in sys.argv else ""
    return f"stopped; the same command{without} goes on from here"


def _one_line(error: click.ClickException) -> str:
    """What is wrong, and where the right use is explained."""
    message = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} (see {context.command_path} --help)" if context else message


class _Terminated(SystemExit):
    """SIGTERM has come."""


def _exit_on_sigterm(number: int, frame: FrameType | None) -> None:
    raise _Terminated(TERMINATED)


if __name__ == "__main__":
    main()
