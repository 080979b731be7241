"""What a function finds around itself: files, user, privileges, variables.

docs/contract/runtime.md#environment-variables, #sandbox.
"""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError
from inside import probe
from lam import Lam
from own import EITHER_ENGINE

from lambda_emu.model.credentials import account_of
from lambda_emu.pool.endpoints import PREFIXED

WRITE = """
    import errno
    result = {}
    for path in ("/file", "/var/task/file", "/var/task/app.py", "/opt/file", "/var/runtime/file", "/usr/x"):
        try:
            open(path, "w").close()
            result[path] = "written"
        except OSError as error:
            result[path] = errno.errorcode[error.errno]
"""

VARIABLES = {
    "_HANDLER": "app.handler",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
    "AWS_LAMBDA_FUNCTION_NAME": "probe",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "TZ": ":UTC",
    "LANG": "en_US.UTF-8",
    "PWD": "/var/task",
    "SHLVL": "0",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "PYTHONPATH": "/var/runtime",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
    "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
    "_AWS_XRAY_DAEMON_PORT": "2000",
}
"""All that a Python function sees (

docs/contract/runtime.md#environment-variables), but for what differs from one environment or event to another.
"""
VARYING = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "_X_AMZN_TRACE_ID",
    "AWS_ENDPOINT_URL",  # ours: the way to all services from inside
)
CREDENTIALS = f"import os; result = [os.environ[name] for name in {VARYING[:3]}]"


def test_only_tmp_can_be_written(lam: Lam) -> None:
    inside = probe(lam)

    refused = inside.run(WRITE)

    if lam.emulator.engine.abilities.isolates_files:
        assert set(refused.values()) == {"EROFS"}
    assert inside.run("open('/tmp/file', 'w').write('x'); result = open('/tmp/file').read()") == "x"


def test_the_user_is_lambdas_and_can_become_nobody_else(lam: Lam) -> None:
    inside = probe(lam)

    found = inside.run("""
        import os
        status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
        result = {name: status[name].split() for name in ("Uid", "Gid", "CapEff", "CapPrm", "CapAmb", "NoNewPrivs")}
        try:
            os.setuid(0)
            result["root"] = True
        except OSError:
            result["root"] = False
    """)

    if lam.emulator.engine.abilities.isolates_files:
        assert found["Uid"] == ["993"] * 4
        assert found["Gid"] == ["990"] * 4
        assert found["CapEff"] == found["CapPrm"] == found["CapAmb"] == ["0" * 16]
        assert found["NoNewPrivs"] == ["1"]
        assert not found["root"]


def test_shared_memory_is_absent_as_on_lambda(lam: Lam) -> None:
    found = probe(lam).run("import os; result = os.path.exists('/dev/shm')")

    assert found is False or not lam.emulator.engine.abilities.isolates_files


def test_a_function_starts_in_its_code(lam: Lam) -> None:
    found = probe(lam).run("import os; result = [os.getcwd(), os.listdir('.')]")

    if lam.emulator.engine.abilities.isolates_files:
        assert found[0] == "/var/task"
    assert found[1] == ["app.py"]


def test_the_variables_are_lambdas_own(lam: Lam) -> None:
    given = {"GREETING": "Grüße = 1\n2", "EMPTY": ""}
    inside = probe(lam, MemorySize=192, Environment={"Variables": given})

    answer = inside.invoke("import os; result = dict(os.environ)")

    found = answer.payload
    varying = {name: found.pop(name) for name in VARYING}
    named = [found.pop(name, None) for name in PREFIXED]  # ours too, where the engine gives names
    if lam.emulator.engine.abilities.isolates_files:
        assert named == [f"http://aws.lambda-emu.internal:{varying['AWS_ENDPOINT_URL'].rpartition(':')[2]}"] * 2
    if lam.emulator.engine.abilities.name != "docker":
        found.pop("LC_CTYPE", None)  # by the interpreter of a machine that has no en_US.UTF-8
    assert found == given | VARIABLES | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "192"}
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", varying["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0.*", varying["_X_AMZN_TRACE_ID"])
    assert re.fullmatch(r"http://127\.\d+\.\d+\.\d+:\d+", varying["AWS_ENDPOINT_URL"])
    assert all(varying.values())


@pytest.mark.parametrize(
    "name",
    ["LANG", "TZ", "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS"],
)
@EITHER_ENGINE
def test_variables_that_are_not_reserved_are_the_functions(lam: Lam, name: str) -> None:
    own = {"PATH": "/own:/usr/bin:/bin", "PYTHONPATH": "/own:/var/runtime"}.get(name, "own")
    inside = probe(lam, Environment={"Variables": {name: own}})

    assert inside.run(f"import os; result = os.environ[{name!r}]") == own


@pytest.mark.parametrize(
    "name", ["AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"]
)
@EITHER_ENGINE
def test_reserved_variables_are_refused(lam: Lam, name: str) -> None:
    with pytest.raises(ClientError, match=f"reserved keys .*: {name}"):
        probe(lam, Environment={"Variables": {name: "own"}})


def test_each_environment_has_credentials_of_its_own_and_keeps_them_through_a_crash(lam: Lam) -> None:
    inside = probe(lam)
    first = inside.run(CREDENTIALS)

    assert inside.invoke("import os; os._exit(1)").error == "Unhandled"
    after_crash = inside.run(CREDENTIALS)
    lam.update("probe", Description="another environment")
    other = inside.run(CREDENTIALS)

    assert after_crash == first
    assert not set(first) & set(other)
    assert account_of(first[0]) == account_of(other[0]) == "000000000000"


def test_no_variable_tells_of_the_emulator(lam: Lam) -> None:
    """Init's address and secret are not the function's business."""
    found = probe(lam).run("import os; result = sorted(name for name in os.environ if 'EMU' in name.upper())")

    assert found == []
