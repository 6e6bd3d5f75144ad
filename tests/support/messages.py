"""Every sentence that cliptone says to its users, read from the source; as a module, it rewrites the golden file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pipeline import errors
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "messages.txt"
REWRITE = "python -m tests.support.messages"
HEAD = f"Every sentence that cliptone says to its users, module by module. After a change: {REWRITE}"

#: All strings of these modules are for users; of the others, only what they raise or find.
OUTSPOKEN = (
    "pipeline/analysis/models/catalogue.py",
    "pipeline/cli/",
    "pipeline/errors.py",
    "pipeline/privacy/receipt.py",
    "pipeline/privacy/retention.py",
    "pipeline/results/wording.py",
    "pipeline/run/estimate/estimate.py",
    "pipeline/sources/platforms/disk_space.py",
    "pipeline/sources/platforms/tool_versions.py",
)
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
SAYING = {*ERRORS, "ChainVerdict", "Finding", "LeftOut", "Outcome", "Refusal", "Reject", "Rejected", "Suppressed"}
SHOWING = {"print", "echo", "status"}
REGISTERS = {"command", "callback"}
STATEMENT = re.compile(r"\s*(SELECT|FROM|AND|ALTER)\s")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def golden() -> str:
    """The golden file as the source has it: a block for each module, in the order of its lines."""
    blocks = [HEAD]
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module.startswith("pipeline/research/"):
            continue
        said = Sentences(path, everything=module.startswith(OUTSPOKEN)).lines()
        if said:
            blocks.append("\n  ".join([module, *said]))
    return "\n\n".join(blocks) + "\n"


class Sentences:
    """The sentences of one module."""

    def __init__(self, path: Path, *, everything: bool) -> None:
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._everything = everything
        self._functions = {node.name: node for node in ast.walk(self._tree) if isinstance(node, Function)}
        self._seen: set[ast.AST] = set()
        self._found: dict[tuple[int, int], str] = {}

    def lines(self) -> list[str]:
        """Each sentence on one line, in the order of the file."""
        if self._everything:
            self._keep(self._tree, self._tree)
        for scope in (self._tree, *self._functions.values()):
            for node in _own_nodes(scope):
                self._say(node, scope)
        return [self._found[place] for place in sorted(self._found)]

    def _say(self, node: ast.AST, scope: ast.AST) -> None:
        if isinstance(node, ast.Call) and _called(node) in SAYING:
            self._keep_arguments(node, scope)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            self._keep_arguments(node.exc, scope)
        elif isinstance(node, ast.Call) and _called(node) in SHOWING and self._everything and node.args:
            self._note(node.args[0], whole=True)
        elif isinstance(node, Function) and any(_called(one) in REGISTERS for one in node.decorator_list):
            self._note(node.body[0].value, whole=True)  # its docstring is its help

    def _keep_arguments(self, call: ast.Call, scope: ast.AST) -> None:
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            self._keep(argument, scope)

    def _keep(self, node: ast.AST, scope: ast.AST, *, shown: bool = False) -> None:
        """Keep the sentences below a node, and those of the module's variables and functions that it names."""
        if node in self._seen or _is_docstring(node) or _called(node) == "compile":
            return
        self._seen.add(node)
        if isinstance(node, ast.Name):
            for value in (*_values(node.id, scope), *_values(node.id, self._tree)):
                self._keep(value, scope)
        elif isinstance(node, ast.Call) and _called(node) in self._functions:
            function = self._functions[_called(node)]
            for answer in _answers(function):
                self._keep(answer, function)
        elif not shown:
            self._note(node)
        inside = shown or isinstance(node, ast.JoinedStr)  # of an f-string, the fields are shown as they stand
        for child in ast.iter_child_nodes(node):
            self._keep(child, scope, shown=inside)

    def _note(self, node: ast.AST, *, whole: bool = False) -> None:
        """Note a string of two words or more, or one that is all that is said."""
        if not isinstance(node, ast.Constant | ast.JoinedStr):
            return
        text = _rendered(node)
        if (whole and text) or (" " in text.strip() and not STATEMENT.match(text)):
            lines = (line.strip() for line in text.strip().splitlines())
            self._found[node.lineno, node.col_offset] = "\\n".join(lines)


def _rendered(node: ast.expr) -> str:
    """A string as it is said, with the fields of an f-string as expressions."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_rendered(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        how = "" if node.conversion < 0 else f"!{chr(node.conversion)}"
        form = f":{_rendered(node.format_spec)}" if node.format_spec else ""
        return f"{{{ast.unparse(node.value)}{how}{form}}}"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _called(node: ast.AST) -> str:
    """The last name of what is called."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _values(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """What a scope assigns to a name, or lets it run over."""
    for node in _own_nodes(scope):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_loop = isinstance(node, ast.For | ast.comprehension)
        is_assignment = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
        value = node.iter if is_loop else node.value if is_assignment else None
        if value is not None and any(_is_named(target, name) for target in targets):
            yield value


def _is_named(target: ast.AST | None, name: str) -> bool:
    return target is not None and any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(target))


def _answers(function: Function) -> Iterator[ast.expr]:
    for node in _own_nodes(function):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield node.value


@cache
def _own_nodes(scope: ast.AST) -> Sequence[ast.AST]:
    """Every node of a scope, without those of the functions in it; the functions themselves are its own."""
    nodes: list[ast.AST] = []
    for child in ast.iter_child_nodes(scope):
        nodes += [child, *(() if isinstance(child, Function) else _own_nodes(child))]
    return nodes


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


if __name__ == "__main__":
    GOLDEN.write_text(golden(), encoding="utf-8")
