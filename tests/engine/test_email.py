"""E-mail: what SES is told to send is in the outbox, and who receives by a rule is told. By boto3, as on AWS."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from email import message_from_bytes, message_from_string
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from own import OwnLam, Served, own_emulator, served
from services_rig import ACCOUNT, Inbox, sdk

from lambda_emu.services.child.program.mails.rules import matching

SHOP = "shop@example.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
LINKS = {"TemplateName": "hi", "SubjectPart": "For {{who.name}}", "TextPart": "{{count}} items", "HtmlPart": ""}


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("email"), "process", stems=0, account=ACCOUNT) as lam:
        sdk(lam, "ses").verify_email_identity(EmailAddress=SHOP)
        yield lam


@pytest.fixture
def to(name: str) -> str:
    """An address that only this test writes to."""
    return f"{name}@customer.example"


def outbox(lam: Any, to: str) -> list[dict[str, Any]]:
    """What was sent there, as a user reads it."""
    asked = Request(f"{lam.url}/_lambda-emu/services", headers={"X-Lambda-Emu-Token": lam.emulator.token})
    with urlopen(asked, timeout=30) as answer:
        return [one for one in json.load(answer)["outbox"] if to in one["to"]]


def text(words: str) -> dict[str, Any]:
    return {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": words}}}


def test_an_email_is_in_the_outbox_with_all_that_a_reader_sees(lam: OwnLam, to: str) -> None:
    message = text("Thank you, Jörg") | {"Subject": {"Data": "Überraschung"}}
    message["Body"]["Html"] = {"Data": "<b>Thank you</b>"}

    sent = sdk(lam, "ses").send_email(
        Source=f"The shop <{SHOP}>",
        Destination={"ToAddresses": [to, f"Ada <b{to}>"], "CcAddresses": [f"c{to}"], "BccAddresses": [f"d{to}"]},
        Message=message,
        ReplyToAddresses=["help@example.com"],
    )

    (told,) = outbox(lam, to)
    assert told.pop("time").endswith("Z")
    assert told == {
        "by": "email",
        "id": sent["MessageId"],
        "from": f"The shop <{SHOP}>",
        "to": f"{to}, Ada <b{to}>",
        "cc": f"c{to}",
        "bcc": f"d{to}",
        "reply_to": "help@example.com",
        "subject": "Überraschung",
        "text": "Thank you, Jörg",
        "html": "<b>Thank you</b>",
        "message": "Thank you, Jörg",
        "attachments": [],
        "account": ACCOUNT,
        "region": "us-east-1",
    }


def test_a_raw_email_is_read_as_a_mail_program_reads_it(lam: OwnLam, to: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Bcc"], mail["Subject"] = SHOP, to, f"d{to}", "Rechnung für Jörg"
    mail.set_content("siehe Anhang ü", charset="iso-8859-1", cte="8bit")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")

    sent = sdk(lam, "ses").send_raw_email(RawMessage={"Data": mail.as_bytes()})
    also = sdk(lam, "sesv2").send_email(Content={"Raw": {"Data": mail.as_bytes()}})

    first, second = outbox(lam, to)
    assert (first["id"], second["id"]) == (sent["MessageId"], also["MessageId"])
    for told in (first, second):
        assert (told["from"], told["to"], told["bcc"], told["subject"]) == (SHOP, to, f"d{to}", "Rechnung für Jörg")
        assert told["text"] == "siehe Anhang ü"
        assert told["attachments"] == [{"name": "invoice.pdf", "type": "application/pdf", "bytes": 4}]


def test_the_second_version_sends_text_html_headers_and_attachments(lam: OwnLam, to: str) -> None:
    attached = {"FileName": "a.csv", "RawContent": b"a,b", "ContentType": "text/csv"}
    simple = text("see below") | {"Attachments": [attached]}

    sent = sdk(lam, "sesv2").send_email(
        FromEmailAddress=SHOP, Destination={"ToAddresses": [to]}, Content={"Simple": simple}
    )

    (told,) = outbox(lam, to)
    assert (told["id"], told["text"], told["subject"]) == (sent["MessageId"], "see below", "Your order")
    assert told["attachments"] == [{"name": "a.csv", "type": "text/csv", "bytes": 3}]


def test_templates_of_either_version_are_filled_in(lam: OwnLam, to: str) -> None:
    ses, sesv2 = sdk(lam, "ses"), sdk(lam, "sesv2")
    ses.create_template(Template=LINKS)
    content = {"Subject": "2 {{a}}", "Text": "{{#each l}}{{x}};{{/each}}"}
    sesv2.create_email_template(TemplateName="two", TemplateContent=content)
    data = json.dumps({"who": {"name": "Ada"}, "count": 3})

    ses.send_templated_email(Source=SHOP, Destination={"ToAddresses": [to]}, Template="hi", TemplateData=data)
    sesv2.send_email(
        FromEmailAddress=SHOP,
        Destination={"ToAddresses": [to]},
        Content={"Template": {"TemplateName": "two", "TemplateData": '{"a": "b", "l": [{"x": 1}, {"x": 2}]}'}},
    )
    many = ses.send_bulk_templated_email(
        Source=SHOP,
        Template="hi",
        DefaultTemplateData=data,
        Destinations=[
            {"Destination": {"ToAddresses": [to]}, "ReplacementTemplateData": '{"count": 4}'},
            {"Destination": {"ToAddresses": ["nobody"]}},
        ],
    )["Status"]
    inline = {"TemplateContent": {"Subject": "in {{line}}"}, "TemplateData": '{"line": "line"}'}
    bulk = sesv2.send_bulk_email(
        FromEmailAddress=SHOP,
        DefaultContent={"Template": inline},
        BulkEmailEntries=[{"Destination": {"ToAddresses": [to]}}],
    )["BulkEmailEntryResults"]

    told = outbox(lam, to)
    assert [(one["subject"], one["text"]) for one in told] == [
        ("For Ada", "3 items"), ("2 b", "1;2;"), ("For Ada", "4 items"), ("in line", "")
    ]  # fmt: skip
    assert [(one["Status"], one.get("MessageId")) for one in many] == [
        ("Success", told[2]["id"]), ("InvalidParameterValue", None)
    ]  # fmt: skip
    assert bulk == [{"Status": "SUCCESS", "MessageId": told[3]["id"]}]
    assert [one["TemplateName"] for one in sesv2.list_email_templates()["TemplatesMetadata"]] == ["hi", "two"]
    assert ses.get_template(TemplateName="two")["Template"]["SubjectPart"] == "2 {{a}}"
    sesv2.delete_email_template(TemplateName="two")
    with pytest.raises(ClientError, match="TemplateDoesNotExist"):
        ses.get_template(TemplateName="two")


@pytest.mark.parametrize(
    ("source", "verified", "is_sent"),
    [
        ("a@known.example", "a@known.example", True),
        ("Ada <a+orders@known.example>", "a@known.example", True),
        ("b@known.example", "a@known.example", False),
        ("any@domain.example", "domain.example", True),
        ("any@below.domain.example", "domain.example", True),
        ("any@otherdomain.example", "domain.example", False),
    ],
)
def test_who_is_not_verified_cannot_send(lam: OwnLam, to: str, source: str, verified: str, is_sent: bool) -> None:
    ses, sesv2 = sdk(lam, "ses"), sdk(lam, "sesv2")
    if "@" in verified:
        ses.verify_email_identity(EmailAddress=verified)
    else:
        sesv2.create_email_identity(EmailIdentity=verified)
    assert sesv2.get_email_identity(EmailIdentity=verified)["VerifiedForSendingStatus"] is True

    def sends() -> Iterator[None]:
        yield ses.send_email(Source=source, Destination={"ToAddresses": [to]}, Message=text("x"))
        yield sesv2.send_email(
            FromEmailAddress=source, Destination={"ToAddresses": [to]}, Content={"Simple": text("x")}
        )

    if is_sent:
        assert len(list(sends())) == len(outbox(lam, to)) == 2
        return
    for version in range(2):
        with pytest.raises(ClientError) as refused:
            list(sends())[version]
        assert refused.value.response["Error"]["Code"] == "MessageRejected"
        assert refused.value.response["Error"]["Message"] == (
            "Email address is not verified. The following identities failed the check in region US-EAST-1: " + source
        )
    assert outbox(lam, to) == []


def test_older_sdks_list_identities_by_a_path_of_their_own(lam: OwnLam) -> None:
    scope = f"{ACCOUNT}/20260101/us-east-1/ses/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"}
    with urlopen(Request(f"{lam.url}/v2/email/identities?PageSize=9", headers=signed), timeout=30) as answer:
        older = [one["IdentityName"] for one in json.load(answer)["EmailIdentities"]]

    newer = sdk(lam, "sesv2").list_email_identities(PageSize=9)["EmailIdentities"]
    assert SHOP in older
    assert older == [one["IdentityName"] for one in newer]


def test_what_is_no_email_is_refused(lam: OwnLam, to: str) -> None:
    ses, sesv2 = sdk(lam, "ses"), sdk(lam, "sesv2")
    many = {"ToAddresses": [f"{number}{to}" for number in range(51)]}
    first, second = partial(ses.send_email, Source=SHOP), partial(sesv2.send_email, FromEmailAddress=SHOP)
    raw, filled = partial(ses.send_raw_email), partial(ses.send_templated_email, Source=SHOP, TemplateData="{}")
    large = f"From: {SHOP}\r\nTo: {to}\r\n\r\n".encode() + b"x\r\n" * (10 * 1024 * 1024 // 3)
    template = {"Template": {"TemplateName": "no", "TemplateData": "{}"}}
    mistakes: list[tuple[str, Callable[[], object]]] = [
        ("InvalidParameterValue", lambda: first(Destination=many, Message=text("x"))),
        ("InvalidParameterValue", lambda: first(Destination={"ToAddresses": ["a"]}, Message=text("x"))),
        ("InvalidParameterValue", lambda: first(Destination={}, Message=text("x"))),
        ("InvalidParameterValue", lambda: first(Destination={"ToAddresses": ["(" * 900 + to]}, Message=text("x"))),
        ("InvalidParameterValue", lambda: first(Destination={"ToAddresses": ["(" * 500]}, Message=text("x"))),
        ("InvalidParameterValue", lambda: raw(RawMessage={"Data": b"\xff\xfe"})),
        ("InvalidParameterValue", lambda: raw(RawMessage={"Data": large})),
        ("TemplateDoesNotExist", lambda: filled(Destination={"ToAddresses": [to]}, Template="no")),
        ("NotFoundException", lambda: second(Destination={"ToAddresses": [to]}, Content=template)),
        ("BadRequestException", lambda: second(Content={"Simple": text("x")})),
    ]
    for code, send in mistakes:
        with pytest.raises(ClientError) as refused:
            send()
        assert refused.value.response["Error"]["Code"] == code
    crossing = text("x") | {"Subject": {"Data": "a\r\nBcc: victim@example.com"}}
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        first(Destination={"ToAddresses": [to]}, Message=crossing)
    assert outbox(lam, to) == []


TELLS = """
import json
import os
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    return {"disposition": os.environ.get("DISPOSITION", "CONTINUE")}
"""


class Receiver:
    """A rule set of its own, which is active, and functions that tell a queue of each event."""

    def __init__(self, lam: Any, heard: Inbox, name: str) -> None:
        self.lam, self.heard, self.name = lam, heard, name
        self.ses = sdk(lam, "ses")
        self.ses.create_receipt_rule_set(RuleSetName=name)
        self.ses.set_active_receipt_rule_set(RuleSetName=name)
        self.last = ""

    def function(self, name: str, code: str = TELLS, **variables: str) -> str:
        """Its ARN."""
        told = {"Variables": {"QUEUE": self.heard.url, **variables}}
        self.lam.create(name, code, Role=ROLE, Environment=told, Timeout=20)
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"

    def rule(self, name: str, recipients: list[str], *actions: dict[str, Any], **more: Any) -> None:
        """The next one."""
        rule = {"Name": name, "Enabled": True, "Recipients": recipients, "Actions": list(actions), **more}
        self.ses.create_receipt_rule(RuleSetName=self.name, Rule=rule, **({"After": self.last} if self.last else {}))
        self.last = name

    def write(self, to: str, words: str = "help!") -> str:
        sent = self.ses.send_email(Source=SHOP, Destination={"ToAddresses": [to]}, Message=text(words))
        return str(sent["MessageId"])


def runs(arn: str, kind: str = "Event") -> dict[str, Any]:
    return {"LambdaAction": {"FunctionArn": arn, "InvocationType": kind}}


@pytest.fixture
def receiver(lam: OwnLam, name: str) -> Iterator[Receiver]:
    made = Receiver(lam, Inbox(lam, name), name)
    yield made
    made.ses.set_active_receipt_rule_set()


def test_a_function_is_told_of_an_email_that_a_rule_names(receiver: Receiver, name: str, to: str) -> None:
    arn = receiver.function(name)
    receiver.rule("orders", [to], runs(arn))

    sent = receiver.write(to)
    receiver.write(f"else-{to}")

    (record,) = json.loads(receiver.heard.next()["Body"])["Records"]
    assert receiver.heard.next(1) is None
    assert list(record) == ["eventSource", "eventVersion", "ses"]
    assert (record["eventSource"], record["eventVersion"]) == ("aws:ses", "1.0")
    mail, receipt = record["ses"]["mail"], record["ses"]["receipt"]
    assert (mail["source"], mail["destination"], mail["headersTruncated"]) == (SHOP, [to], False)
    assert len(mail["messageId"]) == 40
    assert {"name": "To", "value": to} in mail["headers"]
    assert mail["commonHeaders"].pop("date")
    assert mail["commonHeaders"] == {
        "returnPath": SHOP,
        "from": [SHOP],
        "to": [to],
        "messageId": f"<{sent}@email.amazonses.com>",
        "subject": "Your order",
    }
    assert receipt["recipients"] == [to]
    assert receipt["spamVerdict"] == receipt["dmarcVerdict"] == {"status": "PASS"}
    assert receipt["action"] == {"type": "Lambda", "functionArn": arn, "invocationType": "Event"}


def test_buckets_and_topics_get_the_email_itself(receiver: Receiver, lam: OwnLam, name: str, to: str) -> None:
    s3, sns = sdk(lam, "s3"), sdk(lam, "sns")
    s3.create_bucket(Bucket=name)
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=receiver.heard.arn)
    kept = {"S3Action": {"BucketName": name, "ObjectKeyPrefix": "in/", "TopicArn": topic}}
    header = {"AddHeaderAction": {"HeaderName": "X-Seen", "HeaderValue": "yes"}}
    receiver.rule("orders", ["customer.example"], header, kept, {"SNSAction": {"TopicArn": topic}})

    receiver.write(to, "where is it?")

    first, second = (json.loads(json.loads(body)["Message"]) for body in receiver.heard.bodies(2))
    key = f"in/{first['mail']['messageId']}"
    assert first["notificationType"] == second["notificationType"] == "Received"
    assert first["receipt"]["action"] == {
        "type": "S3", "bucketName": name, "objectKeyPrefix": "in/", "objectKey": key, "topicArn": topic
    }  # fmt: skip
    assert second["receipt"]["action"] == {"type": "SNS", "topicArn": topic, "encoding": "UTF-8"}
    assert "content" not in first
    read = message_from_bytes(s3.get_object(Bucket=name, Key=key)["Body"].read(), policy=default)
    assert (read["X-Seen"], read["To"], read.get_content().strip()) == ("yes", to, "where is it?")
    assert message_from_string(second["content"], policy=default)["X-Seen"] == "yes"


@pytest.mark.parametrize(
    ("disposition", "heard"),
    [("CONTINUE", ["first", "second", "third"]), ("STOP_RULE", ["first", "third"]), ("STOP_RULE_SET", ["first"])],
)
def test_a_function_that_is_waited_for_says_what_happens_next(
    receiver: Receiver, name: str, to: str, disposition: str, heard: list[str]
) -> None:
    asked = receiver.function(f"{name}-first", DISPOSITION=disposition)
    others = [receiver.function(f"{name}-{one}") for one in ("second", "third")]
    receiver.rule("a", [to], runs(asked, "RequestResponse"), runs(others[0], "RequestResponse"))
    receiver.rule("b", [to], runs(others[1], "RequestResponse"))

    receiver.write(to)

    bodies = [json.loads(body) for body in receiver.heard.bodies(len(heard))]
    arns = [one["Records"][0]["ses"]["receipt"]["action"]["functionArn"] for one in bodies]
    assert [arn.rpartition("-")[2] for arn in arns] == heard


@pytest.mark.parametrize(
    ("recipients", "is_meant"),
    [
        (["customer.example"], True),
        ([".customer.example"], False),
        ([".example"], True),
        (["NAME@Customer.example"], True),
        (["other.example", "name@customer.example"], True),
        (["name@other.example"], False),
        ([], False),
    ],
)
def test_rules_name_addresses_domains_and_what_is_below_them(recipients: list[str], is_meant: bool) -> None:
    rule = {"Name": "r", "Enabled": True, "Recipients": recipients}
    found = matching(rule, ["name+label@customer.example"], frozenset(("shop.example",)))
    assert found == (["name+label@customer.example"] if is_meant else [])
    assert matching({**rule, "Enabled": False}, ["name@customer.example"], frozenset()) == []


def test_a_rule_that_names_nobody_is_for_the_domains_that_are_verified() -> None:
    rule = {"Name": "r", "Enabled": True}
    found = matching(rule, ["a@shop.example", "b@else.example"], frozenset(("shop.example",)))
    assert found == ["a@shop.example"]


def test_rules_are_ordered_changed_and_removed(receiver: Receiver, name: str, to: str) -> None:
    ses, stop = receiver.ses, {"StopAction": {"Scope": "RuleSet"}}
    for rule in "abc":
        receiver.rule(rule, [to], stop)

    def order() -> str:
        return "".join(one["Name"] for one in ses.describe_receipt_rule_set(RuleSetName=name)["Rules"])

    assert order() == "abc"
    ses.set_receipt_rule_position(RuleSetName=name, RuleName="a", After="b")
    assert order() == "bac"
    ses.reorder_receipt_rule_set(RuleSetName=name, RuleNames=["c", "b", "a"])
    assert order() == "cba"
    ses.delete_receipt_rule(RuleSetName=name, RuleName="b")
    assert order() == "ca"
    nobody = runs(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none")
    changed = {"Name": "a", "Enabled": True, "Actions": [nobody]}
    none = f"arn:aws:sns:us-east-1:{ACCOUNT}:none"
    mistakes: list[tuple[str, Callable[[], object]]] = [
        ("InvalidLambdaFunction", lambda: receiver.rule("d", [to], nobody)),
        ("InvalidLambdaFunction", lambda: ses.update_receipt_rule(RuleSetName=name, Rule=changed)),
        ("InvalidS3Configuration", lambda: receiver.rule("d", [to], {"S3Action": {"BucketName": f"no-{name}"}})),
        ("InvalidSnsTopic", lambda: receiver.rule("d", [to], {"SNSAction": {"TopicArn": none}})),
        ("AlreadyExists", lambda: receiver.rule("a", [], stop)),
        ("RuleDoesNotExist", lambda: ses.reorder_receipt_rule_set(RuleSetName=name, RuleNames=["a"])),
        ("RuleDoesNotExist", lambda: ses.set_receipt_rule_position(RuleSetName=name, RuleName="a", After="z")),
    ]
    for code, change in mistakes:
        with pytest.raises(ClientError) as refused:
            change()
        assert refused.value.response["Error"]["Code"].startswith(code)


def child_of(lam: Served) -> int:
    processes = json.loads(lam.page("services"))["processes"]
    return int(next(one["pid"] for one in processes if one["name"] == "moto"))


def test_identities_are_told_of_what_became_of_their_emails(lam: OwnLam, name: str) -> None:
    """By the addresses of SES's simulator."""
    ses, sns, heard = sdk(lam, "ses"), sdk(lam, "sns"), Inbox(lam, name)
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    domain = f"{name}.example"
    ses.verify_domain_identity(Domain=domain)
    ses.set_identity_notification_topic(Identity=domain, NotificationType="Bounce", SnsTopic=topic)

    destination = {"ToAddresses": ["bounce@simulator.amazonses.com"]}
    ses.send_email(Source=f"a@{domain}", Destination=destination, Message=text("x"))

    message = json.loads(json.loads(heard.next()["Body"])["Message"])
    assert message["bounce"]["bounceType"] == "Permanent"
    assert message["mail"]["sendingAccountId"] == ACCOUNT


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "ephemeral"])
def test_a_reset_empties_the_outbox_and_forgets_alarms(tmp_path: Path, kept: bool) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, ephemeral=not kept) as lam:
        ses, cloudwatch, to = sdk(lam, "ses"), sdk(lam, "cloudwatch"), "a@x.example"

        def send() -> None:
            ses.verify_email_identity(EmailAddress=SHOP)
            ses.send_email(Source=SHOP, Destination={"ToAddresses": [to]}, Message=text("x"))

        send()
        judged = {"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Period": 60}
        cloudwatch.put_metric_alarm(AlarmName="a", Namespace="N", MetricName="m", Statistic="Sum", **judged)
        before = len(outbox(lam, to))

        lam.emulator.reset()

        assert (before, outbox(lam, to)) == (1, [])
        assert ses.list_identities()["Identities"] == cloudwatch.describe_alarms()["MetricAlarms"] == []
        assert cloudwatch.describe_alarm_history()["AlarmHistoryItems"] == []
        send()
        assert len(outbox(lam, to)) == 1


def test_what_was_sent_and_what_is_to_be_received_outlives_a_kill(tmp_path: Path) -> None:
    """What was under way may come twice."""
    slow = TELLS.replace("    sqs = ", "    import time; time.sleep(2)\n    sqs = ")
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        sdk(lam, "ses").verify_email_identity(EmailAddress=SHOP)
        receiver = Receiver(lam, Inbox(lam, "heard"), "rules")
        arn = receiver.function("slow", slow)
        receiver.rule("orders", ["a@x.example"], runs(arn, "RequestResponse"))
        sent = [receiver.write("a@x.example"), receiver.write("b@x.example")]
        os.kill(child_of(lam), signal.SIGKILL)
        again = sdk(lam, "ses", retries={"total_max_attempts": 5})
        assert again.list_identities()["Identities"] == [SHOP]
        assert outbox_of(lam) == sent
        hear(receiver.heard, sent[0])
        sent.append(receiver.write("a@x.example", "again"))
        lam.end(signal.SIGKILL)

    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        hear(Inbox(lam, "heard"), sent[2])  # and nobody asks the process that has the rules
        assert outbox_of(lam) == sent
        assert sdk(lam, "ses").describe_active_receipt_rule_set()["Rules"][0]["Recipients"] == ["a@x.example"]


def hear(inbox: Inbox, id: str) -> None:
    """Until a function was told of this e-mail."""
    while (message := inbox.next(20)) is not None:
        if id in json.loads(message["Body"])["Records"][0]["ses"]["mail"]["commonHeaders"]["messageId"]:
            return
    raise AssertionError(f"nobody was told of {id}")


def outbox_of(lam: Served) -> list[str]:
    return [one["id"] for one in json.loads(lam.page("services"))["outbox"]]
