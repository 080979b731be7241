"""Which modules a Python function gets: AWS's bootstrap, line by line.

docs/contract/runtime.md#environment-variables.
"""

from __future__ import annotations

import pytest
from lam import Lam, zipped
from own import EITHER_ENGINE

HELLO = "def handler(event, context):\n    return 'hello'\n"
STANDARD = (
    "logging/__init__.py", "json.py", "types.py", "token.py", "enum.py", "re.py", "decimal.py",
    "simplejson/__init__.py",
    "awslambdaric/__init__.py", "awslambdaric/bootstrap.py", "site.py", "os.py", "http.py", "urllib.py", "datetime.py",
    "collections/__init__.py", "importlib.py", "traceback.py", "runtime_client.py", "bootstrap.py",
)  # fmt: skip


@pytest.mark.parametrize("name", STANDARD)
@EITHER_ENGINE
def test_code_may_call_its_modules_as_the_standard_library_does(lam: Lam, name: str) -> None:
    lam.create("f", {"app.py": HELLO, name: "raise SystemExit('this must not be imported')\n"})

    answer = lam.invoke("f")

    assert (answer.error, answer.payload) == (None, "hello")


def test_what_the_client_did_not_need_is_taken_from_the_code(lam: Lam) -> None:
    lam.create("f", {"app.py": "import wave\n" + HELLO.replace("'hello'", "wave.mine"), "wave.py": "mine = 'ours'"})

    assert lam.invoke("f").payload == "ours"


@pytest.mark.parametrize("name", ["time", "sys", "gc"])
def test_a_built_in_module_cannot_be_the_handlers(lam: Lam, name: str) -> None:
    lam.create("f", {f"{name}.py": HELLO}, Handler=f"{name}.handler")

    assert lam.invoke("f").payload == {
        "errorType": "Runtime.BuiltInModuleConflict",
        "errorMessage": f"Cannot use built-in module {name} as a handler module",
        "requestId": "",
        "stackTrace": [],
    }


def test_a_handler_module_that_the_client_has_imported_is_the_clients(lam: Lam) -> None:
    lam.create("f", {"json.py": HELLO}, Handler="json.handler")

    assert lam.invoke("f").payload["errorMessage"] == "Handler 'handler' missing on module 'json'"


def test_pth_files_of_code_and_layers_are_read(lam: Lam) -> None:
    layer = lam.client.publish_layer_version(
        LayerName="pth",
        Content={
            "ZipFile": zipped(
                {
                    "python/more.pth": "packed\n",
                    "python/packed/layered.py": "",
                    "python/lib/python3.11/site-packages/sited.pth": "import sys; sys.from_pth = True\n",
                }
            )
        },
    )
    code = {
        "app.py": "import sys, vendored, layered\ndef handler(event, context):\n    return sys.from_pth\n",
        "own.pth": "vendor\n",
        "vendor/vendored.py": "",
    }

    lam.create("f", code, Layers=[layer["LayerVersionArn"]])

    assert lam.invoke("f").payload is True


def test_with_a_pythonpath_of_ones_own_layers_are_not_searched(lam: Lam) -> None:
    layer = lam.client.publish_layer_version(
        LayerName="own", Content={"ZipFile": zipped({"python/layered.py": "", "mine/other.py": ""})}
    )
    code = """
    import importlib.util, os
    def handler(event, context):
        found = [importlib.util.find_spec(name) is not None for name in ("layered", "boto3")]
        return [os.environ["PYTHONPATH"], *found]
    """.replace("\n    ", "\n")

    lam.create(
        "f",
        code,
        Layers=[layer["LayerVersionArn"]],
        Environment={"Variables": {"PYTHONPATH": "/opt/mine:/var/runtime"}},
    )

    assert lam.invoke("f").payload == ["/opt/mine:/var/runtime", False, True]
