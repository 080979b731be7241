"""What repositories are called: in the paths of the registry's API, and in the URIs of images."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from lambda_emu.arn import REGION, Scope

_NAME = r"(?P<name>[a-z0-9][a-z0-9._/-]{1,255})"
_OWNER = rf"(?P<account>\d{{12}})/(?P<region>{REGION})"
_REST = r"/(?P<kind>blobs/uploads|blobs|manifests|tags)/(?P<rest>[^/]*)"
_PATH = re.compile(rf"/v2/{_OWNER}/{_NAME}{_REST}", re.ASCII)
_PATH_OF_HOST = re.compile(rf"/v2/{_NAME}{_REST}", re.ASCII)
_HOST = re.compile(rf"(?P<account>\d{{12}})\.dkr\.ecr\.(?P<region>{REGION})\..+", re.ASCII)
_REFERENCE = r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
_URI = re.compile(rf"[^/]+/{_OWNER}/{_NAME}?{_REFERENCE}", re.ASCII)
_URI_OF_HOST = re.compile(rf"{_HOST.pattern.replace('.+', '[^/]+')}/{_NAME}?{_REFERENCE}", re.ASCII)


class Repository(Struct, frozen=True):
    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return Scope(self.account, self.region).arn(f"repository/{self.name}", "ecr")

    @property
    def path(self) -> str:
        """Of images' names, behind the host."""
        return f"{self.account}/{self.region}/{self.name}"


class RegistryPath(Struct, frozen=True):
    """What a path is about. kind: `manifests`, `blobs`, `blobs/uploads` or `tags`; rest: which of these.

    Without a rest it is an upload that begins.
    """

    repository: Repository
    kind: str
    rest: str


def read_path(path: str, host: str) -> RegistryPath | None:
    """None: of no repository that there could be."""
    owner = _HOST.fullmatch(host.partition(":")[0])
    found = (_PATH if owner is None else _PATH_OF_HOST).fullmatch(path)
    if found is None:
        return None
    said = found.groupdict()
    if not said["rest"] and said["kind"] != "blobs/uploads":
        return None
    return RegistryPath(_repository({**said, **(owner.groupdict() if owner else {})}), said["kind"], said["rest"])


def image_of(uri: str) -> tuple[Repository, str] | None:
    """The repository, and a tag or a digest, as AWS writes it or we do; None: it is neither."""
    found = _URI_OF_HOST.fullmatch(uri) or _URI.fullmatch(uri)
    if found is None or found["name"] is None:
        return None
    return _repository(found.groupdict()), found["digest"] or found["tag"] or "latest"


def registry_host(url: str) -> str:
    """How images' names begin. url: of our own port. Docker speaks without TLS to this machine alone."""
    host = url.partition("//")[2]
    return host.replace("0.0.0.0", "127.0.0.1") if host.startswith("0.0.0.0") else host


def _repository(said: Mapping[str, str]) -> Repository:
    return Repository(said["account"], said["region"], said["name"])
