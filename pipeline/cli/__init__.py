"""The command `cliptone`: parse, call, print. The only place that prints or exits."""

# The order of the commands in the help.
# isort: off
from pipeline.cli import study, merge, plan, collect, ask, report, export, label, people, methods, verify, machine
from pipeline.cli.app import app, main

__all__ = [
    "app",
    "ask",
    "collect",
    "export",
    "label",
    "machine",
    "main",
    "merge",
    "methods",
    "people",
    "plan",
    "report",
    "study",
    "verify",
]
