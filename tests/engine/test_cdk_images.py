"""The real CDK builds, pushes and deploys a function that is an image. docs/cdk.md#images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from boto_rig import client_at
from own import served
from shop_rig import Shop
from test_cdk import Cdk, outputs, project

__all__ = ["project"]
pytestmark = [pytest.mark.slow, pytest.mark.docker]

APP = """
const cdk = require("aws-cdk-lib");
const { Architecture, DockerImageCode, DockerImageFunction } = require("aws-cdk-lib/aws-lambda");
const app = new cdk.App();
const stack = new cdk.Stack(app, "Greets");
const code = DockerImageCode.fromImageAsset("image", { buildArgs: { BASE: process.env.BASE } });
const architecture = process.arch === "arm64" ? Architecture.ARM_64 : Architecture.X86_64;
const greet = new DockerImageFunction(stack, "Greet", { code, architecture, timeout: cdk.Duration.seconds(30) });
new cdk.CfnOutput(stack, "Function", { value: greet.functionName });
"""
DOCKERFILE = 'ARG BASE\nFROM $BASE\nCOPY app.py /var/task/\nCMD ["app.handler"]\n'


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.forget(*shop.tags("cdkasset-"))
    shop.close()


def test_a_function_of_an_image_asset_is_built_pushed_and_run(project: Path, shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "greets"
    (folder / "image").mkdir(parents=True)
    (folder / "node_modules").symlink_to(project / "node_modules")
    (folder / "cdk.json").write_text('{"app": "node app.js"}')
    (folder / "app.js").write_text(APP)
    (folder / "image" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "image" / "app.py").write_text("def handler(event, context):\n    return 'Hello, ' + event\n")
    with served(tmp_path, "docker", "--no-pull-images") as lam:
        cdk = Cdk(folder, lam.url)
        cdk._environment["BASE"] = shop.image("python3.11")
        cdk("cdk", "bootstrap")

        cdk("cdk", "deploy", "--require-approval", "never")

        name = outputs(lam, "Greets")["Function"]
        assert lam.invoke(name, "Ada").payload == "Hello, Ada"
        (repository,) = client_at(lam.url, "ecr").describe_repositories()["repositories"]
        code = lam.client.get_function(FunctionName=name)["Code"]
        assert code["ImageUri"].startswith(
            "000000000000.dkr.ecr.us-east-1.amazonaws.com/cdk-hnb659fds-container-assets-"
        )
        images = client_at(lam.url, "ecr").describe_images(repositoryName=repository["repositoryName"])["imageDetails"]
        assert [one["imageDigest"] for one in images] == [code["ResolvedImageUri"].partition("@")[2]]
        cdk("cdk", "destroy", "--force")
        shop.forget(*shop.tags(repository["repositoryUri"]))
