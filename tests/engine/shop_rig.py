"""Images that functions are packaged as: built for a test, and forgotten."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from typing import Any

from image_rig import LABEL, ImageRig
from lam import ROLE, Lam

REPOSITORY = f"lambda-emu-test/function-{os.getpid()}"
"""A shop closes its own alone: runs beside each other have one each."""
HANDLERS = """
import os

calls = 0

def handler(event, context):
    return {"text": "first", "opt": open("/opt/data").read(), "env": dict(os.environ)}

def other(event, context):
    return "other"

def counting(event, context):
    global calls
    calls += 1
    if "write" in event: open("/tmp/kept", "w").write(event["write"])
    if "exit" in event: os._exit(7)
    if "fill" in event: bytearray(os.urandom(1024 * 1024) * event["fill"])
    return [calls, os.path.exists("/tmp/kept") and open("/tmp/kept").read()]
"""
LIKE_AWS = """
COPY app.py /var/task/
COPY data /opt/
CMD ["app.handler"]
"""


class Shop(ImageRig):
    """Builds the images of this file's functions, and forgets them."""

    def build(self, tag: str, dockerfile: str, files: Mapping[str, str | bytes] | None = None, base: str = "") -> str:
        """An image of these lines, upon our image of Python unless said. Returns its name."""
        name = f"{REPOSITORY}:{tag}"
        lines = f"FROM {base or self.image('python3.11')}\n{dockerfile}"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, content in {"Dockerfile": lines, **(files or {})}.items():
                data = content.encode() if isinstance(content, str) else content
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(data), 0o755
                archive.addfile(entry, io.BytesIO(data))
        packed.seek(0)
        self.client.images.build(fileobj=packed, custom_context=True, tag=name, labels={LABEL: ""}, rm=True)
        return name

    def like_aws(self, tag: str, source: str = HANDLERS) -> str:
        return self.build(tag, LIKE_AWS, {"app.py": source, "data": "from the image"})

    def close(self) -> None:
        """None of its images is left, nor what their tags meant before they moved."""
        self.forget(*self.tags(REPOSITORY))
        self.client.images.prune({"dangling": True, "label": LABEL})
        super().close()


def create(lam: Lam, name: str, uri: str, **config: Any) -> dict[str, Any]:
    """A function of this image, when all about it is settled."""
    settings: dict[str, Any] = {"Role": ROLE, "Timeout": 10} | config
    lam.client.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, **settings)
    lam._names.append(name)
    lam.wait_until_active(name)
    return dict(lam.client.get_function_configuration(FunctionName=name))
