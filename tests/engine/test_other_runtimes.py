"""A runtime that the machine has not: another version runs in its place, or each invocation is told why it cannot."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lam import Lam, zipped
from own import own_emulator
from packages import other_pythons, runtime_of_machine
from stack_rig import Stacks

from lambda_emu.architectures import ARCHITECTURES, HOST_ARCHITECTURE
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

VERSION = "import os, sys\ndef handler(event, context): return [sys.version_info[:2], os.environ['AWS_EXECUTION_ENV']]"
SDK_IS_THERE = """exports.handler = async () => {
    try { require.resolve('@aws-sdk/client-s3'); return true; } catch { return false; }
};"""
OTHER_MACHINE = next(name for name in ARCHITECTURES if name != HOST_ARCHITECTURE)
OTHER = "python3.14" if OWN_PYTHON != "python3.14" else "python3.13"


@pytest.fixture
def own_python_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The PATH has no program at all."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("own_python_alone")
def test_a_python_that_is_not_here_runs_on_the_one_that_is_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("other", VERSION, Runtime=OTHER)
        found = lam.client.get_function_configuration(FunctionName="other")
        answer = lam.invoke("other")

    assert (found["State"], found["Runtime"]) == ("Active", OTHER)
    assert answer.payload == [list(sys.version_info[:2]), f"AWS_Lambda_{OTHER}"]
    assert re.search(rf"other: {re.escape(OTHER)} .* run on {re.escape(OWN_PYTHON)} \(/", caplog.text)


def test_a_python_on_the_path_runs_the_functions_of_its_version_with_the_client_of_its_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime, python = next(other_pythons())
    monkeypatch.setenv("PATH", f"{tmp_path}:{python.parent}")  # what was asked of a path is not asked again
    sdk = "import sys, boto3\ndef handler(event, context): return [list(sys.version_info[:2]), boto3.__file__]"

    with own_emulator(tmp_path, "process", strict_runtimes=True) as lam:
        lam.create("exact", sdk, Runtime=runtime)
        answer = lam.invoke("exact")

    major, minor = runtime.removeprefix("python").split(".")
    assert answer.payload == [[int(major), int(minor)], "/var/runtime/boto3/__init__.py"]
    assert "not on this machine" not in caplog.text


def test_code_for_another_processor_that_is_not_compiled_runs_on_this_one_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is compiled cannot; a stack whose resource such a function makes is told at once, and waits for nobody."""
    with own_emulator(tmp_path, "process", stems=0) as lam:
        lam.create("pure", VERSION, Runtime=OWN_PYTHON, Architectures=[OTHER_MACHINE])
        found = lam.client.get_function_configuration(FunctionName="pure")
        assert (found["State"], found["Architectures"]) == ("Active", [OTHER_MACHINE])
        assert lam.invoke("pure").payload == [list(sys.version_info[:2]), f"AWS_Lambda_{OWN_PYTHON}"]
        assert f"pure: it is for {OTHER_MACHINE} and runs on {HOST_ARCHITECTURE}" in caplog.text

        lam.create("compiled", {"bootstrap": "x"}, Runtime="provided.al2023", Architectures=[OTHER_MACHINE])
        token = lam.client.get_function_configuration(FunctionName="compiled")["FunctionArn"]
        template = {"Resources": {"Thing": {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}}}}
        stacks = Stacks(lam)
        stacks.client.create_stack(StackName="other", TemplateBody=json.dumps(template), DisableRollback=True)
        stacks.becomes("other", "CREATE_FAILED")
        reason = stacks.resources("other")["Thing"]["ResourceStatusReason"]
        assert f"{token} cannot run: this machine is {HOST_ARCHITECTURE}; it cannot run {OTHER_MACHINE}" in reason


def leave_without_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """npm comes by pip too."""
    for name, value in {"INDEX_URL": "http://127.0.0.1:1/", "RETRIES": "0", "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)


def test_where_the_sdk_cannot_be_fetched_node_runs_with_the_client_that_is_installed_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = runtime_of_machine("nodejs")
    leave_without_registry(monkeypatch)

    with own_emulator(tmp_path, "process", cache_dir=tmp_path / "cache") as lam:
        lam.create("alone", {"app.js": SDK_IS_THERE}, Runtime=runtime)
        answer = lam.invoke("alone")

    assert (answer.error, answer.payload) == (None, False)
    assert "runs without the AWS SDK, which cannot be fetched" in caplog.text


def test_where_no_client_can_be_had_for_it_ours_is_taken_and_the_log_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime, python = next(other_pythons())
    monkeypatch.setenv("PATH", f"{tmp_path}:{python.parent}")
    leave_without_registry(monkeypatch)

    with own_emulator(tmp_path, "process", cache_dir=tmp_path / "cache") as lam:
        lam.create("nearest", VERSION, Runtime=runtime)
        answer = lam.invoke("nearest")

    assert answer.payload == [list(sys.version_info[:2]), f"AWS_Lambda_{runtime}"]
    assert "needed without Docker, once: fetching awslambdaric" in caplog.text
    assert f"AWS's client for {runtime} ({python}) cannot be had" in caplog.text
    assert re.search(rf"{re.escape(runtime)} is not .* run on {re.escape(OWN_PYTHON)} \(/", caplog.text)


@pytest.mark.usefixtures("own_python_alone")
def test_a_layer_for_the_python_that_was_asked_for_is_found_by_another(tmp_path: Path) -> None:
    code = "import layered\ndef handler(event, context): return layered.x"

    with own_emulator(tmp_path, "process") as lam:
        layer = lam.client.publish_layer_version(
            LayerName="l", Content={"ZipFile": zipped({f"python/lib/{OTHER}/site-packages/layered.py": "x = 1"})}
        )
        lam.create("other", code, Runtime=OTHER, Layers=[layer["LayerVersionArn"]])

        assert lam.invoke("other").payload == 1


@pytest.mark.usefixtures("own_python_alone")
def test_with_strict_runtimes_a_function_of_another_version_is_failed(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", strict_runtimes=True) as lam:
        lam.create("other", VERSION, Runtime=OTHER)
        lam.create("same", VERSION, Runtime=OWN_PYTHON)
        found = lam.client.get_function_configuration(FunctionName="other")

        assert lam.invoke("same").error is None

    assert found["State"] == "Failed"
    assert OTHER in found["StateReason"]
    assert OWN_PYTHON in found["StateReason"]


@pytest.mark.usefixtures("own_python_alone")
def test_a_function_that_failed_for_its_runtime_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", strict_runtimes=True) as lam:
        lam.create("other", VERSION, Runtime=OTHER)
        failed = lam.client.get_function_configuration(FunctionName="other")["State"]

    with own_emulator(tmp_path, "process") as lam:
        lam.wait_until_active("other")
        found = lam.client.get_function_configuration(FunctionName="other")

        assert lam.invoke("other").error is None

    assert failed == "Failed"
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in found


def test_a_runtime_that_cannot_run_is_active_and_its_invocations_say_what_it_takes(lam: Lam) -> None:
    lam.create("old", {"App.dll": ""}, Runtime="dotnet6", Handler="App::App.Function::Handle")

    found = lam.client.get_function_configuration(FunctionName="old")
    with pytest.raises(ClientError) as refused:
        lam.invoke("old")

    needs = "Docker" if lam.emulator.engine.abilities.name == "process" else "docker pull"
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert refused.value.response["Error"]["Code"] == "ServiceException"
    assert "dotnet6" in refused.value.response["Error"]["Message"]
    assert needs in refused.value.response["Error"]["Message"]
