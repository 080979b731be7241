"""A test suite that starts lambda-emu as a container of its own: pip install -r requirements.txt && pytest."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy


@pytest.fixture(scope="session")
def lambda_emu() -> Iterator[str]:
    """Where it answers. It runs functions as processes in its own container, and so needs no engine's socket."""
    server = DockerContainer(os.environ.get("LAMBDA_EMU_IMAGE", "lambda-emu"))
    server.with_command("serve --host 0.0.0.0 --engine process --ephemeral")
    server.with_volume_mapping(str(Path(__file__).parent), "/project", "ro").with_exposed_ports(9000)
    server.waiting_for(HttpWaitStrategy(9000, "/_lambda-emu/health").with_startup_timeout(120))
    with server:
        yield f"http://{server.get_container_host_ip()}:{server.get_exposed_port(9000)}"


def test_it_greets(lambda_emu: str) -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("lambda", endpoint_url=lambda_emu, **keys)

    answer = client.invoke(FunctionName="hello", Payload=json.dumps({"name": "Ada"}))

    assert json.load(answer["Payload"]) == {"greeting": "Hello, Ada"}
