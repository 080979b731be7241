"""Both wire forms of SQS, what each answers to what is none, and who may not ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import pytest
from api_rig import signed
from ground_rig import ACCOUNT
from sqs_rig import NAMESPACE, Sqs, serving, sqs

from lambda_emu.services.sqs.operations.by_name import OPERATIONS
from lambda_emu.services.sqs.wire.members import INPUTS

__all__ = ["sqs"]


def texts(answer: ElementTree.Element, *path: str) -> list[str | None]:
    return [one.text for one in answer.iterfind("/".join(NAMESPACE + name for name in path))]


def ask(sqs: Sqs, body: bytes, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """What the JSON form answers: status, body, headers."""
    named = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(f"http://127.0.0.1:{sqs.port}/", body, named), timeout=10) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except HTTPError as error:
        return error.code, json.loads(error.read()), dict(error.headers)


def test_every_operation_has_its_members() -> None:
    assert set(OPERATIONS) == set(INPUTS)


def test_the_query_form_serves_a_message_from_its_sending_to_its_end(sqs: Sqs) -> None:
    attributes = {"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "0"}
    made = sqs.query(Action="CreateQueue", QueueName="jobs", **attributes)
    path = f"/{ACCOUNT}/jobs"
    attribute = {
        "MessageAttribute.1.Name": "k",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "v",
    }

    sent = sqs.query(path, Action="SendMessage", MessageBody="<a> & \r\n\tü", **attribute)
    got = sqs.query(path, Action="ReceiveMessage", **{"MessageAttributeName.1": "All", "AttributeName.1": "SenderId"})
    handle = texts(got, "ReceiveMessageResult", "Message", "ReceiptHandle")[0] or ""
    gone = sqs.query(path, Action="DeleteMessage", ReceiptHandle=handle)

    assert texts(made, "CreateQueueResult", "QueueUrl") == [f"http://127.0.0.1:{sqs.port}{path}"]
    message = ("ReceiveMessageResult", "Message")
    assert texts(got, *message, "Body") == ["<a> & \r\n\tü"]
    assert texts(got, *message, "MessageId") == texts(sent, "SendMessageResult", "MessageId")
    assert texts(got, *message, "Attribute", "Value") == [ACCOUNT]
    assert texts(got, *message, "MessageAttribute", "Value", "StringValue") == ["v"]
    assert texts(gone, "ResponseMetadata", "RequestId") != []


def test_the_query_form_has_batches_and_lists(sqs: Sqs) -> None:
    sqs.create("jobs")
    path = f"/{ACCOUNT}/jobs"
    fields = {
        "SendMessageBatchRequestEntry.1.Id": "a",
        "SendMessageBatchRequestEntry.1.MessageBody": "one",
        "SendMessageBatchRequestEntry.2.Id": "b",
        "SendMessageBatchRequestEntry.2.MessageBody": "",
    }

    told = sqs.query(path, Action="SendMessageBatch", **fields)
    sqs.query(path, Action="TagQueue", **{"Tag.1.Key": "k", "Tag.1.Value": "v"})
    tags = sqs.query(path, Action="ListQueueTags")
    empty = sqs.query(path, Action="ReceiveMessage", VisibilityTimeout="0", MaxNumberOfMessages="10")
    counts = sqs.query(path, Action="GetQueueAttributes", **{"AttributeName.1": "DelaySeconds"})

    result = "SendMessageBatchResult"
    assert texts(told, result, "SendMessageBatchResultEntry", "Id") == ["a"]
    assert texts(told, result, "BatchResultErrorEntry", "Id") == ["b"]
    assert texts(told, result, "BatchResultErrorEntry", "SenderFault") == ["true"]
    assert texts(tags, "ListQueueTagsResult", "Tag", "Key") == ["k"]
    assert texts(empty, "ReceiveMessageResult", "Message", "Body") == ["one"]
    assert texts(counts, "GetQueueAttributesResult", "Attribute", "Value") == ["0"]


def test_a_receive_of_nothing_has_a_result_that_is_empty(sqs: Sqs) -> None:
    sqs.create("jobs")

    got = sqs.query(f"/{ACCOUNT}/jobs", Action="ReceiveMessage")

    assert [list(one) for one in got.iterfind(f"{NAMESPACE}ReceiveMessageResult")] == [[]]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"Action": "SendMessage", "MessageBody": "x"}, 400, "AWS.SimpleQueueService.NonExistentQueue"),
        ({"Action": "Dance"}, 400, "InvalidAction"),
        ({}, 400, "MissingParameter"),
        ({"Action": "ReceiveMessage", "WaitTimeSeconds": "soon"}, 400, "MalformedInput"),
    ],
)
def test_the_query_form_tells_errors_in_xml(sqs: Sqs, fields: dict[str, str], status: int, code: str) -> None:
    with pytest.raises(HTTPError) as caught:
        sqs.query(f"/{ACCOUNT}/none", **fields)

    answer = ElementTree.fromstring(caught.value.read())
    assert caught.value.code == status
    assert (texts(answer, "Error", "Type"), texts(answer, "Error", "Code")) == (["Sender"], [code])
    assert answer.find(f"{NAMESPACE}RequestId") is not None


def test_an_error_of_the_json_form_has_its_old_code_beside_it(sqs: Sqs) -> None:
    body = json.dumps({"QueueUrl": f"http://x/{ACCOUNT}/none", "MessageBody": "x"}).encode()

    status, told, headers = ask(sqs, body)

    assert (status, told["__type"]) == (400, "com.amazonaws.sqs#QueueDoesNotExist")
    assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 60_000,
        b'{"QueueUrl": 1}',
        b'{"QueueUrl": "\xff"}',
        b'{"QueueUrl": "http://["}',
        b'{"QueueUrl": "\\ud800"}',
        b'{"QueueUrl": "jobs", "MessageBody": "\\ud800"}',
        b'{"QueueUrl": "jobs", "MessageBody": {}}',
        b'{"QueueUrl": "jobs", "MessageBody": "x", "DelaySeconds": true}',
        b'{"QueueUrl": "jobs", "MessageBody": "x", "DelaySeconds": 1e99}',
        b'{"QueueUrl": "jobs", "MessageBody": "x", "MessageAttributes": {"a": 1}}',
        b'{"QueueUrl": "jobs", "MessageBody": "x", "MessageAttributes": {"\\ud800": {"DataType": "String"}}}',
        b'{"QueueUrl": "jobs", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue"'
        b': "-"}}}',
    ],
)
def test_what_is_no_message_is_refused_and_harms_nobody(sqs: Sqs, body: bytes) -> None:
    url = sqs.create("jobs")

    status, told, headers = ask(sqs, body)

    assert status in (400, 404)
    assert told["__type"]
    assert headers["x-amzn-query-error"].endswith(";Sender")
    sqs.send(url, "well")
    assert sqs.bodies(url) == ["well"]


def test_pages_of_others_may_not_ask(sqs: Sqs) -> None:
    sqs.create("jobs")

    status, told, _ = ask(sqs, b'{"QueueUrl": "jobs", "MessageBody": "x"}', Origin="http://evil.example")

    assert (status, told["__type"].partition("#")[2]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("path", ["/", f"/{ACCOUNT}/jobs"])
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Origin": "http://evil.example"}, 403, "AccessDenied"),
        ({"Content-Length": str(9 * 1024 * 1024)}, 413, "RequestEntityTooLarge"),
    ],
)
def test_what_the_port_refuses_is_told_in_the_form_that_was_asked_in(
    sqs: Sqs, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    named = {"Authorization": signed(ACCOUNT).replace("/lambda/", "/sqs/"), **headers}

    with pytest.raises(HTTPError) as caught:
        urlopen(Request(f"http://127.0.0.1:{sqs.port}{path}", b"Action=ListQueues", named), timeout=10)

    answer = ElementTree.fromstring(caught.value.read())
    assert caught.value.code == status
    assert (texts(answer, "Error", "Type"), texts(answer, "Error", "Code")) == (["Sender"], [code])


def test_addresses_are_made_of_the_name_by_which_one_asks(sqs: Sqs) -> None:
    sqs.create("jobs")

    _, told, _ = ask(sqs, b"{}", X_Amz_Target="AmazonSQS.ListQueues", Host="sqs.localhost:1234")

    assert told == {"QueueUrls": [f"http://sqs.localhost:1234/{ACCOUNT}/jobs"]}


def test_a_message_that_no_memory_holds_comes_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_emu.services.sqs.directory.HELD_BYTES", 3)
    with serving(tmp_path) as sqs:
        url = sqs.create("jobs")
        sqs.send(url, "one", "two", "three")

        assert sqs.bodies(url) == ["one", "two", "three"]


def test_a_list_of_one_may_go_without_its_number(sqs: Sqs) -> None:
    sqs.create("jobs")
    path = f"/{ACCOUNT}/jobs"

    sqs.query(path, Action="SetQueueAttributes", **{"Attribute.Name": "DelaySeconds", "Attribute.Value": "7"})
    told = sqs.query(path, Action="GetQueueAttributes", AttributeName="DelaySeconds")

    assert texts(told, "GetQueueAttributesResult", "Attribute", "Value") == ["7"]


def test_the_trace_of_a_request_goes_with_its_message_and_is_no_part_of_what_was_sent(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    body = json.dumps({"QueueUrl": url, "MessageBody": "x"}).encode()
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"

    status, told, _ = ask(sqs, body, X_Amzn_Trace_Id=trace)
    [got] = sqs.receive(url, MessageSystemAttributeNames=["AWSTraceHeader"])

    assert (status, set(told)) == (200, {"MessageId", "MD5OfMessageBody"})
    assert got["Attributes"] == {"AWSTraceHeader": trace}
