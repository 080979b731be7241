"""What the store has of stacks, and how a stack that is served comes to be there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.model.stacks import DELETED, REVIEWED, SERVED, StackOutput, StackParameter, StackRecord
from lambda_emu.templates.deploying.happened import STACK, Happened, Told
from lambda_emu.templates.language.constraints import is_hidden, text_of
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.stack import Stack, pseudo_parameters


def put_stack(context: RequestContext, record: StackRecord) -> None:
    table, scope = context.store.stacks, context.scope
    context.store.write(lambda transaction: transaction.put(table, scope, record.key, record))


def record_served(stack: Stack, context: RequestContext, outputs: Sequence[StackOutput]) -> None:
    """That it is there, if that is not recorded yet."""
    before = context.store.stacks.get(context.scope, stack.name)
    record = StackRecord(
        name=stack.name,
        id=str(stack.values["AWS::StackId"]),
        status="CREATE_COMPLETE",
        created_s=context.clock.now_s(),
        template=_text(stack.template.file),
        body=json.dumps(stack.template.body, default=str),
        description=description_of(stack.template),
        parameters=parameters_of(stack.template, stack.values),
        outputs=tuple(outputs),
        capabilities=("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        origin=SERVED,
    )
    if before is not None and before.origin == SERVED:
        known = replace(record, status=before.status, created_s=before.created_s, updated_s=before.updated_s)
        if known == before:
            return
        record = replace(record, status="UPDATE_COMPLETE", created_s=before.created_s, updated_s=record.created_s)
    put_stack(context, record)


def forget_served(context: RequestContext, but: Collection[str]) -> None:
    """Those that were served and are not any more. but: names of those that are."""
    table, scope = context.store.stacks, context.scope
    gone = [one for one in table.all(scope) if one.origin == SERVED and one.name not in but]
    for one in gone:
        context.store.write(lambda transaction, key=one.key: transaction.put(table, scope, key, None))  # type: ignore[misc]


def parameters_of(template: Template, values: Mapping[str, Any]) -> tuple[StackParameter, ...]:
    """values: of parameters, lists as lists."""
    return tuple(
        StackParameter(
            name,
            text_of(values[name]),
            is_hidden(declared),
        )
        for name, declared in template.section("Parameters").items()
        if name in values
    )


def description_of(template: Template) -> str | None:
    said = template.body.get("Description")
    return said if isinstance(said, str) else None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


# -- of stacks within stacks


def stack_id(name: str, context: RequestContext) -> str:
    """Its ARN, recorded or not."""
    record = context.store.stacks.get(context.scope, name)
    return record.id if record is not None else str(pseudo_parameters(name, context.scope)["AWS::StackId"])


def end_stack(name: str, context: RequestContext, status: str, reason: str | None = None) -> None:
    """The record of a stack that is deleted, or cannot be; deleted ones are known by their id."""
    table, scope = context.store.stacks, context.scope
    before = table.get(scope, name)
    if before is None:
        return
    after = replace(before, status=status, reason=reason)
    if status == DELETED:
        after = replace(after, deleted_s=context.clock.now_s(), outputs=())
        context.store.write(lambda transaction: transaction.put(table, scope, name, None))
    put_stack(context, after)


class Nested:
    """Records what becomes of a stack within another one, and tells it on. verb: "CREATE" or "UPDATE".

    change_set: the id of the one that says so.
    """

    def __init__(
        self, stack: Stack, context: RequestContext, origin: str, told: Told, change_set: str | None = None
    ) -> None:
        self.verb = "CREATE"
        self.reason: str | None = None
        self._stack = stack
        self._context = context
        self._origin = origin
        self._told = told
        self._change_set = change_set
        self._before = context.store.stacks.get(context.scope, stack.name)

    def begin(self, verb: str) -> None:
        self.verb = verb
        stack, now_s, before = self._stack, self._context.clock.now_s(), self._before
        body = json.dumps(stack.template.body, default=str)
        record = StackRecord(
            name=stack.name,
            id=str(stack.values["AWS::StackId"]),
            status=f"{verb}_IN_PROGRESS",
            created_s=now_s if before is None else before.created_s,
            template=body if stack.folder is None else _text(stack.template.file),
            body=body,
            description=description_of(stack.template),
            parameters=parameters_of(stack.template, stack.values),
            outputs=() if before is None else before.outputs,
            updated_s=None if before is None or before.status == REVIEWED else now_s,
            origin=self._origin,
            tags=stack.tags,
            topics=tuple(map(str, stack.values["AWS::NotificationARNs"])),
            parent=stack.parents[-1],
            root=stack.parents[0],
            change_set=self._change_set,
        )
        put_stack(self._context, record)
        self._told(Happened(stack.name, stack.name, record.id, STACK, record.status))

    def told(self, happened: Happened) -> None:
        """By the stack itself, or one within it."""
        if happened.kind == STACK and happened.stack == happened.logical_id == self._stack.name:
            self._is(happened.status, happened.reason)
        self._told(happened)

    def made(self, outputs: Sequence[StackOutput]) -> None:
        """That it is there, if the stack that has it is."""
        record = self._context.store.stacks.get(self._context.scope, self._stack.name)
        if record is not None:
            put_stack(self._context, replace(record, outputs=tuple(outputs)))

    def _is(self, status: str, reason: str | None) -> None:
        record = self._context.store.stacks.get(self._context.scope, self._stack.name)
        if record is None:
            return
        if status.endswith("ROLLBACK_IN_PROGRESS") or status.endswith("_FAILED"):
            self.reason = reason
        if status == "UPDATE_ROLLBACK_COMPLETE" and self._before is not None:
            record = replace(self._before, updated_s=record.updated_s)
        put_stack(self._context, replace(record, status=status, reason=reason))
