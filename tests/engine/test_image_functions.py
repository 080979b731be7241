"""Functions packaged as images: what of an image holds, what the function sets, what is as for every other function.

docs/contract/runtime.md#sandbox, #images, docs/contract/invoke.md#function-errors, docs/contract/api.md#states.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import ROLE, Lam
from own import OwnLam, own_emulator
from registry_rig import registry_of
from shop_rig import REPOSITORY, Shop, create
from waiting import eventually

from lambda_emu.sandbox.docker.client import OWNER_LABEL
from lambda_emu.sandbox.docker.volumes import without_volumes
from lambda_emu.sandbox.leases import own_lease
from lambda_emu.sandbox.prune import prune

pytestmark = pytest.mark.docker

CLIENT = """
import json, os, sys, urllib.request as http
API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
def writable(path):
    try: open(path, "w").close()
    except OSError as error: return error.strerror
    return True
while True:
    event = http.urlopen(API + "next")
    found = {"argv": sys.argv, "cwd": os.getcwd(), "ids": [os.getuid(), os.getgid()], "env": dict(os.environ),
             "data": open("/data/file").read() if os.path.exists("/data/file") else None,
             "writable": {path: writable(path) for path in ("/srv/new", "/tmp/new", "/data/new", "/data/file")}}
    http.urlopen(API + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(found).encode()).read()
"""
OF_ITS_OWN = """
COPY client.py data /srv/
ENV GREETING=hello COLOUR=red PATH=/srv/bin:/usr/bin
WORKDIR /srv
USER 0
HEALTHCHECK CMD touch /tmp/checked
RUN mkdir -m 777 /data && echo "from the image" >/data/file && chmod 666 /data/file
VOLUME /data /data/below /tmp /var
ENTRYPOINT ["/var/lang/bin/python3.11", "/srv/client.py"]
CMD ["one", "two"]
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def like_aws(shop: Shop) -> str:
    """An image made from one like AWS's: a handler as CMD."""
    return shop.like_aws("like-aws")


@pytest.fixture(scope="module")
def own(shop: Shop) -> str:
    """An image with a runtime client of its own, and all that Lambda ignores."""
    return shop.build("own", OF_ITS_OWN, {"client.py": CLIENT, "data": ""})


@pytest.fixture(scope="module")
def shared(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """On Docker alone: only it has images. It ends before the shop, which cannot remove what is in use."""
    shop.image("python3.11")
    with own_emulator(tmp_path_factory.mktemp("project"), "docker", pull_images=False) as lam:
        yield lam


def point_to(lam: Lam, name: str, uri: str) -> None:
    lam.client.update_function_code(FunctionName=name, ImageUri=uri)
    lam.wait_until_active(name)


def test_the_handler_of_the_images_cmd_runs_with_what_the_image_holds(lam: Lam, like_aws: str) -> None:
    create(lam, "f", like_aws)

    answer = lam.invoke("f", {})

    assert (answer.payload["text"], answer.payload["opt"]) == ("first", "from the image")
    assert answer.payload["env"]["_HANDLER"] == "app.handler"
    assert answer.payload["env"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_Image"
    assert answer.report["memory"] == "128"
    assert answer.report["init"] is not None


def test_the_digest_of_an_image_that_is_there_is_shown_at_once(lam: Lam, shop: Shop, like_aws: str) -> None:
    digest = str(shop.client.images.get(like_aws).id).removeprefix("sha256:")

    created = lam.client.create_function(FunctionName="f", PackageType="Image", Code={"ImageUri": like_aws}, Role=ROLE)
    lam._names.append("f")
    lam.wait_until_active("f")

    found = lam.client.get_function(FunctionName="f")
    assert created["CodeSha256"] == found["Configuration"]["CodeSha256"] == digest
    assert found["Code"] == {
        "RepositoryType": "ECR",
        "ImageUri": like_aws,
        "ResolvedImageUri": f"{REPOSITORY}@sha256:{digest}",
    }


def test_an_image_with_a_client_of_its_own_starts_as_it_says(lam: Lam, own: str) -> None:
    create(lam, "f", own)

    found = lam.invoke("f", {}).payload

    assert (found["argv"], found["cwd"]) == (["/srv/client.py", "one", "two"], "/srv")


def test_user_volumes_and_health_check_are_ignored_and_only_tmp_can_be_written(lam: Lam, shop: Shop, own: str) -> None:
    create(lam, "f", own)

    found = lam.invoke("f", {}).payload

    assert found["ids"] == [993, 990]
    assert found["data"] == "from the image\n"
    assert found["writable"] == {
        **dict.fromkeys(("/srv/new", "/data/new", "/data/file"), "Read-only file system"), "/tmp/new": True
    }  # fmt: skip
    container = shop.client.containers.get(lam.environments("f")[0].id)
    assert container.attrs["Config"]["Healthcheck"]["Test"] == ["NONE"]
    assert [mount for mount in container.attrs["Mounts"] if mount["Type"] == "volume"] == []


def test_an_image_that_was_made_without_volumes_goes_with_its_emulator(shop: Shop, own: str, tmp_path: Path) -> None:
    api: Any = shop.client.api
    with own_emulator(tmp_path, "docker", pull_images=False, stems=0) as lam:
        create(lam, "f", own)
        for timeout_s in (11, 12):
            lam.update("f", Timeout=timeout_s)
            lam.invoke("f", {})
        made = {api.inspect_container(one.id)["Image"] for one in lam.environments("f")}
        lam.client.delete_function(FunctionName="f")
        eventually(
            lambda: not any(api.containers(filters={"ancestor": image}) for image in made), "their containers' end"
        )

    assert len(made) == 1
    assert not made & {shop.client.images.get(own).id, *all_images(shop)}


@pytest.mark.usefixtures("nobody_else_prunes")
def test_prune_removes_what_a_killed_emulator_made_without_volumes(shop: Shop, own: str, tmp_path: Path) -> None:
    api: Any = shop.client.api
    owners = own_lease(), f"{gethostname()}:1:0"
    ours, dead = (without_volumes(api, api.inspect_image(own), {OWNER_LABEL: owner}) for owner in owners)

    pruned = [one.id for one in prune(tmp_path)]

    assert (dead in pruned, dead in all_images(shop)) == (True, False)
    assert (ours in pruned, ours in all_images(shop)) == (False, True)
    api.remove_image(ours)


def test_an_engine_that_takes_no_such_image_keeps_the_volumes_and_that_is_told(
    own: str, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Here by layers that it has not, as one that keeps images in another way says of all."""
    api: Any = shop.client.api
    seen = api.inspect_image(own)
    foreign = {**seen, "RootFS": {"Type": "layers", "Layers": [f"sha256:{'0' * 64}"]}}

    assert without_volumes(api, foreign, {}) == seen["Id"]
    assert "/data, /data/below, /tmp, /var can be written, without a limit" in caplog.text


def all_images(shop: Shop) -> set[str]:
    """Those without a name too."""
    return {str(image["Id"]) for image in shop.client.api.images(all=True)}


def test_variables_of_the_image_hold_unless_the_function_sets_them(lam: Lam, own: str) -> None:
    create(lam, "f", own, Environment={"Variables": {"COLOUR": "blue"}})

    found = lam.invoke("f", {}).payload["env"]

    assert (found["GREETING"], found["COLOUR"], found["PATH"]) == ("hello", "blue", "/srv/bin:/usr/bin")
    assert (found["AWS_LAMBDA_FUNCTION_NAME"], found["LAMBDA_TASK_ROOT"]) == ("f", "/var/task")
    assert not {"_HANDLER", "LAMBDA_EMU_INIT"} & found.keys()


def test_the_function_replaces_command_entry_point_and_directory_each_by_itself(lam: Lam, own: str) -> None:
    create(lam, "f", own, ImageConfig={"Command": ["three"]})
    as_created = lam.invoke("f", {}).payload

    lam.update("f", ImageConfig={"EntryPoint": ["python3.11", "client.py", "-v"], "WorkingDirectory": "/srv/../srv"},
               Environment={"Variables": {"PATH": "/var/lang/bin"}})  # fmt: skip
    as_updated = lam.invoke("f", {}).payload
    lam.update("f", ImageConfig={})
    as_it_says = lam.invoke("f", {}).payload

    assert as_created["argv"] == ["/srv/client.py", "three"]
    assert (as_updated["argv"], as_updated["cwd"]) == (["client.py", "-v", "one", "two"], "/srv")
    assert as_it_says["argv"] == ["/srv/client.py", "one", "two"]


def test_another_handler_is_another_command(lam: Lam, like_aws: str) -> None:
    create(lam, "f", like_aws, ImageConfig={"Command": ["app.other"]})

    assert lam.invoke("f", {}).payload == "other"


def test_a_tag_is_resolved_when_the_code_is_set_and_a_version_keeps_its_image(lam: Lam, shop: Shop) -> None:
    moving = shop.like_aws("moving", "def handler(event, context): return 'old'")
    before = create(lam, "f", moving, Publish=True)
    shop.like_aws("moving", "def handler(event, context): return 'new'")

    as_before = lam.invoke("f", {}).payload
    point_to(lam, "f", moving)

    assert as_before == "old"
    assert lam.invoke("f", {}).payload == "new"
    assert lam.invoke("f", {}, Qualifier="1").payload == "old"
    assert lam.client.get_function_configuration(FunctionName="f")["CodeSha256"] != before["CodeSha256"]
    assert lam.client.publish_version(FunctionName="f")["Version"] == "2"


def test_a_missing_image_fails_the_function_until_there_is_one(lam: Lam, shop: Shop) -> None:
    missing = f"{REPOSITORY}:missing"
    failed = create(lam, "f", missing)

    shop.like_aws("missing")
    point_to(lam, "f", missing)

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert f"docker build -t {missing} ." in failed["StateReason"]
    assert lam.invoke("f", {}).payload["text"] == "first"


def test_a_failed_update_leaves_the_old_image_at_work(lam: Lam, like_aws: str) -> None:
    create(lam, "f", like_aws)

    point_to(lam, "f", f"{REPOSITORY}:nowhere")

    found = lam.client.get_function_configuration(FunctionName="f")
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Failed")
    assert found["LastUpdateStatusReasonCode"] == "InvalidImage"
    assert lam.invoke("f", {}).payload["text"] == "first"


def test_an_image_for_another_machine_is_refused(lam: Lam, like_aws: str) -> None:
    failed = create(lam, "f", like_aws, Architectures=["arm64"])

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert "--platform linux/arm64" in failed["StateReason"]


def test_a_crash_resets_all_but_tmp(lam: Lam, like_aws: str) -> None:
    create(lam, "f", like_aws, ImageConfig={"Command": ["app.counting"]})
    lam.invoke("f", {"write": "x"})

    crashed = lam.invoke("f", {"exit": 7})

    assert crashed.payload["errorMessage"].endswith("Runtime exited with error: exit status 7")
    assert lam.invoke("f", {}).payload == [1, "x"]


def test_memory_is_limited(lam: Lam, like_aws: str) -> None:
    create(lam, "f", like_aws, ImageConfig={"Command": ["app.counting"]})

    answer = lam.invoke("f", {"fill": 300})

    assert answer.payload["errorType"] == "Runtime.OutOfMemory"


@pytest.mark.parametrize(("config", "error", "text"), [
    ({}, "Runtime.InvalidEntrypoint", "fork/exec /no/such/program: no such file or directory"),
    ({"EntryPoint": ["/data"]}, "Runtime.InvalidEntrypoint", "fork/exec /data: exec format error"),
    ({"EntryPoint": ["/etc/hosts"]}, "Runtime.InvalidEntrypoint", "fork/exec /etc/hosts: permission denied"),
    ({"WorkingDirectory": "/nowhere"}, "Runtime.InvalidWorkingDir", "chdir /nowhere: no such file or directory"),
])  # fmt: skip
def test_what_cannot_be_started_is_said(lam: Lam, shop: Shop, config: dict[str, Any], error: str, text: str) -> None:
    """In an image that has nothing but one file, which is no program."""
    bare = shop.build("bare", 'COPY data /\nCMD ["/no/such/program"]', {"data": "x"}, base="scratch")
    create(lam, "f", bare, ImageConfig=config)

    answer = lam.invoke("f", {})

    assert answer.payload == {"errorType": error, "errorMessage": f"RequestId: {answer.request_id} Error: {text}"}
    assert (answer.report["status"], answer.report["error"]) == ("error", error)


def test_functions_of_images_survive_a_restart(like_aws: str, tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", pull_images=False) as lam:
        create(lam, "f", like_aws)

    with own_emulator(tmp_path, "docker", pull_images=False) as lam:
        assert lam.invoke("f", {}).payload["text"] == "first"


def test_an_image_that_was_removed_is_missed_in_words(shop: Shop, tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", pull_images=False) as lam:
        create(lam, "f", shop.like_aws("removed", "removed = True"))
    shop.forget(f"{REPOSITORY}:removed")

    with own_emulator(tmp_path, "docker", pull_images=False) as lam, pytest.raises(ClientError) as refused:
        lam.invoke("f", {})

    assert refused.value.response["Error"]["Code"] == "ServiceException"
    assert "no longer has image" in str(refused.value)


def test_a_missing_image_is_pulled_and_known_by_its_registrys_digest(shop: Shop, tmp_path: Path) -> None:
    bare = shop.build("pulled", 'COPY data /\nCMD ["/no/such/program"]', {"data": "x"}, base="scratch")
    with registry_of(shop.client, bare) as registry, own_emulator(tmp_path, "docker") as lam:
        uri = f"{registry.host}/app:1"

        found = create(lam, "f", uri)

        assert (found["State"], found["CodeSha256"]) == ("Active", registry.digest)
        resolved = lam.client.get_function(FunctionName="f")["Code"]["ResolvedImageUri"]
        assert resolved == f"{registry.host}/app@sha256:{registry.digest}"
        assert lam.invoke("f", {}).payload["errorType"] == "Runtime.InvalidEntrypoint"
        shop.forget(uri)


@pytest.mark.parametrize(("name", "code", "hint"), [
    ("missing", "InvalidImage", "docker build -t"),
    ("private", "ImageAccessDenied", "docker login"),
])  # fmt: skip
def test_a_registrys_refusal_fails_the_function(shop: Shop, tmp_path: Path, name: str, code: str, hint: str) -> None:
    bare = shop.build("pulled", 'COPY data /\nCMD ["/no/such/program"]', {"data": "x"}, base="scratch")
    with registry_of(shop.client, bare) as registry, own_emulator(tmp_path, "docker") as lam:
        failed = create(lam, "f", f"{registry.host}/{name}:1")

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", code)
    assert hint in failed["StateReason"]


def test_a_registry_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker") as lam:
        failed = create(lam, "f", "registry.invalid/app:1")

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert "registry.invalid does not answer" in failed["StateReason"]


def test_without_docker_the_function_says_what_it_needs(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        failed = create(lam, "f", "any:tag")

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert "needs Docker" in failed["StateReason"]
