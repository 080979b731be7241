"""A project whose one function hears what happens, and everything that can be declared beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from boto_rig import client_at
from own import OwnLam
from waiting import Eventually

from lambda_emu.project import ProjectError, read_project

HEAR = """
import json
def handler(event, context):
    print("HEARD", json.dumps(event))
    return {"statusCode": 200, "body": "heard"}
"""
FUNCTION = "runtime: python3.11, handler: app.handler, code: src"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hear"


def heard(lam: OwnLam, eventually: Eventually, text: str) -> Any:
    """The first event in which there is this text, once there is one, as the function `hear` prints it."""

    def look() -> list[str]:
        told = [event for event in lam.own_events("hear") if event.startswith("HEARD ")]
        return [event for event in told if text in event]

    return json.loads(eventually(look, f"an event with {text}")[0].removeprefix("HEARD "))


@dataclass(frozen=True)
class Account:
    """A server's account and the folder of its project, whose code is in src."""

    lam: OwnLam
    folder: Path

    def deploy(self, resources: str = "", events: str = "", function: str = "") -> set[tuple[str, str]]:
        """A function `hear` with these events, written as a list, among these resources; what was done, but nothing."""
        declared = f"functions:\n  hear:\n    <<: {{{FUNCTION}}}\n"
        declared += indent(dedent(function), "    ") + "\n"
        declared += f"    events:\n{indent(dedent(events), '      ')}\n" if events else ""
        declared += f"resources:\n{indent(dedent(resources), '  ')}\n" if resources else ""
        return self.deploy_file(declared)

    def deploy_file(self, declared: str) -> set[tuple[str, str]]:
        (self.folder / "lambda-emu.yaml").write_text(declared)
        changes = self.lam.emulator.deploy(read_project(self.folder))
        return {(change.action.name, change.key.kind) for change in changes if change.action.name != "LEAVE"}

    def mistakes(self, resources: str, events: str = "", function: str = "") -> tuple[str, ...]:
        with pytest.raises(ProjectError) as raised:
            self.deploy(resources, events, function)
        return raised.value.mistakes

    def client(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def heard(self, eventually: Eventually, text: str) -> Any:
        return heard(self.lam, eventually, text)

    def schedules(self) -> list[Any]:
        """Those of the project."""
        scheduler = self.client("scheduler")
        found = scheduler.list_schedules()["Schedules"]
        return [scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"]) for one in found]

    def alarms(self) -> dict[str, Any]:
        """Those of the project, by their metric."""
        found = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return {one["MetricName"]: one for one in found}

    def subscriptions(self) -> list[Any]:
        """Those of the group that all declare."""
        found = self.client("logs").describe_subscription_filters(logGroupName="/app/orders")
        return list(found["subscriptionFilters"])

    def rules(self, bus: str) -> list[tuple[Any, Any]]:
        """Those of a bus, each with its target."""
        events = self.client("events")
        found = events.list_rules(EventBusName=bus)["Rules"]
        asked = [(rule, events.list_targets_by_rule(EventBusName=bus, Rule=rule["Name"])) for rule in found]
        return [(rule, target) for rule, targets in asked for target in targets["Targets"]]

    def sids(self) -> set[str]:
        """The ids of the function's permissions."""
        try:
            policy = json.loads(self.lam.client.get_policy(FunctionName="hear")["Policy"])
        except self.lam.client.exceptions.ResourceNotFoundException:
            return set()
        return {statement["Sid"] for statement in policy["Statement"]}


ALL = """
buckets: {everything: {versioning: yes}}
queues:
  jobs: {visibility: 60, delay: 1, redrive: {queue: dead, receives: 2}}
  ordered.fifo: {deduplicate_content: yes}
tables:
  items: {key: id, sort: {taken: N}, ttl: over, stream: NEW_IMAGE, indexes: {by-owner: {key: owner, sort: id}}}
streams: {clicks: {shards: 5, retention: 48}}
topics:
  news: {queues: [jobs, {queue: raw, raw: yes, filter: {kind: [new]}}]}
"""


EVERY = """
- s3: {bucket: everything, prefix: in/, suffix: .jpg}
- s3: {bucket: everything, events: ["s3:ObjectRemoved:*"]}
- sqs: {queue: jobs, batch_size: 2, filters: [{body: {kind: [new]}}], max_concurrency: 3, report_failures: yes}
- sqs: other
- dynamodb: {table: items, retries: 3, bisect: yes, start: LATEST}
- kinesis: {stream: clicks, consumer: live, parallelization: 2, start: LATEST, tumbling_window: 60}
- kinesis: other
- sns: {topic: news, filter: {kind: [new]}, filter_on: body}
- http: GET /photos/{id}
- http: {route: $default, payload: "1.0"}
- url: {auth: NONE, cors: {origins: ["*"], max_age: 5}}
- schedule:
    schedule: cron(0 9 ? * MON-FRI *)
    timezone: Europe/Berlin
    input: {kind: nightly}
    start_date: 2030-01-01T09:00:00Z
    flexible_window: 15
    max_age: 3600
    dead_letters: dead
- eventbridge:
    pattern: {source: [shop], detail: {total: [numeric: [">", 1]]}}
    bus: shop
    input_path: $.detail
    retries: 1
- eventbridge: {pattern: {source: [shop]}, dead_letters: dead, enabled: no}
- eventbridge:
    pattern: {source: [kitchen]}
    input_paths: {total: $.detail.total}
    input_template: '{"sum": <total>}'
- alarm: {metric: Errors, dimensions: {FunctionName: hear}, states: [ALARM, OK], missing: notBreaching}
- alarm: {metric: Duration, statistic: p90, comparison: ">", threshold: 2.5, periods: 3, breaching: 2, name: slow}
- logs: {group: /app/orders, filter: "{ $.level = ERROR }"}
"""
