"""Named events of functions, and files with other values for their variables: by the commands, as users type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from own import served

CODE = """
import os
def handler(event, context):
    return {"event": event, "stage": os.environ["STAGE"], "table": os.environ["TABLE"]}
"""
PROJECT = """
functions:
  orders:
    runtime: python3.11
    handler: app.handler
    code: src
    environment: {STAGE: prod, TABLE: orders}
"""
TEMPLATE = """
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: shop-orders
      Runtime: python3.11
      Handler: app.handler
      Role: arn:aws:iam::000000000000:role/r
      Code: src
      Environment: {Variables: {STAGE: prod, TABLE: !Ref AWS::StackName}}
"""
ENV_VARS = {"Parameters": {"STAGE": "dev", "OTHER": "x"}, "orders": {"TABLE": "local"}, "gone": {"A": "b"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    (tmp_path / "env.json").write_text(json.dumps(ENV_VARS))
    return tmp_path


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_a_sample_is_kept_and_invoked_with_by_its_name(folder: Path) -> None:
    kept = command(folder, "event", "sqs", "message", "--body", "one cake", "--save", "orders/cake")

    done = command(folder, "invoke", "orders", "-e", "cake", "--engine", "process")

    assert kept.stderr == f"Kept in {folder}/events/orders/cake.json\n"
    assert json.loads(done.stdout)["event"] == json.loads((folder / "events/orders/cake.json").read_text())
    again = command(folder, "event", "sqs", "message", "--save", "orders/cake")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert "one cake" in (folder / "events/orders/cake.json").read_text()


def test_a_file_with_other_values_is_taken_as_sam_takes_it(folder: Path) -> None:
    with served(folder, "process", "--env-vars", "env.json") as lam:
        answered = json.load(lam.client.invoke(FunctionName="orders", Payload=b"{}")["Payload"])
        said = lam.client.get_function_configuration(FunctionName="orders")["Environment"]

    assert (answered["stage"], answered["table"]) == ("dev", "local")
    assert said == {"Variables": {"STAGE": "dev", "TABLE": "local"}}


def test_functions_of_a_template_are_called_by_their_logical_ids(folder: Path) -> None:
    (folder / "lambda-emu.yaml").unlink()
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "env.json").write_text(json.dumps({"Parameters": {"STAGE": "dev"}, "Orders": {"TABLE": "local"}}))

    with served(folder, "process", "--env-vars", "env.json") as lam:
        answered = json.load(lam.client.invoke(FunctionName="shop-orders", Payload=b"{}")["Payload"])

    assert (answered["stage"], answered["table"]) == ("dev", "local")


def test_what_has_no_effect_of_such_a_file_is_told(folder: Path) -> None:
    done = command(folder, "invoke", "orders", "--engine", "process", "--env-vars", "env.json")

    assert json.loads(done.stdout)["stage"] == "dev"
    assert f"{folder}/env.json: Parameters.OTHER has no effect: no function declares it" in done.stderr
    assert f"{folder}/env.json: gone.A has no effect: there is no gone that declares it" in done.stderr


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{\n  oops", ":2: is not JSON: "),
        ("[]", ": must be an object: variables by functions"),
        ('{"orders": 1}', ": orders: must be an object of variables"),
        (None, " cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_none_keeps_the_server_from_starting(folder: Path, written: str | None, said: str) -> None:
    (folder / "env.json").unlink()
    if written is not None:
        (folder / "env.json").write_text(written)

    done = command(folder, "serve", "--port", "0", "--engine", "process", "--env-vars", "env.json")

    assert done.returncode == 2
    assert f"Error: {folder}/env.json{said}" in done.stderr
