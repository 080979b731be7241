"""Code from S3, from a server that speaks it and from ones that do not. docs/contract/api.md#texts."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, Api, refused, serving, zipped
from s3_rig import BUCKET, S3Peer, answering, s3_served

from lambda_emu.api.s3 import S3
from lambda_emu.arn import Scope
from lambda_emu.errors.code import UnzippedTooLarge
from lambda_emu.model.function.function import S3Object

FIRST, SECOND = (zipped({"app.py": f"def handler(event, context): return {number}"}) for number in (1, 2))
INVALID = "InvalidParameterValueException"
HERE: Any = {"S3Bucket": BUCKET, "S3Key": "app.zip"}


@pytest.fixture
def s3_peer() -> Iterator[S3Peer]:
    with s3_served() as peer:
        yield peer


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


@pytest.fixture
def api(tmp_path: Path, spool: Path, s3_peer: S3Peer) -> Iterator[Api]:
    with serving(tmp_path / "data", s3=S3(s3_peer.url, spool)) as api:
        yield api


def fetched(url: str) -> bytes:
    found: bytes = urllib.request.urlopen(url).read()
    return found


def code_of(api: Api, name: str = "f") -> Any:
    return api.client.get_function(FunctionName=name)["Code"]


def test_functions_and_layers_take_their_code_from_s3(api: Api, s3_peer: S3Peer, spool: Path) -> None:
    s3_peer.put("app.zip", FIRST)
    api.created("f", Code=HERE)
    created = fetched(code_of(api)["Location"])
    s3_peer.put("app.zip", SECOND)

    updated = api.client.update_function_code(FunctionName="f", S3Bucket=BUCKET, S3Key="app.zip")
    layer: Any = api.client.publish_layer_version(LayerName="words", Content=HERE)

    assert created == FIRST
    assert fetched(code_of(api)["Location"]) == fetched(layer["Content"]["Location"]) == SECOND
    assert updated["CodeSize"] == layer["Content"]["CodeSize"] == len(SECOND)
    assert list(spool.iterdir()) == []


def test_a_copy_names_no_object_and_outlives_it(api: Api, s3_peer: S3Peer) -> None:
    s3_peer.put("app.zip", FIRST)
    api.created("f", Code=HERE | {"S3ObjectStorageMode": "COPY"})

    s3_peer.client.delete_object(Bucket=BUCKET, Key="app.zip")

    assert code_of(api).keys() == {"RepositoryType", "Location"}
    assert fetched(code_of(api)["Location"]) == FIRST


def test_a_version_of_an_object_can_be_named(api: Api, s3_peer: S3Peer) -> None:
    s3_peer.keep_versions()
    first = s3_peer.put("app.zip", FIRST)
    s3_peer.put("app.zip", SECOND)

    api.created("f", Code=HERE | {"S3ObjectVersion": first})

    assert fetched(code_of(api)["Location"]) == FIRST
    with refused(INVALID):
        api.client.update_function_code(FunctionName="f", **HERE, S3ObjectVersion="none")


def test_a_reference_names_its_object_until_other_code_comes(api: Api, s3_peer: S3Peer) -> None:
    s3_peer.keep_versions()
    version = s3_peer.put("app.zip", FIRST)
    by_reference = HERE | {"S3ObjectStorageMode": "REFERENCE"}

    api.created("f", Code=by_reference)
    layer: Any = api.client.publish_layer_version(LayerName="words", Content=by_reference)

    resolved = HERE | {"S3ObjectVersion": version}
    assert code_of(api)["ResolvedS3Object"] == layer["Content"]["ResolvedS3Object"] == resolved
    assert api.client.get_account_settings()["AccountUsage"]["TotalCodeSize"] == 0
    api.client.update_function_code(FunctionName="f", ZipFile=SECOND)
    assert "ResolvedS3Object" not in code_of(api)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (HERE, "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."),
        (
            {"S3Bucket": "nobodys", "S3Key": "app.zip"},
            "S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
        ),
    ],
)
def test_what_s3_refuses_is_told_in_its_words(api: Api, source: Any, text: str) -> None:
    told = f"Error occurred while GetObject. {text}"

    with refused(INVALID, told):
        api.create("g", Code=source)
    with refused(INVALID, told):
        api.client.publish_layer_version(LayerName="words", Content=source)


def test_an_object_that_is_no_zip_is_refused_as_any_other(api: Api, s3_peer: S3Peer) -> None:
    s3_peer.put("app.zip", b"not a zip")

    with refused(INVALID, "Could not unzip uploaded file. Please check your file, then try to upload again."):
        api.create("f", Code=HERE)


def test_an_object_may_be_larger_than_a_zip_in_a_request(
    api: Api,
    s3_peer: S3Peer,
    spool: Path,
) -> None:
    large = zipped({"data": "x" * 52_500_000, "app.py": ""})
    s3_peer.put("app.zip", large)

    assert api.create("f", Code=HERE)["CodeSize"] == len(large)
    assert list(spool.iterdir()) == []


def test_the_zip_itself_is_held_to_the_limit_while_it_comes(s3_peer: S3Peer, spool: Path) -> None:
    s3_peer.put("app.zip", bytes(1001))
    fetch = S3(s3_peer.url, spool).fetch(S3Object(BUCKET, "app.zip"), Scope(ACCOUNT, REGION), 1000)

    with pytest.raises(UnzippedTooLarge), fetch:
        pytest.fail("it was fetched")
    assert list(spool.iterdir()) == []


def test_who_may_not_read_an_object_is_told_so(tmp_path: Path) -> None:
    denied = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    with (
        answering(403, denied) as url,
        serving(tmp_path, s3=S3(url)) as api,
        refused(
            "AccessDeniedException",
            "Your access has been denied by S3, please make sure your request credentials have permission to "
            "GetObject for code/app.zip. S3 Error Code: AccessDenied. S3 Error Message: Access Denied",
        ),
    ):
        api.create("f", Code=HERE)


def test_where_nobody_answers_it_is_told_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with serving(tmp_path, s3=S3(url)) as api:
        reply = api.send("POST /2018-10-31/layers/words/versions", {"Content": HERE})

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, INVALID)
    assert reply.json["message"].startswith(
        f"Error occurred while GetObject. S3 Error Code: EndpointUnreachable. S3 Error Message: {url} cannot be used"
    )
    assert reply.json["message"].endswith("Start it, or name another by --service s3=URL or LAMBDA_EMU_SERVICE.")


def test_without_credentials_for_aws_it_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with serving(tmp_path / "data", s3=S3(None)) as api:
        reply = api.send("POST /2018-10-31/layers/words/versions", {"Content": HERE})

    assert "S3 Error Code: NoCredentials. S3 Error Message: lambda-emu found no credentials" in reply.json["message"]


def test_a_server_that_hangs_up_in_the_middle_is_told_so(tmp_path: Path) -> None:
    with answering(200, b"PK", announced=100) as url, serving(tmp_path, s3=S3(url)) as api:
        reply = api.send("POST /2018-10-31/layers/words/versions", {"Content": HERE})

    assert "S3 Error Code: EndpointUnreachable" in reply.json["message"]


def test_what_speaks_to_s3_is_not_imported_before_it_is_needed() -> None:
    code = "import lambda_emu.server, sys; sys.exit('botocore.session' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
