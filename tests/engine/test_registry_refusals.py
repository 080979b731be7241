"""Requests to the registry that no Docker makes, and what they must not do. docs/services.md#images."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from own import Served, served
from waiting import Eventually

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.oci.image.index.v1+json"
LARGE = 200 * 1024 * 1024
Told = tuple[int, str]


class Asking:
    """A server and its ECR."""

    def __init__(self, lam: Served) -> None:
        self.lam = lam
        self.ecr: Any = client_at(lam.url, "ecr")

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = Request(f"{self.lam.url}/v2/000000000000/us-east-1/{path}", body, named, method=method)
        try:
            with urlopen(asked, timeout=30) as answer:
                return answer.status, answer.headers.get("Location") or answer.read().decode()
        except HTTPError as error:
            return error.code, json.loads(error.read())["errors"][0]["code"]

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        digest = f"sha256:{sha256(data).hexdigest()}"
        assert self.ask("POST", f"{name}/blobs/uploads/?digest={digest}", data)[0] == 201
        return {"digest": digest, "size": len(data), "mediaType": "application/octet-stream"}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    with served(tmp_path_factory.mktemp("refusals"), "process") as lam:
        yield Asking(lam)


def test_an_image_has_a_configuration_and_layers_or_is_refused_and_not_kept(asking: Asking) -> None:
    asking.ecr.create_repository(repositoryName="odd")
    layer = asking.upload("odd", b"{}")
    right = {"schemaVersion": 2, "mediaType": DOCKER, "config": layer, "layers": [layer]}
    bare = {"schemaVersion": 2, "mediaType": DOCKER}
    odd: list[object] = [
        bare,
        {**bare, "layers": [layer]},
        {**bare, "config": layer},
        {**right, "layers": 5},
        {**right, "layers": {}},
        {**bare, "mediaType": LIST},
        json.dumps(right).encode("utf-16"),
        json.dumps({**right, "note": "\x00"}).encode().replace(b"\\u0000", b"\xed\xa0\x80"),
    ]
    for manifest in odd:
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        assert asking.ask("PUT", "odd/manifests/v1", data) == (400, "MANIFEST_INVALID"), data[:200]
    assert asking.ecr.describe_images(repositoryName="odd")["imageDetails"] == []
    assert asking.ask("PUT", "odd/manifests/v1", json.dumps(right).encode())[0] == 201


def test_names_that_are_none_are_not_there(asking: Asking) -> None:
    asking.ecr.create_repository(repositoryName="named")
    for method, path, told in (
        ("GET", "named/manifests/", (404, "NAME_INVALID")),
        ("GET", "named/manifests/-no-tag", (404, "MANIFEST_UNKNOWN")),
        ("GET", "named/blobs/", (404, "NAME_INVALID")),
        ("PUT", "named/blobs/uploads/", (404, "BLOB_UPLOAD_UNKNOWN")),
        ("GET", "absent/tags/list", (404, "NAME_UNKNOWN")),
    ):
        assert asking.ask(method, path) == told, path


def test_an_empty_blob_is_taken(asking: Asking) -> None:
    asking.ecr.create_repository(repositoryName="empty")
    begun = asking.ask("POST", "empty/blobs/uploads/")[1].partition("us-east-1/")[2]
    digest = f"sha256:{sha256(b'').hexdigest()}"
    assert asking.ask("PUT", f"{begun}?digest={digest}")[0] == 201
    assert asking.ask("HEAD", f"empty/blobs/{digest}")[0] == 200


def test_ecr_refuses_what_the_registry_does_and_odd_images_end_no_sweep(asking: Asking, eventually: Eventually) -> None:
    asking.ecr.create_repository(repositoryName="swept")
    blob = asking.upload("swept", b"swept")
    right = {"schemaVersion": 2, "mediaType": DOCKER, "config": blob, "layers": [blob]}
    assert asking.ask("PUT", "swept/manifests/v1", json.dumps(right).encode())[0] == 201
    refused: list[object] = [{"layers": 5}, {**right, "layers": 5}, {**right, "layers": [5]}, [], "text"]
    for manifest in refused:
        with pytest.raises(ClientError, match="Invalid parameter at 'ImageManifest'"):
            asking.ecr.put_image(
                repositoryName="swept", imageManifest=json.dumps(manifest), imageManifestMediaType=DOCKER
            )
    odd = {"layers": 5, "mediaType": "text/odd", "config": [5]}
    with pytest.raises(ClientError, match="Invalid parameter at 'ImageManifest'"):
        asking.ecr.put_image(repositoryName="swept", imageManifest=json.dumps(odd))

    asking.ecr.batch_delete_image(repositoryName="swept", imageIds=[{"imageTag": "v1"}])

    eventually(lambda: asking.ask("GET", f"swept/blobs/{blob['digest']}")[0] == 404, "the blob stays")


def test_a_body_for_an_upload_that_is_not_there_is_not_taken_in(asking: Asking) -> None:
    asking.ecr.create_repository(repositoryName="refused")
    for path in ("refused/blobs/uploads/unknown", "refused/blobs/uploads/", "no/path", "refused/blobs/x"):
        assert refused_at_once(asking.lam, "PATCH", path) in (404, 405), path
    assert refused_at_once(asking.lam, "PUT", "refused/manifests/v1") == 400
    assert bodies(asking.lam) == []


def test_the_body_of_who_is_not_let_in_is_not_taken_in(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--iam", "enforce", LAMBDA_EMU_ROOT_SECRET="any") as lam:
        assert refused_at_once(lam, "PATCH", "any/blobs/uploads/unknown") == 401
        assert refused_at_once(lam, "POST", "any/blobs/uploads/") == 401
        assert bodies(lam) == []


def refused_at_once(lam: Served, method: str, path: str) -> int:
    """The status of a request whose large body has not come."""
    host, _, port = lam.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"{method} /v2/000000000000/us-east-1/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {LARGE}\r\n\r\n"
        connection.sendall(head.encode())
        return int(connection.recv(4096).split()[1])


def bodies(lam: Served) -> list[Path]:
    return [*(lam.folder / ".lambda-emu" / "spool").glob("*")]
