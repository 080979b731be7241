"""`samlocal` builds, pushes and deploys a function that is an image. docs/cdk.md#images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from boto_rig import client_at
from own import served
from shop_rig import Shop
from test_stack_cli import Shell, sam_cli

__all__ = ["sam_cli"]
pytestmark = [pytest.mark.slow, pytest.mark.docker]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  GreetTest:
    Type: AWS::Serverless::Function
    Properties: {{PackageType: Image, Timeout: 30}}
    Metadata: {{Dockerfile: Dockerfile, DockerContext: greet, DockerTag: v1, DockerBuildArgs: {{BASE: '{base}'}}}}
Outputs:
  Function: {{Value: !Ref GreetTest}}
"""
DOCKERFILE = 'ARG BASE\nFROM $BASE\nCOPY app.py /var/task/\nCMD ["app.handler"]\n'


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.forget(*shop.tags("greettest:"))
    shop.close()


def test_a_function_that_is_an_image_is_built_pushed_and_run(sam_cli: Path, shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "greet").mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE.format(base=shop.image("python3.11")))
    (folder / "greet" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "greet" / "app.py").write_text("def handler(event, context):\n    return 'Hello, ' + event\n")
    (tmp_path / "server").mkdir()
    with served(tmp_path / "server", "docker", "--no-pull-images") as lam:
        ecr = client_at(lam.url, "ecr")
        uri = ecr.create_repository(repositoryName="greet")["repository"]["repositoryUri"]
        sam = Shell(sam_cli, lam, folder)
        sam("samlocal", "build")

        deploy = ("deploy", "--stack-name", "greets", "--resolve-s3", "--capabilities", "CAPABILITY_IAM")
        sam("samlocal", *deploy, "--image-repository", uri)

        (stack,) = client_at(lam.url, "cloudformation").describe_stacks(StackName="greets")["Stacks"]
        name = stack["Outputs"][0]["OutputValue"]
        assert lam.invoke(name, "Ada").payload == "Hello, Ada"
        code = lam.client.get_function(FunctionName=name)["Code"]
        (image,) = ecr.describe_images(repositoryName="greet")["imageDetails"]
        assert code["ResolvedImageUri"] == f"{uri}@{image['imageDigest']}"
        shop.forget(*shop.tags(uri))
