"""docs/operations.md: every operation of botocore's model, and the tests that verify it. Run to write it anew."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from botocore import xform_name
from botocore.session import Session

from lambda_emu.api.operations import all_handlers
from lambda_emu.api.wire.service_model import Route, lambda_model

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/operations.md"
STATE_TESTS = "test_api_state"  # what is done there is compared after a restart
OTHER_SERVICES = ("test_sqs",)  # beginnings of files that call operations of the same names
REFUSING = ("refused", "raises")
RIGS = {"created": "create_function"}  # words of the tests that stand for a method
CHANGES = {  # what a table's case is added to, where it is no whole request
    ("refusals", "create"): "CreateFunction",
    ("refusals", "update"): "UpdateFunctionConfiguration",
    ("policies", "add"): "AddPermission",
    ("event_source_mappings", "create"): "CreateEventSourceMapping",
    ("not_json", "text"): "Invoke",
}
HEAD = """# Every operation

Of botocore's model of Lambda, with the tests that verify it. *Round trip*: called through boto3, which checks the
answer against the model. *Errors*: refused there, or in a table of `tests/contract`, in AWS's words. *State*: what it
changed is the same after a restart; a dash where it changes nothing. No durable execution can be started yet, so those
operations are only refused. Written by `python tests/unit/operations_table.py`; a test holds it to the tests.

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
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        if path.stem.startswith(OTHER_SERVICES):
            continue
        for method, refusal in _calls(ast.parse(path.read_text()), methods):
            evidence = found[methods[method]]
            kind = evidence.state if path.stem == STATE_TESTS else evidence.errors if refusal else evidence.round_trip
            kind.add(path.stem)
    for name, table in _refused_in_tables():
        found[name].errors.add(table)
    return HEAD + "".join(_row(name, found[name]) for name in names)


def _refused_in_tables() -> Iterator[tuple[str, str]]:
    """Operations with the tables that have a case of them."""
    routes = [(_request_pattern(route), route.name) for route in lambda_model().routes()]
    routes.sort(key=lambda pair: -len(pair[0].pattern))  # of two that fit, the one that says more
    for path in sorted((REPOSITORY / "tests/contract").glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            for (table, key), name in CHANGES.items():
                if table == path.stem and key in case:
                    yield name, f"{path.stem}.yaml"
            asked = case.get("request", "")
            if (name := next((name for pattern, name in routes if pattern.fullmatch(asked)), "")) != "":
                yield name, f"{path.stem}.yaml"


def _request_pattern(route: Route) -> re.Pattern[str]:
    """Of `METHOD /path?query`."""
    path = re.sub(r"\\{\w+\\}", "[^?]+", re.escape(route.path))
    return re.compile(f"{route.method} {path}/?" + (rf"\?(.*&)?{route.query}(&.*)?" if route.query else r"(\?.*)?"))


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
    if name not in all_handlers():
        return f"| {name} | not built yet | | |\n"
    cells = [", ".join(f"`{stem}`" for stem in sorted(kind)) for kind in (evidence.round_trip, evidence.errors)]
    state = "-" if _changes_nothing(name) else f"`{STATE_TESTS}`" if evidence.state else ""
    return f"| {name} | {' | '.join(cells)} | {state} |\n"


def _changes_nothing(name: str) -> bool:
    return name.startswith(("Get", "List", "Invoke")) or "DurableExecution" in name


if __name__ == "__main__":
    PAGE.write_text(page())
