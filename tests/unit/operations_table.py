"""docs/operations.md: every operation of botocore's model, and the tests that verify it. Run to write it anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore import xform_name
from botocore.session import Session

from lambda_emu.api.families import load_all

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/operations.md"
STATE_TESTS = "test_api_state"  # what is done there is compared after a restart
REFUSING = ("refused", "raises")
RIGS = {"created": "create_function"}  # words of the tests that stand for a method
HEAD = """# Every operation

Of botocore's model of Lambda, with the tests that verify it. *Round trip*: called through boto3, which checks the
answer against the model. *Errors*: refused there in AWS's words, or in the tables of `tests/contract`. *State*: what it
changed is the same after a restart. Written by `python tests/unit/operations_table.py`; a test holds it to the tests.

| Operation | Round trip | Errors | State |
|---|---|---|---|
"""


@dataclass
class Evidence:
    """The files, by stem, in which an operation is called, by what for."""

    round_trip: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    state: set[str] = field(default_factory=set)


def page() -> str:
    """The page as it should be."""
    names = Session().get_service_model("lambda").operation_names
    methods = {xform_name(name): name for name in names}
    found = {name: Evidence() for name in names}
    for path in sorted((REPOSITORY / "tests").glob("*/test_*.py")):
        for method, refusal in _calls(ast.parse(path.read_text()), methods):
            evidence = found[methods[method]]
            kind = evidence.state if path.stem == STATE_TESTS else evidence.errors if refusal else evidence.round_trip
            kind.add(path.stem)
    return HEAD + "".join(_row(name, found[name]) for name in names)


def _calls(tree: ast.AST, methods: Mapping[str, str], refusal: bool = False) -> Iterator[tuple[str, bool]]:
    """Every mention of a client's method, and whether it is there to be refused."""
    for node in ast.iter_child_nodes(tree):
        inside = refusal or (isinstance(node, ast.With) and any(_refuses(item) for item in node.items))
        if isinstance(node, ast.Attribute) and (called := RIGS.get(node.attr, node.attr)) in methods:
            yield called, inside
        elif isinstance(node, ast.Constant) and node.value in methods:
            yield str(node.value), inside
        yield from _calls(node, methods, inside)


def _refuses(item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in REFUSING


def _row(name: str, evidence: Evidence) -> str:
    if name not in load_all():
        return f"| {name} | not built yet | | |\n"
    cells = (
        ", ".join(f"`{stem}`" for stem in sorted(kind))
        for kind in (evidence.round_trip, evidence.errors, evidence.state)
    )
    return f"| {name} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
