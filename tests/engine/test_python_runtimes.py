"""Python as Lambda runs it: its library, compiled modules, certificates, and what each image is made of.

docs/contract/runtime.md. `make test` runs one Python, `make test-runtimes` all others.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lam import Lam
from languages import runtimes
from languages.language import HANDLERS
from packages import kept, made, part_of, run

from lambda_emu.recipes import Tree, Wheels
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.building.part_plan import PartPlan

FACTS = {"facts.py": (HANDLERS / "facts.py").read_text()}
NOT_LAMBDAS = {"idlelib", "msilib", "msvcrt", "nt", "tkinter", "turtle", "turtledemo", "winreg", "winsound"}
"""Modules of other systems, and those that need Tk, which AWS's image has not either."""
PACKAGED_APART = {"dbm.gnu": (9, 99), "dbm.ndbm": (9, 99), "distutils.util": (9, 11), "lib2to3.main": (9, 12)}
PACKAGED_APART |= {"compression.zstd": (14, 99)}
"""Modules that are easily forgotten, since their packages are there without them; and which versions have them."""
COMPILED = {"curses": "_curses", "lzma": "_lzma", "readline": "readline", "sqlite3": "_sqlite3"}
"""Modules that are compiled only where what they are linked with is found."""
NEWER_THAN_3_9 = {"tomllib"}
LAST_WITH_SETUPTOOLS = 11
MUST_TRUST = 100
"""How many authorities the bundle has at least."""


class Python:
    """Functions of one runtime, from the same module."""

    def __init__(self, lam: Lam, runtime: Runtime) -> None:
        self.lam = lam
        self.runtime = runtime
        self.minor = int(runtime.identifier.rpartition(".")[2])

    def create(self, files: Mapping[str, str | bytes] = FACTS, **config: Any) -> str:
        name = f"{self.runtime.identifier.replace('.', '-')}-{len(self.lam._names)}"
        settings: dict[str, Any] = {"Runtime": self.runtime.identifier, "Handler": "facts.handler", "MemorySize": 512}
        return self.lam.create(name, files, **settings | config)

    def see(self, what: str, name: str, **event: Any) -> Any:
        answer = self.lam.invoke(name, {"see": what, **event})
        assert answer.error is None, answer
        return answer.payload

    @property
    def wheels(self) -> Wheels:
        """AWS's client and SDK, as the recipe has them."""
        return part_of(self.runtime.identifier, "/var/runtime", Wheels)


@pytest.fixture(scope="module", params=runtimes("python"))
def python(request: pytest.FixtureRequest, on_docker: Lam) -> Iterator[Python]:
    runtime = catalogue().get(request.param)
    assert runtime is not None
    yield Python(on_docker, runtime)
    on_docker.close()


def test_each_version_is_its_own_with_the_client_and_the_sdk_of_its_recipe(python: Python) -> None:
    found = python.see("versions", python.create())

    versions = dict(one.split("==") for one in python.wheels.pip)
    assert found["python"] == [3, python.minor]
    assert found["boto3"] == versions["boto3"]
    assert found["client"] == [f"awslambdaric-{versions['awslambdaric']}.dist-info"]
    assert re.fullmatch(rf"/var/runtime/runtime_client\.cpython-3{python.minor}-\S+\.so", found["compiled"])
    assert found["region"] == "us-east-1"


def test_modules_are_searched_where_lambda_does(python: Python) -> None:
    """docs/contract/runtime.md#environment-variables."""
    of = f"python3.{python.minor}"
    library = f"/var/lang/lib/{of}"

    path = python.see("versions", python.create())["path"]

    assert list(dict.fromkeys(path)) == [
        *("/var/task", f"/opt/python/lib/{of}/site-packages", "/opt/python", f"{library}/site-packages"),
        *("/var/runtime", f"/var/lang/lib/python3{python.minor}.zip", library, f"{library}/lib-dynload"),
    ]


def test_of_the_standard_library_nothing_is_lacking_but_what_the_catalogue_says(python: Python) -> None:
    also = [name for name, (first, last) in PACKAGED_APART.items() if first <= python.minor <= last]
    if python.minor == 9:  # which cannot tell; what it has and newer ones have not is no matter
        also += sys.stdlib_module_names - NEWER_THAN_3_9

    lacking = python.see("lacking", python.create(), also=also)

    public = {name for name in lacking if not name.startswith("_")}
    assert tuple(sorted(public - NOT_LAMBDAS)) == python.runtime.lacks["x86_64"], lacking


def test_a_function_that_needs_what_is_lacking_is_told_that_aws_has_it(python: Python) -> None:
    if "sqlite3" not in python.runtime.lacks["x86_64"]:
        name = python.create({"facts.py": "import sqlite3\ndef handler(event, context): return sqlite3.sqlite_version"})
        assert python.lam.invoke(name).error is None
        return

    answer = python.lam.invoke(python.create({"facts.py": "import sqlite3"}))

    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert "'_sqlite3' in this community build of CPython, though AWS's has it" in answer.payload["errorMessage"]


def test_who_creates_a_function_is_warned_of_a_community_build(
    python: Python, caplog: pytest.LogCaptureFixture
) -> None:
    name = python.create()

    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    label = python.runtime.label
    expected = f"{name}: its functions run on a {label}, without {', '.join(python.runtime.lacks['x86_64'])}; "
    assert [text for text in warnings if text.startswith(f"{name}:")] == (
        [] if label is None else [f"{expected}for AWS's image: docker pull {python.runtime.aws_image}"]
    )


@pytest.mark.runtimes
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
@pytest.mark.parametrize("identifier", ["python3.10", "python3.12"])
def test_a_community_build_has_for_each_architecture_what_the_catalogue_says(
    identifier: str, architecture: str
) -> None:
    """For this machine cannot run what is another's."""
    runtime = catalogue().get(identifier)
    assert runtime is not None

    build = made(PartPlan(part_of(identifier, "/tmp/python", Tree, architecture), architecture))

    compiled = {path.name.partition(".")[0] for path in build.glob(f"lib/{identifier}/lib-dynload/*.so")}
    lacking = [public for public, name in COMPILED.items() if name not in compiled]
    assert lacking == [name for name in runtime.lacks[architecture] if name in COMPILED]
    assert (build / "bin" / identifier).read_bytes().startswith(b"\x7fELF")
    assert len(list(build.glob(f"lib{identifier}.so.*"))) == len(list(build.glob("libffi.so.[0-9]"))) == 1


def test_compiled_modules_of_wheels_run_from_the_code_and_from_a_layer(
    python: Python, request: pytest.FixtureRequest
) -> None:
    core, numpy = (wheels(request.config, name, python.minor) for name in ("pydantic-core", "numpy"))
    below = f"python/lib/python3.{python.minor}/site-packages"
    layer = packed({f"{below}/{name}": content for name, content in numpy.items() if "/tests/" not in name})
    version = python.lam.client.publish_layer_version(LayerName="compiled", Content={"ZipFile": layer})

    found = python.see("compiled", python.create({**FACTS, **core}, Layers=[version["LayerVersionArn"]]))

    assert (found["sum"], found["decoded"]) == (75, {"a": 1})
    assert found["numpy"] == f"/opt/{below}/numpy/__init__.py"
    assert found["pydantic_core"].startswith(f"/var/task/pydantic_core/_pydantic_core.cpython-3{python.minor}-")


def test_pip_is_there_and_setuptools_up_to_3_11_as_in_awss_image(python: Python) -> None:
    info = "demo-1.0.dist-info"
    wheel = {
        "demo.py": b"word = 'installed'",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }

    name = python.create({**FACTS, "demo-1.0-py3-none-any.whl": packed(wheel)}, MemorySize=1769, Timeout=30)

    old = python.minor <= LAST_WITH_SETUPTOOLS
    assert python.see("installed", name) == {
        "word": "installed",
        "tools": ["pip", "setuptools", "pkg_resources"] if old else ["pip"],
    }


@pytest.mark.parametrize("trusted", [False, True])
def test_tls_trusts_the_usual_authorities_or_those_that_the_function_names(python: Python, trusted: bool) -> None:
    variables = {"SSL_CERT_FILE": "/var/task/server.pem"} if trusted else {}
    name = python.create({**FACTS, "server.pem": certificate()}, Environment={"Variables": variables})

    found = python.see("trust", name)

    if trusted:
        assert found == {"authorities": 1, "server": "trusted"}
    else:
        assert found["authorities"] > MUST_TRUST
        assert found["server"] == "self-signed certificate".replace("-", found["server"][4])


def test_a_librarys_path_of_the_functions_own_does_not_hide_the_interpreters(python: Python) -> None:
    name = python.create(Environment={"Variables": {"LD_LIBRARY_PATH": "/opt/lib", "LD_BIND_NOW": "1"}})

    assert python.see("surroundings", name)["length"] == 4


def test_time_zones_text_processes_and_archives_work(python: Python) -> None:
    found = python.see("surroundings", python.create())

    assert found == {
        "length": 4,
        "offset": 7200.0,
        "zone": "UTC",
        "encoding": ["utf-8", "utf-8", "utf-8"],
        "processes": ["answer"] * 3,
        "packed": [True, True, True],
    }


def wheels(config: pytest.Config, name: str, minor: int) -> Mapping[str, bytes]:
    """The files of the newest that this Python runs, and of what it needs."""
    folder = kept(config, f"wheels-{name}-{minor}")
    if not (folder / "whole").exists():
        platforms = [f"--platform={one}_x86_64" for one in ("manylinux2014", "manylinux_2_28")]
        only = ["--only-binary=:all:", "--implementation=cp", f"--python-version=3.{minor}", *platforms]
        run([sys.executable, "-m", "pip", "download", "--quiet", f"--dest={folder}", *only, name], folder)
        (folder / "whole").touch()
    return {member: content for archive in folder.glob("*.whl") for member, content in unpacked(archive)}


def unpacked(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            yield name, members.read(name)


def packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def certificate() -> bytes:
    """A server's for `localhost`, that it made itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + made.public_bytes(serialization.Encoding.PEM)
