"""The command `cliptone`: parse, call, print. The only place that prints or exits."""

# The order of the commands in the help.
# isort: off
from pipeline.cli import (
    study,
    merge,
    plan,
    collect,
    query,
    compare,
    search,
    report,
    picture,
    export,
    evaluate,
    validate,
    privacy,
    methods,
    verify,
    machine,
)
from pipeline.cli.app import app, main

__all__ = [
    "app",
    "collect",
    "compare",
    "evaluate",
    "export",
    "machine",
    "main",
    "merge",
    "methods",
    "picture",
    "plan",
    "privacy",
    "query",
    "report",
    "search",
    "study",
    "validate",
    "verify",
]
