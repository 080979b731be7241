"""AWS::Cognito beside pools and their apps: domains, resource servers, groups, users, identity pools."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.cognito.pools import COGNITO
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, takes
from lambda_emu.templates.kinds.plain import Plain, plain


def _create_server(asked: ResourceRequest) -> Made:
    """What serves Cognito can make one, and neither change nor delete it: it goes with its pool."""
    which = {"UserPoolId": str(asked.get("UserPoolId")), "Identifier": str(asked.get("Identifier"))}
    if asked.reach.find(COGNITO, "DescribeResourceServer", **which) is None:
        asked.call(COGNITO, "CreateResourceServer", asked.properties)
    return Made(which["Identifier"])


def _leave_server(_: Made, __: Reach) -> None:
    """See above."""


_OF_POOL = {"UserPoolId": "UserPoolId"}
PEOPLE: Mapping[str, Kind] = {
    "AWS::Cognito::UserPoolDomain": plain(
        Plain(
            COGNITO,
            "CustomDomainConfig Domain ManagedLoginVersion UserPoolId",
            "CreateUserPoolDomain",
            "DeleteUserPoolDomain",
            id="Domain",
            member="Domain",
            update="UpdateUserPoolDomain",
            keys=_OF_POOL,
            fixed="Domain UserPoolId",
            attributes={"CloudFrontDistribution": "CloudFrontDomain"},
        )
    ),
    "AWS::Cognito::UserPoolResourceServer": Kind(
        takes("Identifier Name Scopes UserPoolId"),
        _create_server,
        _leave_server,
        lambda _, made: made,
        fixed=takes("Identifier UserPoolId"),
    ),
    "AWS::Cognito::UserPoolGroup": plain(
        Plain(
            COGNITO,
            "Description GroupName Precedence RoleArn UserPoolId",
            "CreateGroup",
            "DeleteGroup",
            id="Group.GroupName",
            member="GroupName",
            update="UpdateGroup",
            keys=_OF_POOL,
            named="GroupName",
            fixed="GroupName UserPoolId",
            usual={"Description": ""},
        )
    ),
    "AWS::Cognito::UserPoolUser": plain(
        Plain(
            COGNITO,
            "ClientMetadata DesiredDeliveryMediums ForceAliasCreation MessageAction UserAttributes UserPoolId Username "
            "ValidationData",
            "AdminCreateUser",
            "AdminDeleteUser",
            id="User.Username",
            member="Username",
            keys=_OF_POOL,
            named="Username",
            fixed="ClientMetadata DesiredDeliveryMediums ForceAliasCreation MessageAction UserAttributes UserPoolId "
            "Username ValidationData",
        )
    ),
    "AWS::Cognito::UserPoolUserToGroupAttachment": plain(
        Plain(
            COGNITO,
            "GroupName UserPoolId Username",
            "AdminAddUserToGroup",
            "AdminRemoveUserFromGroup",
            id="Username",
            keys={**_OF_POOL, "GroupName": "GroupName", "Username": "Username"},
            fixed="GroupName UserPoolId Username",
        )
    ),
    "AWS::Cognito::IdentityPool": plain(
        Plain(
            "cognito-identity",
            "AllowClassicFlow AllowUnauthenticatedIdentities CognitoIdentityProviders DeveloperProviderName "
            "IdentityPoolName OpenIdConnectProviderARNs SamlProviderARNs SupportedLoginProviders",
            "CreateIdentityPool",
            "DeleteIdentityPool",
            id="IdentityPoolId",
            member="IdentityPoolId",
            update="UpdateIdentityPool",
            named="IdentityPoolName",
            attributes={"Id": "IdentityPoolId", "Name": "IdentityPoolName"},
        )
    ),
}
