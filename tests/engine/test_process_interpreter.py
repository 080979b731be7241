"""What the process sandbox shows of this machine's interpreters: themselves, wherever they lie, and nothing beside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packages import other_pythons, runtime_of_machine
from process_rig import ISOLATIONS, Bench

LIBRARY = Path(os.__file__).parent
REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 120

PROBE = """
import sys

def handler(event, context):
    return {"prefix": sys.prefix, "path": sys.path, "found": [name for name in event if finds(name)]}

def finds(name):
    try:
        if name.startswith("/"):
            open(name)
        else:
            __import__(name)
        return True
    except (OSError, ImportError):
        return False
"""
INVOKE = """
import json, sys
from pathlib import Path
from process_rig import Bench

isolation, folder, code, event = sys.argv[1:]
bench = Bench(isolation, Path(folder))
sandbox = bench.sandbox({"app.py": code})
print(json.dumps(bench.invoke(sandbox, "app.handler", json.loads(event))))
bench.close()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's home, with a secret, and in its `bin` and `lib` a Python with a package."""
    home = tmp_path_factory.mktemp("home")
    (home / "bin").mkdir()
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    shutil.copy2(python, home / "bin" / python.name)
    library = home / "lib" / LIBRARY.name
    shutil.copytree(LIBRARY, library, ignore=shutil.ignore_patterns("site-packages", "test", "idlelib"))
    (library / "site-packages").mkdir()
    (library / "site-packages/hosts_own.py").write_text("")
    for shared in (python.parent.parent / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, home / "lib")
    (home / ".ssh").mkdir()
    (home / ".ssh/id_ed25519").write_text("secret")
    return home


def invoke_with(home: Path, isolation: str, folder: Path, event: list[str]) -> dict[str, Any]:
    """What PROBE returns where lambda-emu itself runs on the Python of this home."""
    places = [*home.glob("bin/python3*"), REPOSITORY, Path(__file__).parent, *map(Path, sys.path)]
    python, *path = map(str, places)
    done = subprocess.run(
        [python, "-c", INVOKE, isolation, str(folder), PROBE, json.dumps(event)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("isolation", [isolation for isolation in ISOLATIONS if isolation != "none"])
def test_with_a_python_in_somebodys_home_the_home_is_not_seen(home: Path, isolation: str, tmp_path: Path) -> None:
    secret, package = home / ".ssh/id_ed25519", home / "lib" / LIBRARY.name / "site-packages/hosts_own.py"
    beside = Path(pytest.__file__)

    seen = invoke_with(home, isolation, tmp_path, [*map(str, (secret, package, beside)), "ssl", "sqlite3", "ctypes"])

    assert seen["prefix"] == "/var/lang"
    assert not [path for path in seen["path"] if path.startswith(str(home))]
    assert seen["found"] == ["ssl", "sqlite3", "ctypes"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_packages_of_the_hosts_python_are_not_importable(home: Path, isolation: str, tmp_path: Path) -> None:
    packages = ["hosts_own", "pytest", "flask", "click", "uvloop", "lambda_emu", "boto3", "urllib3"]

    assert invoke_with(home, isolation, tmp_path, packages)["found"] == ["boto3", "urllib3"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_another_python_runs_with_its_own_library_and_a_client_of_its_version(
    isolation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, python = next(other_pythons())
    monkeypatch.setenv("PATH", str(python.parent))
    bench = Bench(isolation, tmp_path)
    code = "import boto3, ssl, sys\ndef handler(event, context): return [list(sys.version_info[:2]), ssl.__file__]"

    try:
        version, module = bench.invoke(bench.sandbox({"app.py": code}, runtime=runtime), "app.handler", {})
    finally:
        bench.close()

    assert version == [int(part) for part in runtime.removeprefix("python").split(".")]
    assert f"/lib/{runtime}/" in module


USES_SDK = {
    "required.js": "const { S3Client } = require('@aws-sdk/client-s3');\n"
    "exports.handler = async () => new S3Client({ region: 'eu-west-1' }).config.serviceId;",
    "imported.mjs": "import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';\n"
    "export const handler = async () => typeof DynamoDBDocument.from;",
    "callback.js": "exports.handler = (event, context, done) => done(null, event);",
}
NEWEST_WITH_CALLBACKS = 22


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_node_has_the_sdk_and_the_client_of_our_image_of_its_version(isolation: str, tmp_path: Path) -> None:
    runtime = runtime_of_machine("nodejs")
    bench = Bench(isolation, tmp_path)

    def invoke(handler: str) -> object:
        return bench.invoke(bench.sandbox(USES_SDK, runtime=runtime), handler, {"a": 1})

    try:
        found = [invoke("required.handler"), invoke("imported.handler")]
        if int(re.sub(r"\D", "", runtime)) <= NEWEST_WITH_CALLBACKS:
            found.append(invoke("callback.handler"))
    finally:
        bench.close()

    assert found == ["S3", "function", {"a": 1}][: len(found)]


ON = "--y --experimental-require-module --z"
SHOW_START = "AWS_LAMBDA_EXEC_WRAPPER=/bin/echo AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 /var/runtime/bootstrap"


@pytest.mark.parametrize("by_script", [False, True], ids=["itself", "a version manager's script"])
def test_of_a_node_in_somebodys_home_only_the_program_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_script: bool
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js on the PATH")
    home = tmp_path / "home"
    client = home / "lib/node_modules/aws-lambda-ric"
    client.mkdir(parents=True)
    (home / "bin").mkdir()
    shutil.copy2(Path(node).resolve(), home / "bin/node")
    for name in ("index.mjs", "package.json", "rapid-client.node"):
        (client / name).write_text(name)
    (home / "secret").write_text("for nobody else")
    if by_script:
        (home / "shims").mkdir()
        (home / "shims/node").write_text(f'#!/bin/sh\nexec {home}/bin/node "$@"\n')
        (home / "shims/node").chmod(0o755)
    monkeypatch.setenv("PATH", f"{home / ('shims' if by_script else 'bin')}:{os.environ['PATH']}")
    (tmp_path / "data").mkdir()
    bench = Bench(ISOLATIONS[0], tmp_path / "data")

    try:
        sandbox = bench.sandbox({}, runtime="nodejs22.x")
        seen = bench.shell(sandbox, f"node -p 'process.execPath'; cat /var/runtime/rapid-client.node; echo; ls {home}")
        started = [bench.shell(sandbox, f"NODE_OPTIONS='{options}' {SHOW_START}") for options in ("", "--x", ON)]
    finally:
        bench.close()

    assert seen.splitlines()[:2] == ["/var/lang/bin/node", "rapid-client.node"]
    assert "No such file or directory" in seen.splitlines()[2]
    major = int(subprocess.check_output(["node", "-p", "process.versions.node"], text=True).split(".")[0])
    off = "--no-experimental-require-module" if major in (20, 22) else "no flag of the version's own"
    assert [off in words for words in started] == ([True, True, False] if major in (20, 22) else [False] * 3)


def test_on_amazon_linux_2_ruby_reads_utf_8_whatever_locales_the_machine_has(tmp_path: Path) -> None:
    runtime_of_machine("ruby")
    code = "def handler(event:, context:) = [Encoding.default_external, File.read('/proc/self/comm').encoding]"
    bench = Bench("none", tmp_path)

    try:
        found = bench.invoke(bench.sandbox({"app.rb": code}, runtime="ruby3.2"), "app.handler", {})
    finally:
        bench.close()

    assert found == ["UTF-8", "UTF-8"]
