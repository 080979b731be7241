"""Functions of images that another account's repository has. docs/services.md#images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.request import Request, urlopen

import pytest
from iam_rig import ACCOUNT, OTHER, REGION, SECRET, Account, refusal
from own import OwnLam, own_emulator

pytestmark = pytest.mark.docker

TAKING = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
CONTENT = b"{}"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shared:v1"
DENIED = (
    "AccessDeniedException",
    "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
)


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    folder, environ = tmp_path_factory.mktemp("sharing"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    settings: dict[str, Any] = {"stems": 0, "account": ACCOUNT, "iam": "enforce", "pull_images": False}
    with own_emulator(folder, "docker", environ, **settings) as lam:
        yield lam


def test_another_accounts_repository_has_to_let_the_functions_account_and_lambda_in(lam: OwnLam) -> None:
    owner, other = Account(lam, ACCOUNT), Account(lam, OTHER)
    ecr = owner.root.client("ecr")
    push(lam, ecr)
    role = other.role("runs")

    def create(name: str) -> dict[str, Any]:
        code = {"PackageType": "Image", "Code": {"ImageUri": URI}}
        return dict(other.root.client("lambda").create_function(FunctionName=name, Role=role, **code))

    def say(*statements: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        ecr.set_repository_policy(repositoryName="shared", policyText=policy)

    account = {"Effect": "Allow", "Action": TAKING, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    sources = {"StringLike": {"aws:sourceArn": f"arn:aws:lambda:{REGION}:{OTHER}:function:let-*"}}
    service = {"Effect": "Allow", "Action": TAKING, "Principal": {"Service": "lambda.amazonaws.com"}}
    for statements in ([], [account], [service], [account, {**service, "Condition": sources}]):
        if statements:
            say(*statements)
        assert refusal(create, "kept-out") == (*DENIED, 403), statements

    assert create("let-in")["State"] == "Pending"


def push(lam: OwnLam, ecr: Any) -> None:
    """An image whose layer is none: what runs it is not asked here."""
    ecr.create_repository(repositoryName="shared")
    login = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    digest = f"sha256:{sha256(CONTENT).hexdigest()}"
    part = {"digest": digest, "size": len(CONTENT), "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": [part]}
    for method, path, body in (
        ("POST", f"blobs/uploads/?digest={digest}", CONTENT),
        ("PUT", "manifests/v1", json.dumps(manifest).encode()),
    ):
        url = f"{lam.url}/v2/{ACCOUNT}/{REGION}/shared/{path}"
        with urlopen(Request(url, body, {"Authorization": f"Basic {login}"}, method=method), timeout=30) as answer:
            assert answer.status == 201
