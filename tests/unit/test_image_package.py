"""The names of images, and how a registry's refusal is told."""

from __future__ import annotations

import pytest

from lambda_emu.environment import failures
from lambda_emu.model.function.image_package import digest_of, registry_of, repository_of
from lambda_emu.sandbox.base import Exit, ExitKind, ImageDenied, ImageInvalid, Program, SandboxError
from lambda_emu.sandbox.docker.function_images import refusal

DIGEST = "0123456789abcdef" * 4
HUB = "registry-1.docker.io"


@pytest.mark.parametrize(("uri", "registry", "repository", "digest"), [
    ("app", HUB, "app", None),
    ("app:1", HUB, "app", None),
    ("team/app:a-1.b_2", HUB, "team/app", None),
    ("localhost:5000/app:1", "localhost:5000", "localhost:5000/app", None),
    ("localhost/app", "localhost", "localhost/app", None),
    ("public.ecr.aws/lambda/python:3.13", "public.ecr.aws", "public.ecr.aws/lambda/python", None),
    (f"app@sha256:{DIGEST}", HUB, "app", DIGEST),
    (f"a.example:443/x/y:1@sha256:{DIGEST}", "a.example:443", "a.example:443/x/y", DIGEST),
])  # fmt: skip
def test_a_uri_names_registry_repository_and_digest(
    uri: str, registry: str, repository: str, digest: str | None
) -> None:
    assert (registry_of(uri), repository_of(uri), digest_of(uri)) == (registry, repository, digest)


DENIED = "pull access denied for app, repository does not exist or may require 'docker login': denied"


@pytest.mark.parametrize(("uri", "said", "kind", "hint"), [
    ("r.example/app:1", "manifest unknown", ImageInvalid, "docker build -t r.example/app:1 ."),
    ("r.example/app:1", "no basic auth credentials", ImageDenied, "docker login r.example"),
    ("r.example/app:1", "unauthorized: access is not authorized", ImageDenied, "docker login r.example"),
    ("r.example/app:1", DENIED, ImageDenied, "docker login r.example"),
    ("app:1", DENIED, ImageInvalid, "docker build -t app:1 ."),
])  # fmt: skip
def test_a_registrys_refusal_says_what_to_type(uri: str, said: str, kind: type[SandboxError], hint: str) -> None:
    error = refusal(uri, said)

    assert type(error) is kind
    assert hint in str(error)


@pytest.mark.parametrize(("kind", "errno", "error", "text"), [
    (ExitKind.NOT_STARTED, 2, "Runtime.InvalidEntrypoint", "fork/exec /run: no such file or directory"),
    (ExitKind.NOT_STARTED, 13, "Runtime.InvalidEntrypoint", "fork/exec /run: permission denied"),
    (ExitKind.NOT_STARTED, 8, "Runtime.InvalidEntrypoint", "fork/exec /run: exec format error"),
    (ExitKind.NO_DIRECTORY, 2, "Runtime.InvalidWorkingDir", "chdir /srv: no such file or directory"),
])  # fmt: skip
def test_what_could_not_be_started_is_named_as_on_lambda(kind: ExitKind, errno: int, error: str, text: str) -> None:
    failure = failures.exit_failure("id", Exit(0, kind, errno, False), Program(["/run"], {}, "/srv"))

    payload = f'{{"errorType":"{error}","errorMessage":"RequestId: id Error: {text}"}}'
    assert (failure.error_type, failure.payload) == (error, payload.encode())
