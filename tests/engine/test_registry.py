"""Images are pushed to the repositories of ECR, and functions run them. docs/services.md#images."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from own import Served, served
from shop_rig import Shop, create
from waiting import Eventually

pytestmark = pytest.mark.docker

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
APP = """
def handler(event, context):
    return "{text}, " + event
"""
IMAGE = 'COPY app.py /var/task/\nCMD ["app.handler"]\n'


LEAST = {
    "pull": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "push": [
        *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
        *("ecr:CompleteLayerUpload", "ecr:PutImage"),
    ],
}


STACK = """
Resources:
  Emptied: {Type: AWS::ECR::Repository, Properties: {RepositoryName: emptied, EmptyOnDelete: true}}
  Full: {Type: AWS::ECR::Repository, Properties: {RepositoryName: full}}
"""


class Registry:
    """A server, its ECR, and the docker CLI with a configuration of its own."""

    def __init__(self, lam: Served, shop: Shop, home: Path) -> None:
        self.lam = lam
        self.shop = shop
        self.home = home
        self.ecr: Any = client_at(lam.url, "ecr")
        self.host = lam.url.removeprefix("http://")

    def repository(self, name: str, **members: Any) -> str:
        """Its URI."""
        made = self.ecr.create_repository(repositoryName=name, **members)["repository"]
        return str(made["repositoryUri"])

    def docker(self, *words: str, told: str | None = None, code: int = 0) -> str:
        environment = {**os.environ, "DOCKER_CONFIG": str(self.home)}
        ran = subprocess.run(
            ["docker", *words], input=told, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == code, f"{words}: {ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr

    def push(self, uri: str, tag: str, text: str) -> str:
        """An image whose function says this; its digest."""
        built = self.shop.build(f"pushed-{tag}", IMAGE, {"app.py": APP.format(text=text)})
        self.docker("tag", built, f"{uri}:{tag}")
        said = self.docker("push", f"{uri}:{tag}")
        self.docker("rmi", f"{uri}:{tag}")
        return said.partition("digest: ")[2].split()[0]

    def images(self, name: str) -> dict[str, list[str]]:
        """The tags of each, by digest."""
        said = self.ecr.describe_images(repositoryName=name)["imageDetails"]
        return {one["imageDigest"]: sorted(one.get("imageTags", [])) for one in said}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, Any], str]:
        """Status, headers and body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = Request(f"{self.lam.url}/v2/000000000000/us-east-1/{path}", body, named, method=method)
        try:
            with urlopen(asked, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def registry(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    with served(folder, "docker", "--no-pull-images") as lam:
        yield Registry(lam, shop, folder / "docker")
        shop.forget(*shop.tags(f"{lam.url.removeprefix('http://')}/"))


def test_a_pushed_image_is_told_pulled_and_run_by_its_uri_here_and_as_aws_writes_it(registry: Registry) -> None:
    uri = registry.repository("team/greet")
    assert uri == f"{registry.host}/000000000000/us-east-1/team/greet"
    token = registry.ecr.get_authorization_token()["authorizationData"][0]
    password = base64.b64decode(token["authorizationToken"]).decode().removeprefix("AWS:")
    assert "Succeeded" in registry.docker(
        "login", "-u", "AWS", "--password-stdin", token["proxyEndpoint"], told=password
    )

    digest = registry.push(uri, "v1", "Hello")

    (told,) = registry.ecr.describe_images(repositoryName="team/greet")["imageDetails"]
    assert (told["imageDigest"], told["imageTags"], told["imageManifestMediaType"]) == (digest, ["v1"], MANIFEST)
    assert told["imageSizeInBytes"] > 10_000_000
    aws = "000000000000.dkr.ecr.us-east-1.amazonaws.com/team/greet:v1"
    for name, given in (("ours", f"{uri}:v1"), ("aws", aws)):
        config = create(registry.lam, name, given)
        assert config["CodeSha256"] == digest.removeprefix("sha256:"), given
        assert registry.lam.invoke(name, "Ada").payload == "Hello, Ada"
        code = registry.lam.client.get_function(FunctionName=name)["Code"]
        assert code["ImageUri"] == given
        assert code["ResolvedImageUri"] == f"{given.removesuffix(':v1')}@{digest}"

    newer = registry.push(uri, "v1", "Good day")
    assert registry.images("team/greet") == {digest: [], newer: ["v1"]}
    assert registry.lam.invoke("aws", "Ada").payload == "Hello, Ada"
    registry.lam.client.update_function_code(FunctionName="aws", ImageUri=aws)
    registry.lam.wait_until_active("aws")
    assert registry.lam.invoke("aws", "Ada").payload == "Good day, Ada"


def test_what_was_pushed_goes_with_its_images_and_repositories(registry: Registry, eventually: Eventually) -> None:
    uri = registry.repository("team/short")
    kept = registry.push(uri, "kept", "Kept")
    gone = registry.push(uri, "gone", "Gone")
    blobs = registry.lam.folder / ".lambda-emu" / "registry" / "000000000000" / "us-east-1" / "team%2Fshort"
    before = {*os.listdir(blobs)}

    registry.ecr.batch_delete_image(repositoryName="team/short", imageIds=[{"imageDigest": gone}])

    eventually(lambda: len(os.listdir(blobs)) < len(before), "the blobs of the image that is gone stay")
    status, _, told = registry.ask("GET", f"team/short/manifests/{kept}")
    assert status == 200
    said = json.loads(told)
    assert {*os.listdir(blobs)} == {one["digest"][7:] for one in [said["config"], *said["layers"]]}
    assert registry.ask("GET", f"team/short/manifests/{gone}")[0] == 404
    registry.ecr.delete_repository(repositoryName="team/short", force=True)
    eventually(lambda: not blobs.exists(), "the blobs of the repository stay")


def test_what_a_repository_does_not_take_is_told_to_docker(registry: Registry) -> None:
    uri = registry.repository("fixed", imageTagMutability="IMMUTABLE")
    registry.push(uri, "v1", "First")
    built = registry.shop.build("pushed-again", IMAGE, {"app.py": APP.format(text="Second")})

    registry.docker("tag", built, f"{uri}:v1")
    said = registry.docker("push", f"{uri}:v1", code=1)
    assert "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten" in said
    absent = uri.replace("fixed", "absent")
    registry.docker("tag", built, f"{absent}:v1")
    said = registry.docker("push", f"{absent}:v1", code=1)
    assert "The repository with name 'absent' does not exist in the registry with id '000000000000'" in said
    registry.docker("rmi", f"{uri}:v1", f"{absent}:v1")


def upload(registry: Registry, name: str, data: bytes) -> str:
    """A blob by one request, as the specification has it; its digest."""
    digest = f"sha256:{sha256(data).hexdigest()}"
    status, headers, told = registry.ask("POST", f"{name}/blobs/uploads/?digest={digest}", data)
    assert status == 201, told
    assert headers["Location"].endswith(f"/{name}/blobs/{digest}")
    return digest


def test_requests_that_no_docker_makes_are_refused_in_its_form(registry: Registry) -> None:
    registry.repository("raw")
    config = upload(registry, "raw", b"{}")
    layer = {"digest": config, "size": 2, "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}
    right = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": [layer]}
    absent = {**layer, "digest": f"sha256:{'0' * 64}"}

    def code(method: str, path: str, body: object = b"", **headers: str) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, told = registry.ask(method, f"raw/{path}", data, **headers)
        return status, json.loads(told)["errors"][0]["code"]

    for manifest, wanted in (
        (b"no JSON", (400, "MANIFEST_INVALID")),
        ([], (400, "MANIFEST_INVALID")),
        (b"[" * 100_000, (400, "MANIFEST_INVALID")),
        ({**right, "schemaVersion": 1}, (400, "MANIFEST_INVALID")),
        ({**right, "mediaType": "text/plain"}, (400, "MANIFEST_INVALID")),
        ({**right, "layers": ["no layer"]}, (400, "MANIFEST_INVALID")),
        ({**right, "layers": [{"digest": "../../../etc/passwd"}]}, (400, "MANIFEST_INVALID")),
        ({**right, "layers": [layer] * 5000}, (400, "MANIFEST_INVALID")),
        ({**right, "layers": [absent]}, (404, "MANIFEST_BLOB_UNKNOWN")),
        (b" " * 5_000_000, (400, "MANIFEST_INVALID")),
    ):
        assert code("PUT", "manifests/v1", manifest) == wanted, str(manifest)[:100]
    assert code("PUT", f"manifests/sha256:{'1' * 64}", right) == (400, "MANIFEST_INVALID")
    assert code("GET", "manifests/v1") == (404, "MANIFEST_UNKNOWN")
    assert code("GET", f"blobs/sha256:{'0' * 64}") == (404, "BLOB_UNKNOWN")
    assert code("GET", "blobs/..%2f..%2f..%2flogs.db") == (404, "NAME_INVALID")
    assert code("PATCH", "blobs/uploads/unknown", b"x") == (404, "BLOB_UPLOAD_UNKNOWN")
    assert code("DELETE", "manifests/v1") == (405, "UNSUPPORTED")

    _, headers, _ = registry.ask("POST", "raw/blobs/uploads/", b"")
    at = headers["Location"].partition("us-east-1/")[2].removeprefix("raw/")
    assert registry.ask("PATCH", f"raw/{at}", b"abc", Content_Range="0-2")[:2][0] == 202
    assert code("PATCH", at, b"xyz", Content_Range="0-2") == (416, "RANGE_INVALID")
    assert registry.ask("GET", f"raw/{at}")[1]["Range"] == "0-2"
    assert code("PUT", f"{at}?digest=sha256:{'0' * 64}") == (400, "DIGEST_INVALID")
    assert code("PATCH", at, b"def") == (404, "BLOB_UPLOAD_UNKNOWN")

    status, headers, _ = registry.ask("PUT", "raw/manifests/v1", json.dumps(right).encode())
    assert (status, registry.images("raw")) == (201, {headers["Docker-Content-Digest"]: ["v1"]})
    assert json.loads(registry.ask("GET", "raw/tags/list")[2])["tags"] == ["v1"]


def test_what_was_pushed_outlives_the_server_and_an_emptied_account_has_none(
    tmp_path: Path, eventually: Eventually
) -> None:
    """No engine of containers is asked."""

    def begin(lam: Served) -> Registry:
        return Registry(lam, Shop.__new__(Shop), tmp_path)

    with served(tmp_path, "process") as lam:
        first = begin(lam)
        first.repository("kept")
        digest = upload(first, "kept", b"{}")
    with served(tmp_path, "process") as lam:
        registry = begin(lam)
        (told,) = registry.ecr.describe_repositories()["repositories"]
        assert told["repositoryUri"] == f"{registry.host}/000000000000/us-east-1/kept"
        assert registry.ask("GET", f"kept/blobs/{digest}")[::2] == (200, "{}")

        reset(lam, "000000000000")

        assert registry.ecr.describe_repositories()["repositories"] == []
        eventually(lambda: registry.ask("GET", f"kept/blobs/{digest}")[0] == 404, "the blob stays")


def test_a_stacks_repository_goes_with_its_images_where_that_is_said(tmp_path: Path, eventually: Eventually) -> None:
    with served(tmp_path, "process") as lam:
        registry = Registry(lam, Shop.__new__(Shop), tmp_path)
        stacks = client_at(lam.url, "cloudformation")
        stacks.create_stack(StackName="images", TemplateBody=STACK)

        def status() -> str:
            return str(stacks.describe_stacks(StackName="images")["Stacks"][0]["StackStatus"])

        eventually(lambda: status() == "CREATE_COMPLETE", "the stack is not made")
        for name in ("emptied", "full"):
            digest = upload(registry, name, b"{}")
            layer = {"digest": digest, "size": 2, "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layer, "layers": [layer]}
            assert registry.ask("PUT", f"{name}/manifests/v1", json.dumps(manifest).encode())[0] == 201

        stacks.delete_stack(StackName="images")

        eventually(lambda: status() == "DELETE_FAILED", "the repository with an image went")
        (left,) = registry.ecr.describe_repositories()["repositories"]
        assert left["repositoryName"] == "full"


def test_where_iam_is_enforced_who_pushes_and_pulls_logs_in_and_may(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--iam", "enforce", LAMBDA_EMU_ROOT_SECRET="any") as lam:
        registry = Registry(lam, Shop.__new__(Shop), tmp_path)
        registry.repository("mine")
        registry.repository("others")
        pulls, pushes = (login(lam, name, actions) for name, actions in LEAST.items())
        url = f"http://{registry.host}/"

        status, headers, told = registry.ask("POST", "mine/blobs/uploads/", b"")
        assert (status, headers["WWW-Authenticate"]) == (401, f'Basic realm="{url}",service="ecr.amazonaws.com"')
        assert json.loads(told)["errors"] == [{"code": "UNAUTHORIZED", "message": "Not Authorized"}]
        forged = base64.b64encode(base64.b64decode(pushes)[:-1] + b"A").decode()
        assert registry.ask("POST", "mine/blobs/uploads/", b"", Authorization=f"Basic {forged}")[0] == 401

        digest = f"sha256:{sha256(b'{}').hexdigest()}"
        as_pusher, as_puller = f"Basic {pushes}", f"Basic {pulls}"
        assert registry.ask("POST", f"mine/blobs/uploads/?digest={digest}", b"{}", Authorization=as_pusher)[0] == 201
        assert registry.ask("GET", f"mine/blobs/{digest}", Authorization=as_puller)[::2] == (200, "{}")
        for repository, who, name, action in (
            ("others", as_pusher, "push", "InitiateLayerUpload"),
            ("mine", as_puller, "pull", "InitiateLayerUpload"),
        ):
            status, _, told = registry.ask("POST", f"{repository}/blobs/uploads/", b"", Authorization=who)
            assert (status, json.loads(told)["errors"]) == (
                403,
                [{"code": "DENIED", "message": denied(name, action, repository)}],
            )
        with pytest.raises(ClientError, match="is not authorized to perform: ecr:CreateRepository on resource: "):
            party(lam, "nobody", []).client("ecr", endpoint_url=lam.url).create_repository(repositoryName="theirs")


def party(lam: Served, name: str, actions: list[str]) -> boto3.Session:
    """A user who may log in, and do this with one repository."""
    iam = client_at(lam.url, "iam")
    iam.create_user(UserName=name)
    statements = [{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}]
    if actions:
        mine = "arn:aws:ecr:us-east-1:000000000000:repository/mine"
        statements.append({"Effect": "Allow", "Action": actions, "Resource": mine})  # type: ignore[dict-item]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="least", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")


def login(lam: Served, name: str, actions: list[str]) -> str:
    """What `docker login` sends after GetAuthorizationToken."""
    ecr = party(lam, name, actions).client("ecr", endpoint_url=lam.url)
    return str(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])


def denied(name: str, action: str, repository: str) -> str:
    return (
        f"User: arn:aws:iam::000000000000:user/{name} is not authorized to perform: ecr:{action} on resource: "
        f"arn:aws:ecr:us-east-1:000000000000:repository/{repository} because no identity-based policy allows the "
        f"ecr:{action} action"
    )


def reset(lam: Served, account: str) -> None:
    token = (lam.folder / ".lambda-emu" / "token").read_text().strip()
    asked = Request(f"{lam.url}/_lambda-emu/reset?account={account}", b"", {"X-Lambda-Emu-Token": token})
    urlopen(asked, timeout=60).close()
