"""What code finds in an image that we built: the same as in AWS's (docs/contract/runtime.md#sandbox, #images)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_rig import ImageRig

pytestmark = pytest.mark.docker

PYTHONS = ("python3.11", "python3.13")
RUNTIMES = (*PYTHONS, "nodejs24.x", "java21", "provided.al2023")
AUTHORITIES = (
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
)


@pytest.fixture(scope="module")
def rig() -> Iterator[ImageRig]:
    rig = ImageRig()
    yield rig
    rig.close()


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A folder that the image's user can read, as code is delivered."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_image_is_laid_out_as_aws_lays_it_out(rig: ImageRig, runtime: str) -> None:
    config = rig.client.images.get(rig.image(runtime)).attrs["Config"]
    environment = dict(line.split("=", 1) for line in config["Env"])

    assert (config["WorkingDir"], config["Entrypoint"], config["Cmd"]) == ("/var/task", ["/lambda-entrypoint.sh"], None)
    assert environment["LANG"] == "en_US.UTF-8"
    assert environment["LAMBDA_TASK_ROOT"] == "/var/task"
    assert environment["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_code_runs_as_lambdas_user_among_lambdas_folders(rig: ImageRig, runtime: str) -> None:
    script = "id -un; id -gn; pwd; for d in /var/task /var/runtime /var/lang /opt; do stat -c '%n %a %u' $d; done"

    ended = rig.execute(runtime, "/bin/sh", "-c", script)

    folders = [f"{name} 755 0" for name in ("/var/task", "/var/runtime", "/var/lang", "/opt")]
    assert ended.output.splitlines() == ["sbx_user1051", "sbx_user1051", "/var/task", *folders]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_entrypoint_wants_one_handler(rig: ImageRig, runtime: str) -> None:
    ended = rig.run(runtime)

    assert ended.code == 142
    assert ended.output == "entrypoint requires the handler name to be the first argument\n"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_comes_with_every_image_works(rig: ImageRig, runtime: str) -> None:
    script = """
    echo a:b | awk -F: '{print $2}'
    echo a b | sed 's/a/c/' | grep -o c
    TZ=Europe/Berlin date -d @0 +%H
    curl --version >/dev/null && bash -c 'echo ${0##*/}'
    """

    ended = rig.execute(runtime, "/bin/sh", "-c", script)

    assert ended.output.split() == ["b", "c", "01", "bash"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_usual_authorities_are_where_amazon_linux_has_them(rig: ImageRig, runtime: str) -> None:
    """Each file by itself: programs look at one or another."""
    script = 'for file in $FILES; do grep -c "BEGIN CERTIFICATE" "$file"; done'

    ended = rig.execute(runtime, "/bin/sh", "-c", script, FILES=" ".join(AUTHORITIES))

    counts = [int(count) for count in ended.output.split()]
    assert len(counts) == len(AUTHORITIES)
    assert len(set(counts)) == 1
    assert counts[0] > 100


def test_amazon_linux_2023_brings_no_find_and_2_does(rig: ImageRig) -> None:
    script = "for name in find xargs; do command -v $name >/dev/null && echo there || echo none; done"

    old, new = (rig.execute(runtime, "/bin/sh", "-c", script) for runtime in PYTHONS)

    assert old.output.split() == ["there", "there"]
    assert new.output.split() == ["none", "none"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_shell_is_bash_as_on_amazon_linux(rig: ImageRig, runtime: str) -> None:
    script = "set -o pipefail; source /dev/null; words=(a b); echo ${#words[@]}"

    assert rig.execute(runtime, "/bin/sh", "-c", script).output == "2\n"


def test_scripts_of_custom_runtimes_have_the_awk_of_amazon_linux(rig: ImageRig) -> None:
    script = 'awk \'BEGIN { print gensub(/l+/, "L", 1, "hello") }\''

    assert rig.execute("provided.al2023", "/bin/sh", "-c", script).output == "heLo\n"


@pytest.mark.parametrize("runtime", [*PYTHONS, "nodejs24.x", "java21"])
@pytest.mark.parametrize(
    ("wrapper", "code", "output"),
    [
        ("/var/task/missing", 127, "/var/task/missing: does not exist\n"),
        ("/var/task/plain", 126, "/var/task/plain: is not an executable\n"),
        ("/var/task/wrapper", 7, "/var/lang/bin/"),
    ],
)
def test_a_wrapper_gets_the_interpreters_command_line(
    rig: ImageRig, task: Path, runtime: str, wrapper: str, code: int, output: str
) -> None:
    (task / "plain").write_text("")
    (task / "wrapper").write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    (task / "wrapper").chmod(0o755)

    ended = rig.run(
        runtime,
        entrypoint="/var/runtime/bootstrap",
        environment={"AWS_LAMBDA_EXEC_WRAPPER": wrapper, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"},
        volumes={str(task): {"bind": "/var/task", "mode": "ro"}},
    )

    assert ended.code == code
    assert ended.output.startswith(output)


@pytest.mark.parametrize("runtime", PYTHONS)
def test_python_looks_for_modules_where_lambda_does(rig: ImageRig, task: Path, runtime: str) -> None:
    version = runtime.removeprefix("python")
    (task / "app.py").write_text("import json, sys\nprint(json.dumps([sys.path, sys.executable, sys.prefix]))\n")

    ended = rig.run(
        runtime,
        entrypoint="/var/runtime/bootstrap",
        environment={"_HANDLER": "app.none", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"},
        volumes={str(task): {"bind": "/var/task", "mode": "ro"}},
    )

    path, executable, prefix = json.loads(ended.output.splitlines()[0])
    assert (executable, prefix) == (f"/var/lang/bin/{runtime}", "/var/lang")
    assert path == [
        "/var/task",
        f"/opt/python/lib/{runtime}/site-packages",
        "/opt/python",
        f"/var/lang/lib/{runtime}/site-packages",
        "/var/runtime",
        f"/var/lang/lib/python{version.replace('.', '')}.zip",
        f"/var/lang/lib/{runtime}",
        f"/var/lang/lib/{runtime}/lib-dynload",
        f"/var/lang/lib/{runtime}/site-packages",
        f"/opt/python/lib/{runtime}/site-packages",  # once more: what is not there is not known as seen
        "/opt/python",
    ]


@pytest.mark.parametrize("runtime", PYTHONS)
def test_everything_python_brings_is_compiled(rig: ImageRig, runtime: str) -> None:
    """A file that is compiled at every cold start, because the image is read-only, costs milliseconds each."""
    script = """
import glob, importlib.util, os
files = [f for d in ("/var/runtime", "/var/lang/lib") for f in glob.glob(f"{d}/**/*.py", recursive=True)]
left = [f for f in files if not os.path.exists(importlib.util.cache_from_source(f))]
print(len(files) > 500, [f for f in left if "lib2to3/tests" not in f])
"""

    ended = rig.execute(runtime, "python3", "-c", script)

    assert ended.output == "True []\n"


@pytest.mark.parametrize("runtime", PYTHONS)
def test_python_has_its_modules_and_boto3(rig: ImageRig, runtime: str) -> None:
    script = """
import bz2, ctypes, lzma, readline, sqlite3, ssl, zoneinfo
import boto3, runtime_client
print(boto3.client("lambda", "eu-west-1").meta.endpoint_url, "é".encode())
print(zoneinfo.ZoneInfo("Europe/Berlin"), len(ssl.create_default_context().get_ca_certs()) > 100)
"""

    ended = rig.execute(runtime, "python3", "-c", script, PYTHONPATH="/var/runtime")

    assert ended.output.splitlines() == [
        r"https://lambda.eu-west-1.amazonaws.com b'\xc3\xa9'",
        "Europe/Berlin True",
    ]


def test_only_amazon_linux_2_knows_its_own_locale(rig: ImageRig) -> None:
    script = "import locale; print(locale.setlocale(locale.LC_ALL, ''))"

    old, new = (rig.execute(runtime, "python3", "-c", script) for runtime in PYTHONS)

    assert old.output == "en_US.UTF-8\n"
    assert "unsupported locale setting" in new.output


def test_node_keeps_its_heap_within_the_functions_memory(rig: ImageRig, task: Path) -> None:
    (task / "wrapper").write_text('#!/bin/sh\necho "$@"\n')
    (task / "wrapper").chmod(0o755)

    ended = rig.run(
        "nodejs24.x",
        entrypoint="/var/runtime/bootstrap",
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1000"},
        volumes={str(task): {"bind": "/var/task", "mode": "ro"}},
    )

    assert "--max-semi-space-size=50 --max-old-space-size=900 /var/runtime/index.mjs" in ended.output
