"""The command `cliptone` itself: its commands are registered here, and its errors end here."""

from __future__ import annotations

import contextlib
import errno
import sys

import typer

from pipeline.errors import CliptoneError, DiskFull, Stopped, UserError

EXIT_USER = 2  # a mistake that the user can mend
EXIT_DISK_FULL = 74  # as sysexits.h has it for input/output errors
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="From short social-media videos to a table of what was said, how it sounded, and how sure we are.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command; every expected error is one sentence on standard error and an exit code."""
    try:
        app(standalone_mode=True)
    except DiskFull as error:
        _fail(str(error), EXIT_DISK_FULL)
    except UserError as error:
        _fail(str(error), EXIT_USER)
    except Stopped as error:
        _fail(str(error), EXIT_INTERRUPTED)
    except CliptoneError as error:
        _fail(str(error), 1)
    except (KeyboardInterrupt, RuntimeError) as error:  # DuckDB turns the first into the second
        if isinstance(error, RuntimeError) and "interrupted" not in str(error):
            raise
        _fail("stopped", EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail("the disk is full: make room and try again; what was stored is safe", EXIT_DISK_FULL)
        if error.filename is None:
            raise
        _fail(f"{error.filename} cannot be read or written: {(error.strerror or str(error)).lower()}", EXIT_USER)


def _fail(sentence: str, code: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"cliptone: {sentence}\n")
    sys.exit(code)
