"""A registry of one image, as far as a pull asks it; Docker takes one on 127.0.0.1 without TLS."""

from __future__ import annotations

import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryFile
from typing import Any

import docker

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class Registry(ThreadingHTTPServer):
    """Has its image under every name and tag but `missing`; says of `private` that it is nobody's business."""

    def __init__(self, client: docker.DockerClient, image: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.blobs: dict[str, bytes] = {}
        with TemporaryFile() as saved:
            for chunk in client.images.get(image).save():
                saved.write(chunk)
            saved.seek(0)
            with tarfile.open(fileobj=saved) as archive:
                self.manifest = self._manifest(archive)
        self.digest = sha256(self.manifest).hexdigest()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def _manifest(self, archive: tarfile.TarFile) -> bytes:
        (saved,) = json.load(_file(archive, "manifest.json"))
        config = self._keep(_file(archive, saved["Config"]).read(), CONFIG)
        layers = [self._keep(_file(archive, layer).read(), LAYER) for layer in saved["Layers"]]
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()

    def _keep(self, content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return {"mediaType": kind, "size": len(content), "digest": digest}


class Answers(BaseHTTPRequestHandler):
    """GET and HEAD below /v2/."""

    server: Registry

    def do_GET(self) -> None:
        name, kind, which = ["", "", *self.path.split("/")][-3:]
        if kind == "blobs":
            self._answer(200, self.server.blobs[which], "application/octet-stream")
        elif kind != "manifests":
            self._answer(200, b"{}", "application/json")
        elif name == "private":
            self._refuse(403, "DENIED", "requested access to the resource is denied")
        elif name == "missing":
            self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        else:
            self._answer(200, self.server.manifest, MANIFEST)

    do_HEAD = do_GET

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, body, "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", f"sha256:{sha256(body).hexdigest()}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def registry_of(client: docker.DockerClient, image: str) -> Iterator[Registry]:
    """Serving this image until the block ends."""
    registry = Registry(client, image)
    thread = threading.Thread(target=registry.serve_forever, kwargs={"poll_interval": 0.02}, name="test registry")
    thread.start()
    try:
        yield registry
    finally:
        registry.shutdown()
        thread.join()
        registry.server_close()


def _file(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(name)
    assert found is not None, f"{name} is no file"
    return found
