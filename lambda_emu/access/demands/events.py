"""EventBridge, its schedules, logs and state machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from lambda_emu.access.demand import ANY, Asking, Demand

DEFAULT = "default"
MOST_ENTRIES = 10
OF_TAGS = ("ListTagsForResource", "TagResource", "UntagResource")
NAMED_BY = {
    "Archive": ("ArchiveName", "archive/"),
    "Replay": ("ReplayName", "replay/"),
    "ApiDestination": ("Name", "api-destination/"),
    "Connection": ("Name", "connection/"),
    "EventBus": ("Name", "event-bus/"),
}
"""How operations on each kind name it."""


def events(asking: Asking) -> Sequence[Demand]:
    operation = asking.operation
    if operation == "PutEvents":
        return _put_events(asking)
    if operation == "RetrieveConnectionCredentials":
        return _of_http_task(asking)
    if operation in OF_TAGS and asking.text("ResourceARN"):
        return [asking.demand(asking.text("ResourceARN"))]
    if operation in ("PutPermission", "RemovePermission"):
        return [asking.demand(asking.named("event-bus/", asking.text("EventBusName") or DEFAULT))]
    for kind, (member, resource) in NAMED_BY.items():
        if kind in operation and asking.text(member):
            return [asking.demand(asking.named(resource, asking.text(member)))]
    name = asking.text("Name" if operation.endswith("Rule") else "Rule")
    if not name:
        return [asking.demand()]
    bus = asking.text("EventBusName").rpartition("/")[2] or DEFAULT
    rule = asking.arn(f"rule/{name}" if bus == DEFAULT else f"rule/{bus}/{name}")
    roles = {asking.text("RoleArn"), *(str(target.get("RoleArn", "")) for target in asking.parts("Targets"))}
    passed = [each for role in sorted(roles) for each in asking.passing(role, "events.amazonaws.com")]
    return [asking.demand(rule), *passed]


def _of_http_task(asking: Asking) -> Sequence[Demand]:
    """A task of a state machine asks somebody by HTTP, with what a connection holds."""
    context = {name: asking.text(name.removeprefix("states:")) for name in ("states:HTTPEndpoint", "states:HTTPMethod")}
    invoke = {name.lower(): value for name, value in context.items()}
    machine = asking.text("StateMachineArn") or ANY
    return [Demand("states:InvokeHTTPEndpoint", machine, invoke), asking.demand(asking.text("ConnectionArn") or ANY)]


def _put_events(asking: Asking) -> Sequence[Demand]:
    found: dict[str, Demand] = {}
    for entry in asking.parts("Entries")[:MOST_ENTRIES]:
        bus = asking.named("event-bus/", str(entry.get("EventBusName") or DEFAULT))
        context = {
            "events:source": str(entry.get("Source", "")),
            "events:detail-type": str(entry.get("DetailType", "")),
        }
        found[bus + "".join(context.values())] = asking.demand(bus, context=context)
    return list(found.values())


def scheduler(asking: Asking) -> Sequence[Demand]:
    """members: of the body, and `Name`, `GroupName`, `ResourceArn` of the path and query."""
    if asking.operation in OF_TAGS and asking.text("ResourceArn"):
        return [asking.demand(asking.text("ResourceArn"))]
    name = asking.text("Name")
    if "ScheduleGroup" in asking.operation:
        return [asking.demand(asking.arn(f"schedule-group/{name}") if name else ANY)]
    if not name:
        return [asking.demand()]
    target = asking.members.get("Target")
    role = target.get("RoleArn") if isinstance(target, dict) else None
    resource = asking.arn(f"schedule/{asking.text('GroupName') or DEFAULT}/{name}")
    return [asking.demand(resource), *asking.passing(role, "scheduler.amazonaws.com")]


def logs(asking: Asking) -> Sequence[Demand]:
    """AWS names a group with the stream that is asked for, which may be none: `log-group:G:log-stream:S`."""
    if asking.operation in OF_TAGS and asking.text("resourceArn"):
        return [asking.demand(asking.text("resourceArn"))]
    named = [asking.text("logGroupName"), asking.text("logGroupIdentifier")]
    named += [*asking.texts("logGroupNames"), *asking.texts("logGroupIdentifiers")]
    if not any(named) and asking.operation not in ("DescribeLogGroups", "StartQuery"):
        return [asking.demand()]
    groups = [group.partition(":log-group:")[2].removesuffix(":*") or group for group in named if group]
    stream = asking.text("logStreamName")
    found = [asking.demand(asking.arn(f"log-group:{group}:log-stream:{stream}")) for group in groups or [""]]
    return [*found, *asking.passing(asking.members.get("roleArn"), "logs.amazonaws.com")]


ARNS = ("stateMachineArn", "executionArn", "activityArn", "mapRunArn", "resourceArn", "stateMachineAliasArn")
"""Whatever of these is named is asked about."""
MADE = {"CreateActivity": "activity", "CreateStateMachine": "stateMachine"}


def states(asking: Asking) -> Sequence[Demand]:
    roles = asking.passing(asking.members.get("roleArn"), "states.amazonaws.com")
    name = asking.text("name")
    if asking.operation in MADE:
        return [asking.demand(asking.arn(f"{MADE[asking.operation]}:{name}")), *roles]
    if asking.operation == "TestState" and asking.members.get("revealSecrets") is True:
        roles = [*roles, asking.demand(operation="RevealSecrets")]
    found = [asking.demand(asking.text(each)) for each in ARNS if asking.text(each)]
    return [*(found or [asking.demand()]), *roles]


_SCHEDULER: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("schedules", "one"): {
        "POST": "CreateSchedule",
        "GET": "GetSchedule",
        "PUT": "UpdateSchedule",
        "DELETE": "DeleteSchedule",
    },
    ("schedules", "all"): {"GET": "ListSchedules"},
    ("schedule-groups", "one"): {
        "POST": "CreateScheduleGroup",
        "GET": "GetScheduleGroup",
        "DELETE": "DeleteScheduleGroup",
    },
    ("schedule-groups", "all"): {"GET": "ListScheduleGroups"},
    ("tags", "one"): {"POST": "TagResource", "GET": "ListTagsForResource", "DELETE": "UntagResource"},
}


def scheduler_route(method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
    """The operation of Scheduler that a path is, and what it names; None: none."""
    kind, _, name = path.strip("/").partition("/")
    operation = _SCHEDULER.get((kind, "one" if name else "all"), {}).get(method)
    if operation is None:
        return None
    return operation, {"ResourceArn" if kind == "tags" else "Name": unquote(name)} if name else {}
