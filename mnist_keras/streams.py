"""The standard streams, made fit for whatever the shell has done to them."""

from __future__ import annotations

import codecs
import errno
import io
import os
import stat
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NAMES = ("standard input", "standard output", "standard error")
"""What the streams are called, by the numbers of their files."""

PATHS_AS_THEY_ARE = "mnist_keras.paths"
"""How standard output spells what its encoding lacks, so that the next command finds a path."""


def prepare_streams() -> None:
    """Open what is closed, let output go on without its reader, and spell paths as they are.

    A stream that is closed (`>&-`) becomes one into nothing: otherwise the next file that is opened
    takes its number, and a child process writes into it. A stream that has been exchanged, as tests
    do, stays as it is.
    """
    for number in range(len(NAMES)):
        _open_if_closed(number)
    sys.stdout = _patient(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _patient(sys.stderr, sys.__stderr__, 2)


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        nothing = os.open(os.devnull, os.O_RDWR)
        if nothing != number:
            os.dup2(nothing, number)
            os.close(nothing)
        os.set_inheritable(number, True)


def _patient(stream: TextIO | None, original: TextIO | None, number: int) -> TextIO:
    """The stream, on a file of its own that outlives its reader, unless it has been exchanged."""
    if stream is None:
        return io.TextIOWrapper(
            io.BufferedWriter(PatientOutput(number)), "utf-8", line_buffering=True
        )
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    output = PatientOutput(number)
    return io.TextIOWrapper(
        output if stream.write_through else io.BufferedWriter(output),
        encoding=stream.encoding,
        errors=PATHS_AS_THEY_ARE if number == 1 else "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class PatientOutput(io.FileIO):
    """A standard stream's file, which swallows what is written when nobody reads it any more."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)

    def write(self, content: ReadableBuffer, /) -> int:
        """Write; into nothing from the moment on at which the reader or the terminal has gone.

        Raises:
            OSError: the system refuses it for another reason, once; it names the stream.
        """
        length = memoryview(content).nbytes
        if not length:
            return 0  # with nothing to write click asks what kind of stream it is
        try:
            return super().write(content)
        except OSError as error:
            unread = error.errno == errno.EPIPE or (error.errno == errno.EIO and self._is_device())
            self._lead_nowhere()
            if unread:
                return length
            raise OSError(error.errno, error.strerror, NAMES[self.fileno()]) from None

    def _is_device(self) -> bool:
        """Whether it is a terminal, also one that has gone."""
        return stat.S_ISCHR(os.fstat(self.fileno()).st_mode)

    def _lead_nowhere(self) -> None:
        """Nothing else may fail at the same: what is still buffered, or a child's output."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """A path's own bytes for those that are no text, an escape for what the encoding lacks."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)


codecs.register_error(PATHS_AS_THEY_ARE, _spell)
