"""The journal of the services' process: what is in it, in which order it is made again, and what is left out."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from signing_rig import ISSUER

from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.objects.bodies import SMALL_BYTES, Bodies
from lambda_emu.services.child.program.state.changes import RequestKind, kind_of
from lambda_emu.services.child.program.state.journal import mark_ended, open_journal
from lambda_emu.services.child.program.state.keeping import Keeper
from lambda_emu.services.child.program.state.moment import moment, now
from lambda_emu.services.child.program.state.snapshots import Snapshots, made_by

Start = Callable[..., Any]


class Notebook:
    """A small service: it writes bodies down, refuses `no`, and fails as it is told."""

    def __init__(self, folder: Path) -> None:
        self.pages: list[bytes] = []
        self.times: list[float] = []
        self.fails_on: bytes | None = None
        self.before: Callable[[], None] = lambda: None
        self.prepare: Callable[[], None] = lambda: None
        self.front = Front("http://127.0.0.1:1", ISSUER)
        self.was_silent: list[bool] = []
        bodies = Bodies(folder / "bodies", is_kept=True)
        self.keeper = Keeper(folder, bodies, self.front, self.run, lambda _: self.prepare(), lambda: ["book"], ["book"])

    def run(self, service: str, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if body == self.fails_on:
            raise RuntimeError("as told")
        if body == b"no":
            start("400 No", [])
            return [b"no"]
        self.before()
        self.was_silent.append(self.front.is_silent)
        self.times.append(now().timestamp())
        self.pages.append(body)
        start("200 OK", [])
        return [b"yes"]

    def write(self, body: bytes, method: str = "PUT") -> bytes:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        return b"".join(self.keeper.serve("book", environ, lambda *_: None))

    def end(self) -> None:
        self.keeper.close()


def again(folder: Path, before: Notebook | None = None, **settings: Any) -> Notebook:
    """As the next process has it."""
    if before is not None:
        before.end()
    made = Notebook(folder)
    for name, value in settings.items():
        setattr(made, name, value)
    made.keeper.restore()
    return made


def test_changes_are_made_again_in_their_order_at_their_time_and_nobody_is_told(tmp_path: Path) -> None:
    first = again(tmp_path)
    for body in (b"a", b"b" * (SMALL_BYTES + 1), b"", b"a"):
        assert first.write(body) == b"yes"

    second = again(tmp_path, first)

    assert (second.pages, second.times) == (first.pages, first.times)
    assert (first.was_silent, second.was_silent) == ([False] * 4, [True] * 4)
    assert not second.front.is_silent


def test_what_was_refused_or_only_read_is_not_made_again(tmp_path: Path) -> None:
    first = again(tmp_path)
    first.write(b"no")
    first.write(b"read", method="GET")

    assert again(tmp_path, first).pages == []


def test_a_change_that_cannot_be_made_again_is_left_out_and_the_others_are_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = again(tmp_path)
    for body in (b"a", b"bad", b"c"):
        first.write(body)

    second = again(tmp_path, first, fails_on=b"bad")

    assert second.pages == [b"a", b"c"]
    assert "change 2 of the journal could not be made again" in caplog.text
    assert again(tmp_path, second).pages == [b"a", b"c"]


@pytest.mark.parametrize(("deaths", "pages"), [(1, [b"a", b"fatal"]), (2, [b"a"])])
def test_a_change_that_two_processes_died_of_is_not_tried_a_third_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, deaths: int, pages: list[bytes]
) -> None:
    """After one death it is: somebody may have killed the process just then."""
    first = again(tmp_path)
    first.write(b"a")
    first.write(b"fatal")
    first.end()
    journal = open_journal(tmp_path / "journal.db")
    for _ in range(deaths):
        journal.begin_again(2)
    journal.close()

    assert again(tmp_path).pages == pages
    assert ("died of change 2" in caplog.text) == (deaths > 1)


def test_a_change_that_processes_ended_at_with_their_server_is_tried_again(tmp_path: Path) -> None:
    first = again(tmp_path)
    first.write(b"a")
    first.end()
    for _ in range(3):
        journal = open_journal(tmp_path / "journal.db")
        journal.begin_again(1)
        journal.close()
        mark_ended(tmp_path)

    assert again(tmp_path).pages == [b"a"]


def test_a_process_that_is_killed_while_it_imports_a_service_does_not_die_of_a_change(tmp_path: Path) -> None:
    first = again(tmp_path)
    first.write(b"a")
    first.end()

    def killed() -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        book = Notebook(tmp_path)
        book.prepare = killed
        with pytest.raises(KeyboardInterrupt):
            book.keeper.restore()
        book.end()

    assert again(tmp_path).pages == [b"a"]


def test_a_body_that_is_being_taken_in_is_not_taken_for_one_that_nobody_needs(tmp_path: Path) -> None:
    book = again(tmp_path)
    large = b"b" * (SMALL_BYTES + 1)
    book.before = lambda: book.keeper.bodies.remove_all_but(())

    book.write(large)

    assert again(tmp_path, book).pages == [large]


def test_a_file_that_is_no_journal_is_put_aside_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "journal.db").write_bytes(b"no journal at all, but long enough to be one" * 100)

    again(tmp_path).write(b"a")

    assert list(tmp_path.glob("journal.broken-*"))
    assert "cannot be read" in caplog.text


def test_a_snapshot_of_another_version_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not a byte of it: what is behind its first line could have anything run."""
    (tmp_path / "snapshot").write_bytes(b"lambda-emu 0.0\ncos\nsystem\n(S'touch /tmp/read'\ntR.")

    found = Snapshots(tmp_path, again(tmp_path).keeper.bodies).load(lambda _: None)

    assert found is None
    assert "was written by lambda-emu 0.0" in caplog.text
    assert "lambda-emu" in made_by()


@pytest.mark.parametrize(
    "written", [b"", b"no pickle", pickle.dumps(made_by)[:-5], b"\x80\x04cbuiltins\nobject\n)\x92."]
)
def test_a_snapshot_that_cannot_be_read_keeps_nobody_from_the_journal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, written: bytes
) -> None:
    """As one whose classes are others since, though the version is the same."""
    (tmp_path / "snapshot").write_bytes(made_by().encode() + b"\n" + written)

    assert Snapshots(tmp_path, again(tmp_path).keeper.bodies).load(lambda _: None) is None
    assert "cannot be read; the journal alone is" in caplog.text


def test_what_others_are_told_of_a_change_waits_until_it_is_made(tmp_path: Path) -> None:
    book = again(tmp_path)
    told: list[str] = []

    def tell() -> None:
        current_request.tell(lambda: told.append(f"changing: {book.keeper.is_changing}"))
        assert told == []

    book.before = tell
    book.write(b"a")

    assert told == ["changing: False"]


def test_the_time_of_a_moment_is_the_same_again() -> None:
    with moment(7, 1234.5):
        first = now()
    with moment(7, 1234.5):
        assert now() == first
    assert now() != first


@pytest.mark.parametrize(
    ("service", "kept", "passing"),
    [
        ("dynamodb", ["PutItem", "BatchWriteItem", "TransactWriteItems", "UpdateTable"], ["GetItem", "Query", "Scan"]),
        ("secretsmanager", ["PutSecretValue", "DeleteSecret"], ["GetSecretValue", "ListSecrets"]),
        ("ssm", ["PutParameter", "LabelParameterVersion"], ["GetParametersByPath", "DescribeParameters"]),
        ("kms", ["CreateKey", "ScheduleKeyDeletion"], ["Encrypt", "Decrypt", "Sign", "Verify", "GenerateDataKey"]),
        ("stepfunctions", ["CreateStateMachine"], ["StartExecution", "SendTaskSuccess", "DescribeExecution"]),
        ("cloudwatch", ["PutMetricData", "PutDashboard"], ["GetDashboard", "GetMetricData", "ListMetrics"]),
        ("cognito-idp", ["SignUp", "VerifyUserAttribute", "InitiateAuth"], ["ListUsers", "GetUser"]),
        ("cognito-identity", ["GetId", "CreateIdentityPool"], ["GetCredentialsForIdentity"]),
        ("sns", ["CreateTopic", "Subscribe", "ConfirmSubscription"], ["Publish", "PublishBatch", "ListTopics"]),
        ("ses", ["VerifyEmailIdentity", "CreateTemplate", "DeleteReceiptRule"], ["SendEmail", "SendRawEmail"]),
        ("ses", ["SetActiveReceiptRuleSet"], ["SendTemplatedEmail", "SendBulkTemplatedEmail", "ListIdentities"]),
        ("iam", ["CreateUser", "PutRolePolicy", "UploadServerCertificate"], ["GetUser", "SimulateCustomPolicy"]),
        ("sts", ["AssumeRole", "AssumeRoleWithWebIdentity"], ["GetCallerIdentity", "DecodeAuthorizationMessage"]),
    ],
)
def test_operations_that_change_something_are_kept_and_no_others(
    service: str, kept: list[str], passing: list[str]
) -> None:
    operations = set(Session().get_service_model(service).operation_names)
    for names, kind in ((kept, RequestKind.CHANGE), (passing, RequestKind.READ)):
        for name in names:
            assert name in operations
            by_target = {"REQUEST_METHOD": "POST", "QUERY_STRING": "", "HTTP_X_AMZ_TARGET": f"X.{name}"}
            by_form = {"REQUEST_METHOD": "POST", "QUERY_STRING": ""}
            assert kind_of(service, by_target, b"") is kind
            assert kind_of(service, by_form, f"Action={name}&Version=1".encode()) is kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v2/email/outbound-emails", RequestKind.READ),
        ("/v2/email/outbound-bulk-emails", RequestKind.READ),
        ("/v2/email/identities", RequestKind.CHANGE),
        ("/v2/email/templates", RequestKind.CHANGE),
    ],
)
def test_what_is_sent_is_no_change_of_the_second_version_of_ses(path: str, kind: RequestKind) -> None:
    assert kind_of("sesv2", {"REQUEST_METHOD": "POST", "QUERY_STRING": "", "PATH_INFO": path}, b"") is kind


@pytest.mark.parametrize("name", ["CreateReceiptRule", "UpdateReceiptRule"])
def test_what_asks_our_own_server_is_made_beside_other_changes(name: str) -> None:
    environ = {"REQUEST_METHOD": "POST", "QUERY_STRING": ""}
    assert kind_of("ses", environ, f"Action={name}&Version=1".encode()) is RequestKind.CALLS


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("GET /b/k", RequestKind.READ),
        ("HEAD /b/k", RequestKind.READ),
        ("POST /b/k?select&select-type=2", RequestKind.READ),
        ("PUT /b/k", RequestKind.CHANGE),
        ("POST /b?delete", RequestKind.CHANGE),
        ("POST /b/k?uploads", RequestKind.CHANGE),
        ("DELETE /b/k", RequestKind.CHANGE),
        ("PUT /b?notification", RequestKind.CALLS),
    ],
)
def test_requests_of_s3_are_told_by_their_method(request_: str, kind: RequestKind) -> None:
    method, _, target = request_.partition(" ")
    query = target.partition("?")[2]

    assert kind_of("s3", {"REQUEST_METHOD": method, "QUERY_STRING": query}, b"") is kind
