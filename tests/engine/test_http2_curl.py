"""curl, told to begin with HTTP/2: whatever the port serves comes by that too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from own import OwnLam, own_emulator
from packages import needs

SIZES = "def handler(event, context):\n    return len(str(event))\n"
S3 = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "any:any", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD")


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    needs("curl")
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        lam.create("sizes", SIZES)
        yield lam


def curl(folder: Path, *arguments: str) -> bytes:
    """The body of an answer; its status must be 200, and its version 2."""
    command = ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "60"]
    told = ["--write-out", "%{http_code} %{http_version}", "--output", "got", *arguments]
    done = subprocess.run([*command, *told], cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    assert (done.stdout, done.stderr) == ("200 2", "")
    return (folder / "got").read_bytes()


def test_functions_run_with_small_and_large_events(lam: OwnLam, tmp_path: Path) -> None:
    url = f"{lam.url}/2015-03-31/functions/sizes/invocations"
    (tmp_path / "large").write_text('"' + "x" * 5_000_000 + '"')

    assert curl(tmp_path, "--data", "[1]", url) == b"3"
    assert curl(tmp_path, "--data-binary", "@large", url) == b"5000000"


def test_an_object_goes_there_and_back(lam: OwnLam, tmp_path: Path) -> None:
    """By the process that serves S3, which speaks HTTP/1.1."""
    (tmp_path / "photo").write_bytes(os.urandom(3_000_000))
    curl(tmp_path, *S3, "--request", "PUT", f"{lam.url}/photos")

    curl(tmp_path, *S3, "--upload-file", "photo", f"{lam.url}/photos/key")

    assert curl(tmp_path, *S3, f"{lam.url}/photos/key") == (tmp_path / "photo").read_bytes()
    assert curl(tmp_path, *S3, "--head", f"{lam.url}/photos/key")


def test_a_zip_of_many_pieces_comes_whole(lam: OwnLam, tmp_path: Path) -> None:
    code: dict[str, str | bytes] = {"app.py": SIZES, "data": os.urandom(4_000_000)}
    lam.create("large", code)
    location = lam.client.get_function(FunctionName="large")["Code"]["Location"]

    assert len(curl(tmp_path, location)) > 4_000_000
