"""What stacks export, and what other stacks import of it: it stays as it is for as long as somebody does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stacks import DELETED, StackOutput, exports
from lambda_emu.templates.deploying.records import all_resources, below
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.language.intrinsics import Wrong

IMPORTS = "Imports"
"""The member of what a resource is known by that names the exports that its properties import."""


class Importing:
    """What a stack is told of others. As elsewhere.Elsewhere."""

    def __init__(self, stack: str, context: RequestContext) -> None:
        self._stack = stack
        self._context = context

    def export(self, name: str) -> str:
        found = exports(self._context.store.stacks.all(self._context.scope)).get(name)
        if found is None or found[1].name == self._stack:
            raise Wrong(f"No export named {name} found")
        return found[0]

    def output(self, stack: str, name: str, region: str | None) -> str:
        """Whoever the stack is made for has to be allowed DescribeStacks of the other one (?).

        CloudFormation's words for what is not there are not recorded (?).
        """
        scope = self._context.scope
        scope = scope if region is None else replace(scope, region=region)
        found = self._context.store.stacks.get(scope, stack)
        about = scope.arn(f"stack/{stack}/*", "cloudformation") if found is None else found.id
        try:
            self._context.permit_action("cloudformation:DescribeStacks", about)
        except LambdaError as error:
            raise Wrong(error.text) from None
        if found is None or found.status == DELETED:
            raise Wrong(f"Stack with id {stack} does not exist")
        value = next((one.value for one in found.outputs if one.key == name), None)
        if value is None:
            raise Wrong(f"stack {stack} has no output {name}")
        return value


def importers(name: str, context: RequestContext, but: str = "") -> list[str]:
    """The stacks that import an export. but: one that does not count."""
    found = {one.stack for one in all_resources(context) if name in one.shown.get(IMPORTS, ())}
    return sorted(found - {but})


def wrong_exports(
    template: Template, stack: str, outputs: Sequence[StackOutput], context: RequestContext
) -> Iterator[str]:
    """Names that others have, and what is exported no more, or has another value, while somebody imports it."""
    others = {
        name: owner.name
        for name, (_, owner) in exports(context.store.stacks.all(context.scope)).items()
        if owner.name != stack
    }
    mine: dict[str, str] = {}
    for output in outputs:
        if output.export is None:
            continue
        owner = stack if output.export in mine else others.get(output.export)
        if owner is not None:
            where = template.where(("Outputs", output.key, "Export"))
            yield f"{where}: Export with name {output.export} is already exported by stack {owner}."
        mine[output.export] = output.value
    where = template.where(("Outputs",))
    for name, value in _exported(stack, context):
        if mine.get(name) != value and (users := importers(name, context, but=stack)):
            verb = "Cannot update" if name in mine else "Delete canceled. Cannot delete"
            yield f"{where}: {verb} export {name} as it is in use by {', '.join(users)}."


def in_use(stack: str, context: RequestContext, leaving: Collection[str] = ()) -> str | None:
    """Why a stack cannot go with those within it, as CloudFormation says it. leaving: stacks that go as well."""
    whole = below(stack, context)
    for name in (name for one in whole for name, _ in _exported(one, context)):
        users = [user for user in importers(name, context) if user not in (*whole, *leaving)]
        if users:
            return f"Delete canceled. Cannot delete export {name} as it is in use by {', '.join(users)}."
    return None


def _exported(stack: str, context: RequestContext) -> list[tuple[str, str]]:
    record = context.store.stacks.get(context.scope, stack)
    outputs = () if record is None else record.outputs
    return [(one.export, one.value) for one in outputs if one.export is not None]
