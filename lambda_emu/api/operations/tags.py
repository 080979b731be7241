"""Tags of functions, event source mappings, code signing configs and capacity providers. docs/contract/api.md#tags."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import get_record, locate_resource, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import FunctionId, parse_resource_arn
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import UpdateInProgress
from lambda_emu.model.capacity.refusals import CapacityProviderNotFound
from lambda_emu.model.function.code_signing import CodeSigningConfigMissing
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.tags import (
    LayerUntaggable,
    NetworkConnectorNotFound,
    NoTags,
    PartUntaggable,
    TaggedMappingNotFound,
    Tags,
    check_taggable,
    merge_tags,
    remove_tags,
    set_tags,
)
from lambda_emu.store import Store, Table, Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        ListTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )


class TaggedKind(Struct, frozen=True):
    """Where resources of a kind are kept, each with its `tags`. missing: made of the ARN that names none.

    at: the record as it stands at a time; None: it is kept still, but nobody sees it any more.
    """

    table: Callable[[Store], Table[Any]]
    missing: Callable[[str], LambdaError]
    at: Callable[[Any, float], Any | None] = lambda record, _: record


KINDS = {
    "event-source-mapping": TaggedKind(
        lambda store: store.mappings, TaggedMappingNotFound, lambda mapping, now_s: mapping.at(now_s)
    ),
    "code-signing-config": TaggedKind(lambda store: store.signing_configs, CodeSigningConfigMissing),
    "capacity-provider": TaggedKind(lambda store: store.capacity_providers, CapacityProviderNotFound),
}


@operation("TagResource")
def tag_resource(req: TagResourceRequestTypeDef, context: RequestContext) -> Result:
    if not req["Tags"]:
        raise NoTags
    _change(context, req["Resource"], lambda tags: merge_tags(tags, req["Tags"]))
    return {}


@operation("UntagResource")
def untag_resource(req: UntagResourceRequestTypeDef, context: RequestContext) -> Result:
    _change(context, req["Resource"], lambda tags: remove_tags(tags, req["TagKeys"]))
    return {}


@operation("ListTags")
def list_tags(req: ListTagsRequestTypeDef, context: RequestContext) -> Result:
    """Unlike GetFunction, also where there are none."""
    arn = req["Resource"]
    if _names_function(arn):
        return {"Tags": dict(look_up_function(context, _function(context, arn)).tags)}
    kind = _kind(arn)
    missing = kind.missing(arn)
    record = get_record(kind.table(context.store).get, locate_resource(context, arn, missing), missing)
    if kind.at(record, context.clock.now_s()) is None:
        raise missing
    return {"Tags": dict(record.tags)}


def _change(context: RequestContext, arn: str, edit: Callable[[Tags], Tags]) -> None:
    if _names_function(arn):
        _change_function(context, _function(context, arn), edit)
    else:
        _change_other(context, arn, edit)


def _change_function(context: RequestContext, id: FunctionId, edit: Callable[[Tags], Tags]) -> None:
    def retag(function: Function) -> Function:
        context.changes.check(id, UpdateInProgress)
        check_taggable(function)
        return set_tags(function, edit(function.tags), context.clock.new_id())

    update_function(context, id, retag)


def _change_other(context: RequestContext, arn: str, edit: Callable[[Tags], Tags]) -> None:
    kind = _kind(arn)
    table, missing = kind.table(context.store), kind.missing(arn)
    place, now_s = locate_resource(context, arn, missing), context.clock.now_s()

    def retag(transaction: Transaction) -> None:
        record = get_record(partial(transaction.get, table), place, missing)
        if kind.at(record, now_s) is None:
            raise missing
        transaction.put(table, place.scope, place.name, replace(record, tags=edit(record.tags)))

    context.store.write(retag)


def _names_function(arn: str) -> bool:
    return parse_resource_arn(arn).kind == "function"


def _function(context: RequestContext, arn: str) -> FunctionId:
    target = context.target(arn)
    if target.qualifier is not None:
        raise PartUntaggable
    return target.id


def _kind(arn: str) -> TaggedKind:
    word = parse_resource_arn(arn).kind
    if word == "layer":
        raise LayerUntaggable
    kind = KINDS.get(word)
    if kind is None:
        raise NetworkConnectorNotFound(arn)
    return kind
