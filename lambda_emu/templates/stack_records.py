"""What the store has of stacks, and how a stack that is served comes to be there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.model.stacks import SERVED, StackOutput, StackParameter, StackRecord
from lambda_emu.templates.document import Template
from lambda_emu.templates.stack import Stack


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
            ",".join(map(str, values[name])) if isinstance(values[name], list) else str(values[name]),
            isinstance(declared, dict) and str(declared.get("NoEcho")).lower() == "true",
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
