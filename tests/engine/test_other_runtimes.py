"""A runtime that the machine has not: another version runs in its place, or each invocation is told why it cannot."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lam import Lam, zipped
from own import own_emulator

from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

VERSION = "import os, sys\ndef handler(event, context): return [sys.version_info[:2], os.environ['AWS_EXECUTION_ENV']]"
OTHER = "python3.14" if OWN_PYTHON != "python3.14" else "python3.13"


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


def test_a_layer_for_the_python_that_was_asked_for_is_found_by_another(tmp_path: Path) -> None:
    code = "import layered\ndef handler(event, context): return layered.x"

    with own_emulator(tmp_path, "process") as lam:
        layer = lam.client.publish_layer_version(
            LayerName="l", Content={"ZipFile": zipped({f"python/lib/{OTHER}/site-packages/layered.py": "x = 1"})}
        )
        lam.create("other", code, Runtime=OTHER, Layers=[layer["LayerVersionArn"]])

        assert lam.invoke("other").payload == 1


def test_with_strict_runtimes_a_function_of_another_version_is_failed(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", strict_runtimes=True) as lam:
        lam.create("other", VERSION, Runtime=OTHER)
        lam.create("same", VERSION, Runtime=OWN_PYTHON)
        found = lam.client.get_function_configuration(FunctionName="other")

        assert lam.invoke("same").error is None

    assert found["State"] == "Failed"
    assert OTHER in found["StateReason"]
    assert OWN_PYTHON in found["StateReason"]


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
    lam.create("ruby", {"app.rb": ""}, Runtime="ruby4.0", Handler="app.handler")

    found = lam.client.get_function_configuration(FunctionName="ruby")
    with pytest.raises(ClientError) as refused:
        lam.invoke("ruby")

    needs = "needs Docker" if lam.emulator.engine.abilities.name == "process" else "docker pull"
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert refused.value.response["Error"]["Code"] == "ServiceException"
    assert "ruby4.0" in refused.value.response["Error"]["Message"]
    assert needs in refused.value.response["Error"]["Message"]
