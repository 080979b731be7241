"""Docker's registry API, as far as pushes and pulls ask it. https://distribution.github.io/distribution/spec/api/"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller
from lambda_emu.services.registry.blobs import Blobs, pieces_of
from lambda_emu.services.registry.errors import (
    VERSION,
    MissingLayers,
    NoBlob,
    NoImage,
    NoSuchPath,
    NotAuthorized,
    NotSupported,
    NoUpload,
    RegistryError,
    TooLarge,
    WrongManifest,
)
from lambda_emu.services.registry.images import Image, Images
from lambda_emu.services.registry.logins import Logins
from lambda_emu.services.registry.manifests import (
    DIGEST,
    OF_IMAGES,
    OF_LISTS,
    OddManifest,
    blobs_of,
    images_of,
    read_manifest,
)
from lambda_emu.services.registry.names import RegistryPath, read_path
from lambda_emu.services.registry.uploads import LAYER_BYTES

Check = Callable[[Caller, Request, str, str], None]
"""Whether a caller may do that: of an action and an ARN. Blocks; LambdaError."""
MOST_MANIFEST_BYTES = 4 * 1024 * 1024
"""As ECR."""
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_RANGE = re.compile(r"(?:bytes )?(\d{1,15})-\d{1,15}")


class RegistryServer:
    """On workers. check: what callers may; None: nobody is asked. is_strict: who does not log in is refused."""

    def __init__(self, blobs: Blobs, images: Images, logins: Logins, check: Check | None, *, is_strict: bool) -> None:
        self.blobs = blobs
        self.images = images
        self._logins = logins
        self._check = check
        self._is_strict = is_strict

    def most_of_body(self, request: Request) -> tuple[int, RegistryError]:
        """By the head alone, before a body is taken in: of it, in bytes, and what is said to one that has more.

        Does not block. LambdaError: who asks is not let in, or there is nothing by that name.
        """
        self._caller(request)
        named = _named(request)
        if named is None or request.method not in ("POST", "PUT", "PATCH"):
            return 0, NotSupported()
        if named.kind == "manifests":
            return MOST_MANIFEST_BYTES, WrongManifest(f"it has more than {MOST_MANIFEST_BYTES} bytes")
        if named.kind != "blobs/uploads":
            return 0, NotSupported()
        if request.method != "POST" and not self.blobs.uploads.has(named.repository, named.rest):
            raise NoUpload
        return LAYER_BYTES, TooLarge(LAYER_BYTES)

    def serve(self, request: Request, call: Call) -> Answer | None:
        """None: it is answered piece by piece. LambdaError."""
        caller = self._caller(request)
        named = _named(request)
        if named is None:
            return _answer(200, {}, b"{}")
        serve, actions = self._operation(request.method, named)
        for action in actions if caller is not None and self._check is not None else ():
            self._check(caller, request, f"ecr:{action}", named.repository.arn)  # type: ignore[arg-type, misc]
        return serve(request, call, named)

    def _caller(self, request: Request) -> Caller | None:
        """NotAuthorized, TokenExpired."""
        caller = self._logins.caller(request) if self._is_strict or self._check is not None else None
        if caller is None and self._is_strict:
            raise NotAuthorized(request.header(b"host") or "")
        return caller

    def _operation(self, method: str, named: RegistryPath) -> tuple[Callable[..., Answer | None], tuple[str, ...]]:
        """With what it asks for. NotSupported."""
        pull = ("BatchGetImage",)
        known: Mapping[tuple[str, str], tuple[Callable[..., Answer | None], tuple[str, ...]]] = {
            ("GET", "manifests"): (self._get_manifest, pull),
            ("HEAD", "manifests"): (self._get_manifest, pull),
            ("PUT", "manifests"): (self._put_manifest, ("PutImage",)),
            ("GET", "blobs"): (self._get_blob, ("GetDownloadUrlForLayer",)),
            ("HEAD", "blobs"): (self._get_blob, ("BatchCheckLayerAvailability",)),
            ("GET", "tags"): (self._list_tags, ("ListImages",)),
            ("POST", "blobs/uploads"): (self._begin_upload, ("InitiateLayerUpload",)),
            ("GET", "blobs/uploads"): (self._go_on_with_upload, ("UploadLayerPart",)),
            ("PATCH", "blobs/uploads"): (self._go_on_with_upload, ("UploadLayerPart",)),
            ("PUT", "blobs/uploads"): (self._finish_upload, ("UploadLayerPart", "CompleteLayerUpload")),
            ("DELETE", "blobs/uploads"): (self._give_upload_up, ("UploadLayerPart",)),
        }
        found = known.get((method, named.kind))
        if found is None:
            raise NotSupported
        return found

    # -- images

    def _get_manifest(self, request: Request, call: Call, named: RegistryPath) -> None:
        if _TAG.fullmatch(named.rest) is None and DIGEST.fullmatch(named.rest) is None:
            raise NoImage
        image = self.images.find(named.repository, named.rest)
        headers = {"Content-Type": image.media_type, "Docker-Content-Digest": image.digest}
        data = image.manifest.encode()
        _flow(call, headers, len(data), iter((data,)))

    def _put_manifest(self, request: Request, _: Call, named: RegistryPath) -> Answer:
        repository, reference = named.repository, named.rest
        data = request.body if request.body_file is None else request.body_file.read_bytes()
        digest = f"sha256:{sha256(data).hexdigest()}"
        is_tag = _TAG.fullmatch(reference) is not None
        if not is_tag and reference != digest:
            raise WrongManifest("it has another digest than it is put by")
        image, blobs, images = _read(data, digest, request.header(b"content-type"))
        with self.blobs.claiming():
            self.images.check(repository)  # first: one that is not there has no layers either
            for each in images:
                self.images.find(repository, each)
            for each in blobs:
                if self.blobs.want(repository, each) is None:
                    raise MissingLayers(each)
            self.images.put(repository, image, reference if is_tag else None)
            self.blobs.claim(repository, blobs)
        location = f"{request.path.decode('latin-1').rpartition('/')[0]}/{digest}"
        return _answer(201, {"Docker-Content-Digest": digest, "Location": location})

    def _list_tags(self, _: Request, __: Call, named: RegistryPath) -> Answer:
        tags = self.images.tags(named.repository)
        told = {"name": named.repository.path, "tags": tags}
        return _answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())

    # -- blobs

    def _get_blob(self, request: Request, call: Call, named: RegistryPath) -> None:
        """Who only asks whether it is there may be about to put an image that has it."""
        find = self.blobs.want if request.method == "HEAD" else self.blobs.find
        file = find(named.repository, named.rest)
        if file is None:
            raise NoBlob
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": named.rest}
        _flow(call, headers, file.stat().st_size, iter(()) if request.method == "HEAD" else pieces_of(file))

    def _begin_upload(self, request: Request, call: Call, named: RegistryPath) -> Answer:
        """A blob of another repository is not taken over: it is sent anew, as ECR has it unless it is told else."""
        self.images.check(named.repository)
        id = self.blobs.begin(named.repository)
        begun = RegistryPath(named.repository, named.kind, id)
        if "digest" in parse_qs(request.query.decode("latin-1")):
            return self._finish_upload(request, call, begun)
        return _uploading(202, request.path.decode("latin-1"), id, 0)

    def _go_on_with_upload(self, request: Request, _: Call, named: RegistryPath) -> Answer:
        said = _RANGE.fullmatch(request.header(b"content-range") or "")
        at = int(said[1]) if said else None
        size = self.blobs.append(named.repository, named.rest, request.body_file or request.body, at)
        status = 204 if request.method == "GET" else 202
        return _uploading(status, request.path.decode("latin-1").rpartition("/")[0], named.rest, size)

    def _finish_upload(self, request: Request, _: Call, named: RegistryPath) -> Answer:
        digest = parse_qs(request.query.decode("latin-1")).get("digest", [""])[0]
        if request.body or request.body_file is not None:
            self.blobs.append(named.repository, named.rest, request.body_file or request.body)
        self.blobs.finish(named.repository, named.rest, digest)
        location = f"{request.path.decode('latin-1').partition('/blobs/uploads')[0]}/blobs/{digest}"
        return _answer(201, {"Docker-Content-Digest": digest, "Location": location})

    def _give_upload_up(self, _: Request, __: Call, named: RegistryPath) -> Answer:
        self.blobs.uploads.give_up(named.repository, named.rest)
        return _answer(204, {})


def _named(request: Request) -> RegistryPath | None:
    """None: of the registry itself. NoSuchPath."""
    path = unquote(request.path.decode("latin-1"))
    if path.rstrip("/") == "/v2":
        return None
    named = read_path(path, request.header(b"host") or "")
    if named is None:
        raise NoSuchPath
    return named


def _read(data: bytes, digest: str, content_type: str | None) -> tuple[Image, list[str], list[str]]:
    """With the digests of its blobs, or of the images of a list. WrongManifest."""
    try:
        text = data.decode()
        said = read_manifest(text)
        if said.get("schemaVersion") != 2:
            raise WrongManifest("its schemaVersion is not 2")
        media_type = str(said.get("mediaType") or content_type)
        if media_type not in (*OF_IMAGES, *OF_LISTS):
            raise WrongManifest(f"{media_type[:200]} is no kind of it that is known")
        blobs = blobs_of(said, media_type)
        images = images_of(said) if media_type in OF_LISTS else []
    except OddManifest as error:
        raise WrongManifest(str(error)) from error
    except UnicodeDecodeError as error:
        raise WrongManifest("it is not in UTF-8") from error
    return Image(digest, media_type, text), blobs, images


def _answer(status: int, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    return Answer(status, [*headers.items(), VERSION], body)


def _flow(call: Call, headers: Mapping[str, str], length: int, pieces: Any) -> None:
    close = getattr(pieces, "close", lambda: None)
    call.detach(call.flow, 200, [*headers.items(), VERSION], length, pieces, close)


def _uploading(status: int, path: str, id: str, size: int) -> Answer:
    """Docker goes on where Location says."""
    told = {"Location": f"{path.rstrip('/')}/{id}", "Docker-Upload-UUID": id, "Range": f"0-{max(size - 1, 0)}"}
    return _answer(status, told)
