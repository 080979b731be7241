"""Operations as functions of this process: called by name, with the checks of the wire; imported when asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, ROLE, Activations, make_context, zipped
from msgspec.structs import replace
from werkzeug.routing import Rule

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import call, handler_of
from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.request import ConstraintViolations, MalformedRequest
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model.changes.refusals import FunctionExists
from lambda_emu.store import Store

SOURCE = "def handler(event, context): return event"
FAMILIES = {path.stem for path in (Path(__file__).parents[2] / "lambda_emu" / "api" / "operations").glob("[a-z]*.py")}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[RequestContext]:
    clock, store = Clock(), Store.open(tmp_path / "data")
    yield replace(make_context(store, clock, Activations(store, clock)), anonymous=False, account_known=True)
    store.close()


def creation(**members: Any) -> dict[str, Any]:
    code = {"ZipFile": zipped({"app.py": SOURCE})}
    needed = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Code": code}
    return needed | members


def test_an_operation_is_done_without_a_wire(context: RequestContext) -> None:
    created = call("CreateFunction", creation(MemorySize=256), context)

    shown = call("GetFunction", {"FunctionName": "f"}, context)
    assert (created["FunctionArn"], created["MemorySize"], created["State"]) == (f"{ARN}f", 256, "Pending")
    assert shown["Configuration"] == created
    assert "Tags" not in shown
    assert call("DeleteFunction", {"FunctionName": "f"}, context) == {"StatusCode": 204}


def test_the_constraints_of_the_model_are_checked(context: RequestContext) -> None:
    with pytest.raises(ConstraintViolations, match=r"'memorySize' failed to satisfy constraint.*greater than or equal"):
        call("CreateFunction", creation(MemorySize=1), context)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"Memory": 256}, "Unknown members: Memory"),
        ({"MemorySize": "256"}, "class java.lang.String can not be converted to an Integer"),
        ({"Handler": b"app.handler"}, "bytes can not be converted to an String"),
        ({"Layers": "words"}, "Expected list or null"),
    ],
)
def test_a_member_of_another_kind_than_the_models_is_refused(
    context: RequestContext, members: dict[str, Any], text: str
) -> None:
    with pytest.raises(MalformedRequest, match=text):
        call("CreateFunction", creation(**members), context)


def test_a_rule_that_is_broken_is_an_exception(context: RequestContext) -> None:
    call("CreateFunction", creation(), context)

    with pytest.raises(FunctionExists, match="Function already exist: f"):
        call("CreateFunction", creation(), context)


def test_what_is_elsewhere_is_hinted_at(context: RequestContext) -> None:
    call("CreateFunction", creation(), context)

    with pytest.raises(FunctionNotFound) as raised:
        call("GetFunction", {"FunctionName": "f"}, replace(context, scope=Scope(ACCOUNT, "eu-west-1")))
    assert "there is one in region us-east-1" in str(raised.value.hint)


def test_another_accounts_function_is_had_as_its_policy_says(context: RequestContext) -> None:
    call("CreateFunction", creation(), context)
    other = replace(context, scope=Scope("210987654321", "us-east-1"))

    with pytest.raises(AccessDenied):
        call("GetFunction", {"FunctionName": f"{ARN}f"}, other)
    allowed = {"StatementId": "s", "Action": "lambda:GetFunction", "Principal": "210987654321"}
    call("AddPermission", {"FunctionName": "f"} | allowed, context)

    assert call("GetFunction", {"FunctionName": f"{ARN}f"}, other)["Configuration"]["FunctionName"] == "f"


def test_code_may_be_bytes_a_file_or_a_folder(context: RequestContext, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(SOURCE)
    (tmp_path / "code.zip").write_bytes(zipped({"app.py": SOURCE}))

    made = [
        call("CreateFunction", creation(FunctionName=f"f{number}", Code={"ZipFile": code}), context)
        for number, code in enumerate((zipped({"app.py": SOURCE}), tmp_path / "code.zip", tmp_path / "code"))
    ]

    assert made[0]["CodeSha256"] == made[1]["CodeSha256"] != made[2]["CodeSha256"]
    for one in made:
        assert (context.store.artifacts.tree(one["CodeSha256"]) / "app.py").read_text() == SOURCE


def test_an_operation_that_nobody_serves_is_refused() -> None:
    with pytest.raises(NotBuiltYet, match="GetSomethingNew"):
        handler_of("GetSomethingNew")


def test_an_operation_is_found_whatever_was_imported_before() -> None:
    script = "from lambda_emu.api.operations import handler_of; print(handler_of('GetAlias').function.__module__)"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert found.strip() == "lambda_emu.api.operations.aliases"


def test_a_server_that_starts_has_imported_only_what_invocations_need() -> None:
    script = (
        "import sys, lambda_emu.server; print(*(name for name in sys.modules if name.startswith('lambda_emu.api.')))"
    )

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert {name.rpartition(".")[2] for name in loaded} & FAMILIES == {"invocations", "outcomes"}


def test_the_part_of_a_rule_that_we_leave_out_is_still_there_to_be_left_out() -> None:
    assert "_compile_builder" in vars(Rule)
