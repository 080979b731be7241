"""What would become of the stacks within a stack: a change set for each, with what it would do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from lambda_emu.cloudformation.capabilities import check_within
from lambda_emu.cloudformation.differences import changes_of
from lambda_emu.cloudformation.errors import CloudFormationError
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import AVAILABLE, BY_API, REVIEWED, ChangeSet, StackParameter, StackRecord
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying import nested
from lambda_emu.templates.deploying.exports import Importing
from lambda_emu.templates.deploying.happened import STACK
from lambda_emu.templates.deploying.names import physical_name
from lambda_emu.templates.deploying.prepared import Prepared
from lambda_emu.templates.deploying.records import name_of, resources_of
from lambda_emu.templates.deploying.stack_records import description_of, parameters_of
from lambda_emu.templates.kinds.kind import ResourceRequest
from lambda_emu.templates.language.document import Place
from lambda_emu.templates.language.intrinsics import NotYet, is_known
from lambda_emu.templates.object_urls import CannotFetch
from lambda_emu.templates.stack import Stack

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
AFTERWARDS = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What is told of a value that is not known before. (?)"""
NOT_CREATED = "Nested change set {} was not successfully created: Currently in FAILED."
MOST_NAME = 128
AUTOMATIC = {
    "Target": {"Attribute": "Properties", "RequiresRecreation": "Never"},
    "Evaluation": "Dynamic",
    "ChangeSource": "Automatic",
}
"""Of a stack within that is asked for as before, whose template says something else."""

Changes = Sequence[Mapping[str, Any]]


class LookingWithin:
    """For one change set, the root. found: those of stacks within its stack. new: stacks that are not there yet."""

    def __init__(self, root: ChangeSet, reach: Reach) -> None:
        self.found: list[ChangeSet] = []
        self.new: list[StackRecord] = []
        self._root = root
        self._reach = reach
        self._context = reach.context
        self._ids: list[str] = []

    def look(self, stack: Stack, of: ChangeSet, changes: Changes) -> ChangeSet:
        """of: the change set of that stack, as it is known by now. changes: but for what is within stacks within."""
        told = {str(one["ResourceChange"]["LogicalResourceId"]): one for one in changes}
        there, failed = resources_of(stack.name, self._context), None
        for logical_id, resource in stack.template.section("Resources").items():
            if resource["Type"] != STACK or not stack.is_wanted(logical_id):
                continue
            if len(self._ids) > nested.MOST_TEMPLATES:
                break
            child = self._look_into(stack, logical_id, there, of)
            if child.status == "FAILED" and child.reason != NO_CHANGES:
                failed = failed or child.id
            elif logical_id in told or child.status != "FAILED":
                change = told.get(logical_id) or _automatic(child)
                told[logical_id] = {**change, "ResourceChange": {**change["ResourceChange"], "ChangeSetId": child.id}}
        if failed is not None:
            return replace(of, reason=NOT_CREATED.format(failed))
        all_changes = [told[name] for name in sorted(told)]
        return replace(of, status="CREATE_COMPLETE", execution=AVAILABLE, reason=None, changes=all_changes)

    def _look_into(
        self, parent: Stack, logical_id: str, there: Mapping[str, StackResource], of: ChangeSet
    ) -> ChangeSet:
        """The change set of one that is or will be within parent; it is found once those within it are."""
        properties = self._properties(parent, logical_id, there)
        before = self._there(logical_id, there)
        record = before or self._new(parent, logical_id)
        empty = self._empty(record, logical_id, of, is_new=before is None)
        given = _with_those_it_has(properties.get("Parameters"), before)
        try:
            nested.check_count(record.id, self._ids)
            text = nested.fetched(_url(properties), self._reach)
            request = ResourceRequest(
                logical_id, record.name, {**properties, "Parameters": given}, self._reach, STACK, record.id, False
            )
            prepared = Prepared(record.name, record.id, empty.id, text.decode(errors="replace"))
            may = partial(check_within, given=self._root.wanted.capabilities)
            stack = nested.read_nested(parent, request, record.id, self._context, may, prepared)
            wanted = _wanted(record, stack, prepared, {name for name, one in given.items() if not is_known(one)})
            found = replace(empty, wanted=wanted)
            done = self.look(stack, found, changes_of(stack, self._context))
        except (CannotFetch, CannotChange) as error:
            done = replace(empty, reason=str(error))
        except CloudFormationError as error:
            done = replace(empty, reason=error.text)
        if before is not None and done.status != "FAILED" and not done.changes and _is_same(done.wanted, before):
            done = replace(found, reason=NO_CHANGES)
        self.found.append(done)
        return done

    def _there(self, logical_id: str, there: Mapping[str, StackResource]) -> StackRecord | None:
        one = there.get(logical_id)
        if one is None or one.kind != STACK:
            return None
        return self._context.store.stacks.get(self._context.scope, name_of(one.identifier))

    def _new(self, parent: Stack, logical_id: str) -> StackRecord:
        context = self._context
        scope, new_id = context.scope, context.clock.new_id()
        name = physical_name(STACK, logical_id, parent.name, scope, is_served=False, id=new_id)
        id = scope.arn(f"stack/{name}/{context.clock.new_id()}", "cloudformation")
        stack_id, parents = str(parent.values["AWS::StackId"]), parent.parents
        root = parents[0] if parents else stack_id
        record = StackRecord(name, id, REVIEWED, context.clock.now_s(), origin=BY_API, parent=stack_id, root=root)
        self.new.append(record)
        return record

    def _empty(self, record: StackRecord, logical_id: str, of: ChangeSet, *, is_new: bool) -> ChangeSet:
        """One that says nothing yet."""
        context, root = self._context, self._root
        end = context.clock.new_id().replace("-", "")[:13].upper()
        name = f"{f'{root.name}-{logical_id}'[: MOST_NAME - len(end) - 1]}-{end}"
        id = context.scope.arn(f"changeSet/{name}/{context.clock.new_id()}", "cloudformation")
        kind = "CREATE" if is_new else "UPDATE"
        return ChangeSet(
            id,
            name,
            kind,
            "FAILED",
            "UNAVAILABLE",
            context.clock.now_s(),
            record,
            looks_within=True,
            parent=of.id,
            root=root.id,
            path=(*of.path, logical_id),
        )

    def _properties(self, parent: Stack, logical_id: str, there: Mapping[str, StackResource]) -> Mapping[str, Any]:
        """As far as they are known before anything is done."""

        def known(name: str, attribute: str | None) -> Any:
            one = there.get(name)
            if one is None or (attribute is not None and attribute not in one.attributes):
                raise NotYet
            return one.identifier if attribute is None else one.attributes[attribute]

        place: Place = ("Resources", logical_id, "Properties")
        declared = parent.template.section("Resources")[logical_id].get("Properties") or {}
        resolver = parent.resolver(known, Importing(parent.name, self._context))
        found = resolver.value(declared, place)
        return found if isinstance(found, dict) else {}


def _url(properties: Mapping[str, Any]) -> str:
    """CannotChange."""
    said = properties.get("TemplateURL")
    if not isinstance(said, str):
        raise CannotChange("TemplateURL is not known before the stack is made")
    return said


def _with_those_it_has(said: Any, before: StackRecord | None) -> dict[str, Any]:
    """Parameters of a stack within; those not known yet as they are by now."""
    given = dict(said) if isinstance(said, dict) else {}
    has = {} if before is None else {one.key: one.value for one in before.parameters}
    return {name: value if is_known(value) else has.get(name, value) for name, value in given.items()}


def _wanted(record: StackRecord, stack: Stack, prepared: Prepared, unknown: set[str]) -> StackRecord:
    parameters = [
        StackParameter(one.key, AFTERWARDS) if one.key in unknown else one
        for one in parameters_of(stack.template, stack.values)
    ]
    return replace(
        record,
        template=prepared.template,
        body=json.dumps(stack.template.body, default=str),
        description=description_of(stack.template),
        parameters=tuple(parameters),
        tags=stack.tags,
        topics=tuple(map(str, stack.values["AWS::NotificationARNs"])),
        change_set=prepared.change_set,
    )


def _is_same(wanted: StackRecord, before: StackRecord) -> bool:
    now, then = json.loads(wanted.body or "{}"), json.loads(before.body or "{}")
    return (now, wanted.parameters, wanted.tags) == (then, before.parameters, before.tags)


def _automatic(child: ChangeSet) -> Mapping[str, Any]:
    resource = {
        "Action": "Modify",
        "LogicalResourceId": child.path[-1],
        "PhysicalResourceId": child.wanted.id,
        "ResourceType": STACK,
        "Replacement": "False",
        "Scope": ["Properties"],
        "Details": [AUTOMATIC],
    }
    return {"Type": "Resource", "ResourceChange": resource}
