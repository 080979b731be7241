"""What a request wants a stack to be, looked through before anything is done."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation import capabilities
from lambda_emu.cloudformation.deploying import Deployer, Planned
from lambda_emu.cloudformation.errors import Invalid, InvalidName, TooLong, TransformFailed
from lambda_emu.cloudformation.parameters import take
from lambda_emu.cloudformation.policies import policy_text
from lambda_emu.cloudformation.reading import FILE, check_names, complaints, read
from lambda_emu.cloudformation.sources import template_text
from lambda_emu.model.stacks import BY_API, StackParameter, StackRecord
from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.deploying.stack_records import description_of, parameters_of
from lambda_emu.templates.deploying.without_effect import tell_without_effect
from lambda_emu.templates.kinds.functions import PLACED
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.language.includes import INCLUDE, Fetch, NotIncluded
from lambda_emu.templates.language.kept import UnrecognizedPolicy
from lambda_emu.templates.stack import CODE, Stack, make_stack, pseudo_parameters
from lambda_emu.templates.stored_parameters import texts_of, with_values

NAME = "[a-zA-Z][-a-zA-Z0-9]*"
MOST_NAME = 128
MOST_TAGS = 50
_OF_RESOURCE = re.compile(r"template:\d+: Resources\.([A-Za-z0-9]+)[^:]*: (.*)", re.DOTALL)


def new_record(members: Mapping[str, Any], context: RequestContext, status: str) -> StackRecord:
    """Of a stack that is to be, with what the request says beside its template. CloudFormationError."""
    name = members["StackName"]
    if not re.fullmatch(NAME, name) or len(name) > MOST_NAME:
        raise InvalidName(name, "stackName", NAME)
    id = context.scope.arn(f"stack/{name}/{context.clock.new_id()}", "cloudformation")
    record = StackRecord(name, id, status, context.clock.now_s(), origin=BY_API)
    return replace(
        record,
        timeout_minutes=members.get("TimeoutInMinutes"),
        is_protected=bool(members.get("EnableTerminationProtection")),
        policy=policy_text(members, context),
    )


def plan(
    members: Mapping[str, Any],
    context: RequestContext,
    deployer: Deployer,
    record: StackRecord,
    *,
    looks_first: bool = False,
) -> Planned:
    """record: of the stack as it is, or is to be. looks_first: in a change set, so macros need no word for them.

    CloudFormationError.
    """
    text = template_text(members, context, record if record.template else None)
    template = read(text)
    given, failure = members.get("Capabilities") or (), failure_of(members)
    values = take(template, members.get("Parameters") or (), record.parameters)
    if not looks_first:
        capabilities.check_transform(template, given)
    topics, role = tuple(members.get("NotificationARNs", record.topics)), members.get("RoleARN", record.role)
    known = {**_pseudo(record, topics, context), **values}
    stack = _made(template, record.name, known, deployer.cache, deployer.fetcher(role, context))
    _check(stack.template, given)
    tags = _tags(members["Tags"]) if "Tags" in members else record.tags
    stack = _looked_up(replace(stack, tags=tags), role, context, deployer)
    tell_without_effect(stack, context)
    wanted = replace(
        record,
        template=text,
        body=json.dumps(stack.template.body),
        description=description_of(template),
        parameters=_with_resolved(parameters_of(template, values), stack),
        tags=tags,
        capabilities=tuple(given),
        topics=topics,
        role=role,
        keeps_failed=failure == "DO_NOTHING",
        token=members.get("ClientRequestToken"),
        reason=None,
    )
    return Planned(wanted, stack, failure, retains=not members.get("RetainExceptOnCreate"))


def _pseudo(record: StackRecord, topics: Sequence[str], context: RequestContext) -> dict[str, Any]:
    own = {"AWS::StackId": record.id, "AWS::NotificationARNs": list(topics)}
    return {**pseudo_parameters(record.name, context.scope), **own}


def planned_again(record: StackRecord, context: RequestContext, failure: str) -> Planned:
    """What was looked through before. record: what the stack is to be."""
    template = Template(FILE, json.loads(record.body), {})
    given = [{"ParameterKey": one.key, "ParameterValue": one.value} for one in record.parameters]
    values = take(template, given, ())
    values = {**_pseudo(record, record.topics, context), **values}
    texts = {one.key: one.resolved for one in record.parameters if one.resolved is not None}
    try:
        stack = replace(make_stack(template, record.name, None, values, Path()), tags=record.tags)
        return Planned(record, with_values(stack, texts) if texts else stack, failure)
    except ProjectError as error:
        raise Invalid(f"Template error: {complaints(error)}") from None


def _looked_up(stack: Stack, role: str | None, context: RequestContext, deployer: Deployer) -> Stack:
    """Invalid."""
    try:
        return deployer.looked_up(stack, role, context)
    except ProjectError as error:
        raise Invalid(complaints(error)) from None


def _with_resolved(parameters: Sequence[StackParameter], stack: Stack) -> tuple[StackParameter, ...]:
    texts = texts_of(stack)
    return tuple(replace(one, resolved=texts.get(one.key)) for one in parameters)


def failure_of(members: Mapping[str, Any]) -> str:
    """What becomes of a stack that cannot be made or changed. Invalid."""
    if "OnFailure" in members and "DisableRollback" in members:
        raise Invalid("You cannot specify both OnFailure and DisableRollback.")
    if members.get("DisableRollback"):
        return "DO_NOTHING"
    return str(members.get("OnFailure", members.get("OnStackFailure", "ROLLBACK")))


def _made(template: Template, name: str, values: Mapping[str, Any], cache: Path, fetch: Fetch) -> Stack:
    try:
        return make_stack(template, name, None, values, cache, fetch)
    except UnrecognizedPolicy as error:
        raise Invalid(f"Template format error: {error.text}") from None
    except NotIncluded as error:
        raise TransformFailed(f"Transform {INCLUDE} failed with: {complaints(error)}") from None
    except ProjectError as error:
        if macros := capabilities.transforms_of(template):
            raise TransformFailed(f"Transform {macros[-1]} failed with: {_of_macro(error)}") from None
        raise Invalid(f"Template error: {complaints(error)}") from None


def _check(template: Template, given: Sequence[str]) -> None:
    """CloudFormationError."""
    check_names(template)
    _check_code(template)
    capabilities.check_iam(template, given)


def _check_code(template: Template) -> None:
    """No request names code that this server has already. Invalid."""
    for resource in template.section("Resources").values():
        code = (resource.get("Properties") or {}).get(CODE.get(resource["Type"], ""))
        if isinstance(code, dict) and PLACED in code:
            raise Invalid(f"Encountered unsupported property {PLACED}")


def _of_macro(error: ProjectError) -> str:
    """As the translator of SAM says it."""
    told = []
    for mistake in error.mistakes:
        found = _OF_RESOURCE.match(mistake)
        told.append(
            f"Resource with id [{found[1]}] is invalid. {found[2]}" if found else complaints(ProjectError([mistake]))
        )
    number = f"Number of errors found: {len(told)}."
    return f"Invalid Serverless Application Specification document. {number} {' '.join(told)}"


def _tags(said: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if len(said) > MOST_TAGS:
        raise TooLong("tags", MOST_TAGS)
    return {one["Key"]: one["Value"] for one in said}
