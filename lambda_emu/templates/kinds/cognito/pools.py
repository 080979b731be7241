"""AWS::Cognito: user pools and the apps that sign users in."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, ask_if_there, takes

COGNITO = "cognito-idp"
_OF_POOLS = (
    *("AdminCreateUserConfig", "AliasAttributes", "AutoVerifiedAttributes", "EmailVerificationMessage", "LambdaConfig"),
    *("EmailVerificationSubject", "MfaConfiguration", "Policies", "Schema", "SmsVerificationMessage", "UserPoolAddOns"),
    *("UsernameAttributes", "UsernameConfiguration", "UserPoolTags", "VerificationMessageTemplate"),
    *("AccountRecoverySetting", "DeletionProtection", "UserAttributeUpdateSettings"),
)
_ONLY_AT_FIRST = ("AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration")
_OF_CLIENTS = (
    "AccessTokenValidity AllowedOAuthFlows AllowedOAuthFlowsUserPoolClient AllowedOAuthScopes CallbackURLs ClientName "
    "DefaultRedirectURI ExplicitAuthFlows GenerateSecret IdTokenValidity LogoutURLs PreventUserExistenceErrors "
    "ReadAttributes RefreshTokenValidity SupportedIdentityProviders TokenValidityUnits UserPoolId WriteAttributes"
)


def _create_pool(asked: ResourceRequest) -> Made:
    members = {**asked.given(*_OF_POOLS), "PoolName": asked.named("UserPoolName")}
    made = asked.call(COGNITO, "CreateUserPool", members)["UserPool"]
    region = asked.reach.context.scope.region
    provider = f"cognito-idp.{region}.amazonaws.com/{made['Id']}"
    attributes = {"Arn": made["Arn"], "ProviderName": provider, "ProviderURL": f"https://{provider}"}
    return Made(made["Id"], {**attributes, "UserPoolId": made["Id"]})


def _update_pool(asked: ResourceRequest, made: Made) -> Made:
    said = {name: value for name, value in asked.given(*_OF_POOLS).items() if name not in _ONLY_AT_FIRST}
    asked.call(COGNITO, "UpdateUserPool", {**said, "UserPoolId": made.identifier})
    return made


def _remove_pool(made: Made, reach: Reach) -> None:
    ask_if_there(reach, COGNITO, "DeleteUserPool", UserPoolId=made.identifier)


def _has_pool(made: Made, reach: Reach) -> bool:
    return reach.find(COGNITO, "DescribeUserPool", UserPoolId=made.identifier) is not None


def _create_client(asked: ResourceRequest) -> Made:
    members = {**asked.properties, "ClientName": asked.named("ClientName")}
    made = asked.call(COGNITO, "CreateUserPoolClient", members)["UserPoolClient"]
    attributes = {"ClientId": made["ClientId"], OF: made["UserPoolId"], "Name": made["ClientName"]}
    return Made(made["ClientId"], {**attributes, "ClientSecret": made.get("ClientSecret", "")})


def _update_client(asked: ResourceRequest, made: Made) -> Made:
    of = {"UserPoolId": made.attributes[OF], "ClientId": made.identifier}
    asked.call(COGNITO, "UpdateUserPoolClient", {**asked.properties, "ClientName": asked.named("ClientName"), **of})
    return made


def _remove_client(made: Made, reach: Reach) -> None:
    ask_if_there(reach, COGNITO, "DeleteUserPoolClient", UserPoolId=made.attributes[OF], ClientId=made.identifier)


POOLS: Mapping[str, Kind] = {
    "AWS::Cognito::UserPool": Kind(
        takes(f"UserPoolName {' '.join(_OF_POOLS)}"), _create_pool, _remove_pool, _update_pool, _has_pool
    ),
    "AWS::Cognito::UserPoolClient": Kind(
        takes(_OF_CLIENTS),
        _create_client,
        _remove_client,
        _update_client,
        fixed=takes("GenerateSecret UserPoolId"),
    ),
}
