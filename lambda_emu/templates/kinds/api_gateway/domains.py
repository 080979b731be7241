"""AWS::ApiGateway and AWS::ApiGatewayV2 beside APIs: domain names and what is mapped to them, kept and not answered;
the account; what routes of WebSocket APIs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.api_gateway import V1, V2
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, takes
from lambda_emu.templates.kinds.plain import Plain, plain


def _set_account(asked: ResourceRequest, _: Made | None = None) -> Made:
    role = str(asked.get("CloudWatchRoleArn") or "")
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    asked.call(V1, "UpdateAccount", {"patchOperations": operations})
    return Made(asked.name, {"Id": asked.name})


def _leave_account(_: Made, __: Reach) -> None:
    """As on AWS: there is one, and it keeps the role."""


def _endpoint(asked: ResourceRequest) -> dict[str, Any]:
    return {"endpointConfiguration": asked.get("EndpointConfiguration") or {"types": ["EDGE"]}}


_OF_DOMAINS = "DomainName DomainNameConfigurations MutualTlsAuthentication RoutingMode Tags"
_OF_API = {"ApiId": "ApiId"}
_ANSWERS: Mapping[str, tuple[str, str]] = {
    "Route": (
        "ApiId ModelSelectionExpression ResponseModels ResponseParameters RouteId RouteResponseKey",
        "RouteId",
    ),
    "Integration": (
        "ApiId ContentHandlingStrategy IntegrationId IntegrationResponseKey ResponseParameters ResponseTemplates "
        "TemplateSelectionExpression",
        "IntegrationId",
    ),
}
_USUAL_OF_ANSWERS: Mapping[str, Any] = {
    **{"ContentHandlingStrategy": "", "ModelSelectionExpression": "", "TemplateSelectionExpression": ""},
    **{"ResponseModels": {}, "ResponseParameters": {}, "ResponseTemplates": {}},
}


def _answer_of(what: str) -> Kind:
    takes, of = _ANSWERS[what]
    id = f"{what}ResponseId"
    return plain(
        Plain(
            V2,
            takes,
            f"Create{what}Response",
            f"Delete{what}Response",
            id=id,
            member=id,
            update=f"Update{what}Response",
            keys={**_OF_API, of: of},
            fixed=f"ApiId {of}",
            attributes={id: id},
            usual=_USUAL_OF_ANSWERS,
        )
    )


DOMAINS: Mapping[str, Kind] = {
    "AWS::ApiGateway::Account": Kind(takes("CloudWatchRoleArn"), _set_account, _leave_account, _set_account),
    "AWS::ApiGateway::DomainName": plain(
        Plain(
            V1,
            "CertificateArn DomainName EndpointConfiguration MutualTlsAuthentication "
            "OwnershipVerificationCertificateArn RegionalCertificateArn SecurityPolicy Tags",
            "CreateDomainName",
            "DeleteDomainName",
            id="domainName",
            member="domainName",
            fixed="DomainName",
            attributes={
                "DistributionDomainName": "distributionDomainName",
                "DistributionHostedZoneId": "distributionHostedZoneId",
                "RegionalDomainName": "regionalDomainName",
                "RegionalHostedZoneId": "regionalHostedZoneId",
            },
            tags="map",
            more=_endpoint,
        )
    ),
    "AWS::ApiGateway::BasePathMapping": plain(
        Plain(
            V1,
            "BasePath DomainName RestApiId Stage",
            "CreateBasePathMapping",
            "DeleteBasePathMapping",
            id="basePath",
            member="basePath",
            keys={"DomainName": "domainName"},
            fixed="BasePath DomainName",
        )
    ),
    "AWS::ApiGatewayV2::DomainName": plain(
        Plain(
            V2,
            _OF_DOMAINS,
            "CreateDomainName",
            "DeleteDomainName",
            id="DomainName",
            member="DomainName",
            fixed="DomainName",
            attributes={
                "RegionalDomainName": "DomainNameConfigurations.0.ApiGatewayDomainName",
                "RegionalHostedZoneId": "DomainNameConfigurations.0.HostedZoneId",
            },
            tags="map",
        )
    ),
    "AWS::ApiGatewayV2::ApiMapping": plain(
        Plain(
            V2,
            "ApiId ApiMappingKey DomainName Stage",
            "CreateApiMapping",
            "DeleteApiMapping",
            id="ApiMappingId",
            member="ApiMappingId",
            keys={"DomainName": "DomainName"},
            fixed="DomainName",
            attributes={"ApiMappingId": "ApiMappingId"},
        )
    ),
    "AWS::ApiGatewayV2::Model": plain(
        Plain(
            V2,
            "ApiId ContentType Description Name Schema",
            "CreateModel",
            "DeleteModel",
            id="ModelId",
            member="ModelId",
            update="UpdateModel",
            keys=_OF_API,
            fixed="ApiId",
            attributes={"ModelId": "ModelId"},
            usual={"ContentType": "", "Description": ""},
        )
    ),
    **{f"AWS::ApiGatewayV2::{what}Response": _answer_of(what) for what in ("Route", "Integration")},
}
