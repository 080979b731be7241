"""Projects of SAM whose code is not whole, and packages for them that need no registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from own import Served, serve, served

TEMPLATE = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
ROLE = "arn:aws:iam::000000000000:role/lambda"


def write_wheel(folder: Path, name: str, code: str, tag: str = "py3-none-any") -> None:
    """Version 1.0 of a package of one module, as pip takes it."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


BACKEND = """
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, info = "{wheel}", "{name}-1.0.dist-info"
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as wheel:
        wheel.writestr("{name}.py", open("{name}.py").read())
        wheel.writestr(f"{{info}}/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        wheel.writestr(f"{{info}}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {tag}\\n")
        wheel.writestr(f"{{info}}/RECORD", "")
    return name
def build_sdist(folder, config_settings=None):
    raise NotImplementedError
"""


def write_folder(folder: Path, name: str, code: str, tag: str = "py3-none-any") -> None:
    """Version 1.0 of a package as somebody works on it. tag: of the wheel that its own build makes, without others."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "backend.py": BACKEND.format(name=name, tag=tag, wheel=f"{name}-1.0-{tag}.whl"),
        f"{name}.py": code,
    }
    for path, text in files.items():
        (folder / path).write_text(text)


def write_source(folder: Path, name: str, code: str, tag: str = "py3-none-any") -> None:
    """The same, published as it is."""
    with TemporaryDirectory() as scratch:
        write_folder(Path(scratch), name, code, tag)
        folder.mkdir(exist_ok=True)
        with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as packed:
            packed.add(scratch, f"{name}-1.0")


def offline(packages: Path, *names: str) -> str:
    """A requirements.txt that is had without a network."""
    return "\n".join(["--no-index", f"--find-links {packages}", *names, ""])


class Builds:
    """A project's folder. cache: with nothing that was built, and what runtimes are made of, which is long fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder.parent / "packages"
        self.cache = folder.parents[1] / "cache"
        shutil.rmtree(self.cache / "code", ignore_errors=True)
        folder.mkdir()

    def declare(self, **resources: str) -> None:
        """Each as YAML of a resource; of functions with their role."""
        lines = [f"  {name}:\n{textwrap.indent(said.strip(), '    ')}\n" for name, said in resources.items()]
        (self.folder / "template.yaml").write_text(TEMPLATE + "".join(lines))

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    @contextmanager
    def served(self, *options: str, engine: str = "process") -> Iterator[Served]:
        line = ("--ephemeral", "--cache-dir", str(self.cache), *options)
        with served(self.folder, engine, *line) as lam:
            yield lam

    def refused(self, *options: str, path: str | None = None, engine: str = "process") -> str:
        """What `lambda-emu serve` says of a project that it does not serve. path: where tools are looked for."""
        line = ("--ephemeral", "--cache-dir", str(self.cache), *options)
        process = serve(self.folder, engine, *line, PATH=path or os.environ["PATH"])
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 2, said
        return said

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        said = [sys.executable, "-m", "lambda_emu", "build", "--cache-dir", str(self.cache), *options]
        return subprocess.run(said, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False)

    def kept(self) -> list[Path]:
        """What is in the cache of what was built."""
        return sorted((self.cache / "code").iterdir())


def function(runtime: str, code: str, handler: str = "app.handler", more: str = "") -> str:
    """What a template says of one. more: other members of the resource."""
    properties = f"{{Runtime: {runtime}, Handler: {handler}, CodeUri: {code}, Role: '{ROLE}', Timeout: 30}}"
    return f"Type: AWS::Serverless::Function\nProperties: {properties}\n{textwrap.dedent(more)}"


def answer(lam: Served, name: str, event: Any = None) -> Any:
    """What a function answers, by which it must not fail."""
    invoked = lam.client.invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.loads(invoked["Payload"].read())
    assert "FunctionError" not in invoked, payload
    return payload
