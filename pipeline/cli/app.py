"""The command `cliptone` itself: its commands are registered here, and its errors end here."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import typer
from typer.core import TyperCommand
from typer.models import CommandFunctionType

from pipeline.cli.stopping import on_sigterm
from pipeline.cli.study_words import with_study
from pipeline.errors import CliptoneError, DiskFull, Stopped, UserError, is_disk_full

EXIT_FAILED = 1  # an error in cliptone, or findings of verify
EXIT_USER = 2  # a mistake that the user can correct
EXIT_DISK_FULL = 74  # as sysexits.h has it for input/output errors
EXIT_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
EXIT_TERMINATED = 143  # the same for SIGTERM
EXITS = {DiskFull: EXIT_DISK_FULL, UserError: EXIT_USER, Stopped: EXIT_INTERRUPTED}
#: The end of `cliptone run --help`; pipeline/run/README.md has the same table.
EXIT_CODES = (
    "Exit codes: 0 done, also with clips that failed, or stopped by --stop-after; 1 findings (verify) or an error in "
    "cliptone; 2 a mistake that you can correct; 74 the disk is full; 130 stopped by Ctrl-C; 143 stopped by SIGTERM. "
    "The first Ctrl-C or SIGTERM gives up the clips in progress and stores what is done; the second stops at once. "
    "Whichever it was, the next run goes on."
)


class Command(TyperCommand):
    """A command whose options never take the next option for their value, and whose study is named in either way."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of a command; `UserError` names an option that has no value."""
        options = {name: one for one in self.params for name in one.opts if name.startswith("-")}
        for word, after in zip_longest(args, args[1:]):
            if word == "--" or ctx.resilient_parsing:  # what follows is no option; completion asks with half a line
                break
            one = options.get(word)
            if one is None or getattr(one, "is_flag", False):
                continue
            if after is None or after.startswith("--") or after in options:
                raise UserError(f"the option {word} needs a value after it: {getattr(one, 'help', '')}")
        return super().parse_args(ctx, args if ctx.resilient_parsing else with_study(self.params, args))


class Commands(typer.Typer):
    """A group of such commands."""

    def command(self, *args: Any, **options: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """Register a command, as `typer.Typer` does."""
        return super().command(*args, **{"cls": Command, **options})


app = Commands(
    help="From short social-media videos to a table of what was said, how it sounded, and how sure we are.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command; every expected error is one sentence on standard error and an exit code."""
    with on_sigterm() as terminated:
        try:
            app(standalone_mode=True)
        except SystemExit:  # typer's own, for Ctrl-C too
            if terminated.is_set():
                sys.exit(EXIT_TERMINATED)
            raise
        except CliptoneError as error:
            code = next((code for kind, code in EXITS.items() if isinstance(error, kind)), EXIT_FAILED)
            _fail(str(error), EXIT_TERMINATED if terminated.is_set() and code == EXIT_INTERRUPTED else code)
        except (KeyboardInterrupt, RuntimeError) as error:  # DuckDB turns the first into the second
            if isinstance(error, RuntimeError) and "interrupted" not in str(error):
                raise
            _fail("stopped", EXIT_TERMINATED if terminated.is_set() else EXIT_INTERRUPTED)
        except OSError as error:
            _fail_of_file(error)


def _fail_of_file(error: OSError) -> None:
    if is_disk_full(error):
        _fail("the disk is full: make room and try again; what was stored is safe", EXIT_DISK_FULL)
    if error.filename is None:
        raise error
    _fail(f"{error.filename} cannot be read or written: {(error.strerror or str(error)).lower()}", EXIT_USER)


def _fail(sentence: str, code: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"cliptone: {sentence}\n")
    sys.exit(code)
