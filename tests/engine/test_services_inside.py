"""Functions use the services around Lambda without being told where they are, with any network or none."""

from __future__ import annotations

import re

import pytest
from boto_rig import client_at
from inside import ANY_NETWORK, FAST, Inside, looker, probe, shared
from own import OwnLam

__all__ = ["looker", "shared"]

ACCOUNT = "000000000000"


def test_a_function_uses_a_queue_that_it_finds_by_name(lam: OwnLam, looker: Inside) -> None:
    queues = client_at(lam.url, "sqs", ACCOUNT)
    url = queues.create_queue(QueueName="jobs")["QueueUrl"]

    found = looker.run("""
        import boto3
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        result = url
    """)

    assert found.endswith(f"/{ACCOUNT}/jobs")
    assert not found.startswith(lam.emulator.url)
    [got] = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert got["Body"] == "hello"


def test_an_address_of_ours_in_a_functions_variables_leads_to_us_inside(lam: OwnLam) -> None:
    """Whichever of our names it has."""
    queues = client_at(lam.url, "sqs", ACCOUNT)
    queues.create_queue(QueueName="jobs")
    port = lam.url.rpartition(":")[2]
    urls = [
        f"http://{name}:{port}/{ACCOUNT}/jobs"
        for name in ("127.0.0.1", "localhost", "sqs.us-east-1.localhost.localstack.cloud")
    ]
    others = {f"OTHER{at}": f"{url.partition('/0')[0]}1/" for at, url in enumerate(urls)} | {"TOLD": f"see {urls[0]}"}
    told = {f"QUEUE{at}": url for at, url in enumerate(urls)} | others
    inside = probe(lam, Environment={"Variables": told}, **FAST)

    urls_inside, said, kept = inside.run(f"""
        import os
        from urllib.request import urlopen
        urls = [os.environ[f"QUEUE{{at}}"] for at in range(3)]
        asked = "?Action=GetQueueAttributes&AttributeName.1=QueueArn&Version=2012-11-05"
        said = [urlopen(url + asked, timeout=9).read().decode() for url in urls]
        there = os.environ["AWS_ENDPOINT_URL"] + "/{ACCOUNT}/jobs"
        result = [[url == there for url in urls], said, {{name: os.environ[name] for name in {list(others)}}}]
    """)

    assert urls_inside == [True] * 3
    assert [f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs" in one for one in said] == [True] * 3
    assert kept == others


def test_step_functions_is_reached_by_both_hosts_that_its_sdk_calls(looker: Inside) -> None:
    """StartSyncExecution is called by a host of its own."""
    found = looker.run("""
        import boto3, json
        states = boto3.client("stepfunctions")
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        role = "arn:aws:iam::000000000000:role/inside"
        made = states.create_state_machine(name="inside", definition=definition, roleArn=role, type="EXPRESS")
        machine = made["stateMachineArn"]
        ended = states.start_sync_execution(stateMachineArn=machine, input=json.dumps({"n": 1}))
        states.delete_state_machine(stateMachineArn=machine)
        result = [ended["status"], ended["output"]]
    """)

    assert found == ["SUCCEEDED", '{"n":1}']


@pytest.mark.parametrize(("service", "prefix"), [("SFN", "sync-"), ("CLOUDWATCH_LOGS", "stream-")])
def test_the_names_that_some_services_are_called_by_lead_to_us(looker: Inside, service: str, prefix: str) -> None:
    found = looker.run(f"""
        import os, socket
        from urllib.parse import urlsplit
        all, named = (urlsplit(os.environ[name]) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_{service}"))
        names = [socket.gethostbyname(before + named.hostname) for before in ("", "{prefix}")]
        result = [names == [all.hostname] * 2, all.port == named.port]
    """)

    assert found == [True, True]


@ANY_NETWORK
def test_a_live_tail_is_reached_by_the_host_that_its_sdk_calls(looker: Inside) -> None:
    found = looker.run("""
        import boto3, time
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName="followed")
        logs.create_log_stream(logGroupName="followed", logStreamName="s1")
        (group,) = logs.describe_log_groups(logGroupNamePrefix="followed")["logGroups"]
        events = iter(logs.start_live_tail(logGroupIdentifiers=[group["logGroupArn"]])["responseStream"])
        next(events)
        pushed = [{"timestamp": int(time.time() * 1000), "message": "hello"}]
        logs.put_log_events(logGroupName="followed", logStreamName="s1", logEvents=pushed)
        updates = (one["sessionUpdate"]["sessionResults"] for one in events)
        result = [one["message"] for one in next(filter(None, updates))]
        logs.delete_log_group(logGroupName="followed")
    """)

    assert found == ["hello"]


def test_a_function_url_or_an_api_in_a_functions_variables_leads_there_inside(lam: OwnLam) -> None:
    port = lam.emulator.url.rpartition(":")[2]
    told = {
        "URL": f"http://abc1.lambda-url.us-east-1.localhost:{port}/a?b=1",
        "API": f"http://abc2.execute-api.eu-west-1.localhost:{port}",
        "OTHER": f"http://abc3.other.us-east-1.localhost:{port}/",
    }
    inside = probe(lam, Environment={"Variables": told}, **FAST)

    found = inside.run("import os; result = [os.environ[name] for name in ('AWS_ENDPOINT_URL', 'URL', 'API', 'OTHER')]")

    there = found[0]
    assert found[1:] == [f"{there}/_lambda-emu/url/abc1/a?b=1", f"{there}/_lambda-emu/api/abc2", told["OTHER"]]


@ANY_NETWORK
def test_a_function_is_its_role_for_sts(lam: OwnLam) -> None:
    inside = probe(lam, Role=f"arn:aws:iam::{ACCOUNT}:role/service/photos", **FAST)

    who, name = inside.run("""
        import boto3, os
        who = boto3.client("sts").get_caller_identity()
        result = [[who[key] for key in ("Account", "Arn", "UserId")], os.environ["AWS_LAMBDA_FUNCTION_NAME"]]
    """)

    account, arn, user = who
    assert (account, arn) == (ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/photos/{name}")
    assert re.fullmatch(rf"AROA[A-Z2-7]{{17}}:{name}", user)
