"""AWS's Parameters and Secrets extension: what code asks of it by HTTP is answered. docs/layers.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto_rig import client_at
from hostile import Fuzzer
from own import IN_A_NETWORK, OwnLam, free_port, own_emulator
from test_fuzz_ports import run

EXTENSION = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension:12"
ASKS = """
import json, os, urllib.error, urllib.request
port = os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")
def handler(event, context):
    headers = {"X-Aws-Parameters-Secrets-Token": event.get("token", os.environ["AWS_SESSION_TOKEN"])}
    request = urllib.request.Request(f"http://localhost:{port}{event['path']}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [answer.status, json.loads(answer.read())]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode(), error.headers.get("X-Lambda-Emu-Hint")]
    except OSError as error:
        return [0, str(error)]
"""
TELLS = """
asks = handler
def handler(event, context):
    return os.environ["AWS_SESSION_TOKEN"] if event.get("tells") else asks(event, context)
"""
SECRET, PARAMETER = "/secretsmanager/get?secretId=db", "/systemsmanager/parameters/get?name=%2Fapp%2Fkey"


@pytest.fixture(scope="module", params=IN_A_NETWORK)
def lam(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """With a secret and a parameter."""
    engine, settings = request.param
    with own_emulator(tmp_path_factory.mktemp("secrets"), engine, stems=0, **settings) as lam:
        client_at(lam.url, "secretsmanager").create_secret(Name="db", SecretString="open sesame")
        client_at(lam.url, "ssm").put_parameter(Name="/app/key", Value="first", Type="SecureString")
        lam.create("asks", ASKS, Layers=[EXTENSION], Timeout=60, Environment=at(free_port()))
        yield lam


def at(port: int, **variables: str) -> Any:
    """Tests of other servers may listen at the usual one, where loopback is this machine's."""
    return {"Variables": {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port), **variables}}


def ask(lam: OwnLam, path: str, name: str = "asks", **more: str) -> Any:
    answer = lam.invoke(name, {"path": path, **more})
    assert answer.error is None, answer.tail
    return answer.payload


def test_a_secret_and_a_parameter_are_answered_as_the_extension_writes_them(lam: OwnLam) -> None:
    status, secret = ask(lam, SECRET)

    assert (status, secret["SecretString"], secret["Name"], secret["SecretBinary"]) == (200, "open sesame", "db", None)
    assert [*secret] == [
        "ARN", "CreatedDate", "Name", "SecretBinary", "SecretString", "VersionId", "VersionStages", "ResultMetadata",
    ]  # fmt: skip
    assert secret["VersionStages"] == ["AWSCURRENT"]
    assert secret["CreatedDate"].endswith("Z")

    status, found = ask(lam, f"{PARAMETER}&withDecryption=true")

    assert (status, found["Parameter"]["Value"], found["Parameter"]["Type"]) == (200, "first", "SecureString")
    assert (found["Parameter"]["Version"], found["ResultMetadata"]) == (1, {})
    assert ask(lam, f"{PARAMETER}&withDecryption=true&version=1")[1]["Parameter"]["Selector"] in (":1", None)


def test_only_who_has_the_environments_token_is_answered(lam: OwnLam) -> None:
    assert ask(lam, SECRET, token="somebody's")[0] == 401
    assert ask(lam, "/secretsmanager/put?secretId=db")[0] == 404


def test_what_the_service_refuses_is_an_error_whose_reason_is_told(lam: OwnLam) -> None:
    status, text, hint = ask(lam, "/secretsmanager/get?secretId=nothing")

    assert (status, text) == (400, "an unexpected error occurred while executing request")
    assert hint.startswith("ResourceNotFoundException: ")


def test_a_function_without_the_layer_has_nobody_there(lam: OwnLam) -> None:
    lam.create("without", ASKS, Timeout=60, Environment=at(free_port()))

    assert ask(lam, SECRET, "without")[0] == 0


CALLS = [
    *[f"GET {path}".encode() for path in (SECRET, PARAMETER, "/secretsmanager/get", "/systemsmanager/parameters/get/")],
    *[
        f"GET /secretsmanager/get?{said}".encode()
        for said in ("secretId=%00", "secretId=%FF", "&&=&secretId", "a=b" * 99)
    ],
    *[f"GET {SECRET}&{said}".encode() for said in ("versionId=%0A", "versionStage=", "refreshNow=true", "&" * 60)],
    *[f"GET {PARAMETER}{said}".encode() for said in ("%3A1", "&version=x&label=y", "&version=-1", "%C3%A9" * 300)],
    *(b"POST /secretsmanager/get?secretId=db", b"HEAD /", b"OPTIONS *", b"GET /" + b"x" * 3000, b"GET http://a/b"),
]


@pytest.mark.parametrize("lam", [IN_A_NETWORK[2]], indirect=True, scope="module")
def test_whatever_comes_to_its_port_is_answered_or_refused(lam: OwnLam) -> None:
    """By who has the token, and by who has none; code is answered as before."""
    port = free_port()
    lam.create("fuzzed", ASKS + TELLS, Layers=[EXTENSION], Timeout=60, Environment=at(port))
    token = lam.invoke("fuzzed", {"path": SECRET, "tells": True}).payload
    host = f"localhost:{port}".encode()
    known = host + b"\r\nX-Aws-Parameters-Secrets-Token: " + token.encode()

    for seed, said in enumerate((known, known, host)):
        run(Fuzzer(seed, CALLS, said), ("127.0.0.1", port), 300)

    assert ask(lam, SECRET, "fuzzed")[0] == 200
