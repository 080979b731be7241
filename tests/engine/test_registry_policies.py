"""Policies of ECR's repositories have a say in who pushes to them and pulls from them. docs/services.md#images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from iam_rig import ACCOUNT, OTHER, REGION, SECRET, Account, Party, allow, refusal
from own import OwnLam, own_emulator

PULLS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSHES = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]
CONTENT = b"{}"
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"


class Owner(Account):
    """Whose repository `shared` is, with one layer in it."""

    def __init__(self, lam: OwnLam) -> None:
        super().__init__(lam, ACCOUNT)
        self.ecr: Any = self.root.client("ecr")
        self.ecr.create_repository(repositoryName="shared")
        assert self.ask("POST", self.root, f"uploads/?digest={DIGEST}", CONTENT)[0] == 201

    def say(self, *statements: dict[str, Any]) -> None:
        """The repository's policy, whose statements name no resource."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.ecr.set_repository_policy(repositoryName="shared", policyText=policy)

    def ask(self, method: str, party: Party, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Status and body, logged in as that party."""
        token = party.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        url = f"{self.lam.url}/v2/{ACCOUNT}/{REGION}/shared/blobs/{path}"
        try:
            headers = {"Authorization": f"Basic {token}"}
            with urlopen(Request(url, body, headers, method=method), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def pull(self, party: Party) -> int:
        return self.ask("GET", party, DIGEST)[0]


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    folder, environ = tmp_path_factory.mktemp("policies"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        yield Owner(lam)


def statement(effect: str, actions: list[str], principal: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Principal": principal}


def test_a_repositorys_policy_counts_in_its_own_account_from_the_next_request_on(owner: Owner) -> None:
    login = allow("ecr:GetAuthorizationToken")
    reader, named = owner.user("reader", login, allow(PULLS)), owner.user("named", login)
    assert (owner.pull(reader), owner.pull(named)) == (200, 403)

    arn = f"arn:aws:iam::{ACCOUNT}:user"
    owner.say(
        statement("Deny", ["ecr:GetDownloadUrlForLayer"], {"AWS": f"{arn}/reader"}),
        statement("Allow", PULLS, {"AWS": f"{arn}/named"}),
    )

    status, told = owner.ask("GET", reader, DIGEST)
    assert (status, json.loads(told)["errors"][0]["code"]) == (403, "DENIED")
    assert "with an explicit deny in a resource-based policy" in told
    assert owner.pull(named) == 200
    get = named.client("ecr").batch_get_image
    assert get(repositoryName="shared", imageIds=[{"imageTag": "none"}])["images"] == []

    owner.ecr.delete_repository_policy(repositoryName="shared")

    assert (owner.pull(reader), owner.pull(named)) == (200, 403)


def test_another_account_needs_the_repositorys_policy_and_its_own(owner: Owner) -> None:
    other = Account(owner.lam, OTHER)
    login = allow("ecr:GetAuthorizationToken")
    may, may_not = other.user("may", login, allow([*PULLS, *PUSHES])), other.user("may-not", login)
    assert (owner.pull(may), owner.pull(may_not)) == (403, 403)

    owner.say(statement("Allow", PULLS, {"AWS": f"arn:aws:iam::{OTHER}:root"}))

    assert (owner.pull(may), owner.pull(may_not)) == (200, 403)
    status, told = owner.ask("POST", may, "uploads/", b"")
    assert (status, "because no resource-based policy allows the ecr:InitiateLayerUpload action" in told) == (403, True)
    _, text, _ = refusal(may.client("ecr").describe_images, repositoryName="shared", registryId=ACCOUNT)
    assert f"ecr:DescribeImages on resource: arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shared because" in text
