"""The addresses at which functions and aliases are called over plain HTTP.

docs/contract/api.md#function-urls, docs/contract/events.md#function-urls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import key_of, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import LATEST, FunctionId, Target
from lambda_emu.errors.resources import ResourceMissing
from lambda_emu.model import quotas
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.function_url import FunctionUrl, NoFunctionForUrl, UrlExists
from lambda_emu.model.function.tenancy import check_without_tenants
from lambda_emu.model.timestamps import iso
from lambda_emu.triggers.addresses import address_of

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateFunctionUrlConfigRequestTypeDef,
        DeleteFunctionUrlConfigRequestTypeDef,
        GetFunctionUrlConfigRequestTypeDef,
        ListFunctionUrlConfigsRequestTypeDef,
        UpdateFunctionUrlConfigRequestTypeDef,
    )


@operation("CreateFunctionUrlConfig")
def create_function_url_config(req: CreateFunctionUrlConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    url = FunctionUrl(
        url_id=context.clock.new_token(),
        auth_type=req["AuthType"],
        created=iso(context.clock.now_s()),
        cors=req.get("Cors") or None,
        invoke_mode=req.get("InvokeMode"),
    )

    def edit(function: Function) -> Function:
        if key_of(target) in function.urls:
            raise UrlExists(target.arn)
        version = function.version(target.qualifier)
        if version is None:
            raise NoFunctionForUrl
        check_without_tenants(version, "A function URL")
        return _with(function, target, url)

    update_function(context, target.id, edit, NoFunctionForUrl())
    return _show(context, target.id, key_of(target), url)


@operation("GetFunctionUrlConfig")
def get_function_url_config(req: GetFunctionUrlConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    function = look_up_function(context, target.id, ResourceMissing())
    return _whole(context, target.id, key_of(target), _url(function, target))


@operation("UpdateFunctionUrlConfig")
def update_function_url_config(req: UpdateFunctionUrlConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    modified = iso(context.clock.now_s())

    def edit(function: Function) -> Function:
        if function.version(target.qualifier) is None:
            raise NoFunctionForUrl
        return _with(function, target, _url(function, target).merge(req, modified))

    function = update_function(context, target.id, edit, NoFunctionForUrl())
    return {**_show(context, target.id, key_of(target), _url(function, target)), "LastModifiedTime": modified}


@operation("DeleteFunctionUrlConfig")
def delete_function_url_config(req: DeleteFunctionUrlConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))

    def edit(function: Function) -> Function:
        _url(function, target)
        return replace(function, urls={key: url for key, url in function.urls.items() if key != key_of(target)})

    update_function(context, target.id, edit, ResourceMissing())
    return {}


@operation("ListFunctionUrlConfigs")
def list_function_url_configs(req: ListFunctionUrlConfigsRequestTypeDef, context: RequestContext) -> Result:
    """The function's own first, then its aliases'."""
    id = context.target(req["FunctionName"]).id
    urls = look_up_function(context, id, NoFunctionForUrl()).urls
    keys, marker = cut_page(sorted(urls), str, req.get("Marker"), req.get("MaxItems", quotas.PAGE))
    return {"FunctionUrlConfigs": [_whole(context, id, key, urls[key]) for key in keys], "NextMarker": marker}


def _with(function: Function, target: Target, url: FunctionUrl) -> Function:
    return replace(function, urls={**function.urls, key_of(target): url})


def _url(function: Function, target: Target) -> FunctionUrl:
    url = function.urls.get(key_of(target))
    if url is None:
        raise ResourceMissing
    return url


def _show(context: RequestContext, id: FunctionId, key: str, url: FunctionUrl) -> Result:
    """As Create answers: what was never set is left out. key: $LATEST, or an alias."""
    return {
        "FunctionUrl": address_of(url.url_id, id.region, context.base_url, context.asked_at),
        "FunctionArn": id.arn(None if key == LATEST else key),
        "AuthType": url.auth_type,
        "Cors": url.cors,
        "CreationTime": url.created,
        "InvokeMode": url.invoke_mode,
    }


def _whole(context: RequestContext, id: FunctionId, key: str, url: FunctionUrl) -> Result:
    """As Get and List answer."""
    return {
        **_show(context, id, key, url),
        "LastModifiedTime": url.modified or url.created,
        "InvokeMode": url.invoke_mode or "BUFFERED",
    }
