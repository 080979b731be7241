"""IAM: which user, group, role or policy an operation is about.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import ANY, Asking, Demand
from lambda_emu.access.demands.sessions import tags_of
from lambda_emu.model.caller import CallerKind

NAMES = {
    "user": "UserName",
    "role": "RoleName",
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
    "server-certificate": "ServerCertificateName",
}
"""By which member each kind of resource is named."""
BY_ENDING = (
    ("ForUser", "user"),
    ("ForRole", "role"),
    ("ToGroup", "group"),
    ("FromGroup", "group"),
    ("InstanceProfile", "instance-profile"),
)
BY_WORD = (
    ("InstanceProfile", "instance-profile"),
    ("Role", "role"),
    ("AssumeRolePolicy", "role"),
    ("Group", "group"),
    ("User", "user"),
    ("LoginProfile", "user"),
    ("AccessKey", "user"),
    ("SigningCertificate", "user"),
    ("SSHPublicKey", "user"),
    ("ServiceSpecificCredential", "user"),
    ("Password", "user"),
    ("ServerCertificate", "server-certificate"),
)
"""What an operation's name has in it, the first that it has."""
OF_ITSELF = "user"
"""Who names no user means himself."""
ARNS = ("PolicyArn", "OpenIDConnectProviderArn", "SAMLProviderArn", "Arn", "PolicySourceArn")
OF_ACCOUNT = ("SimulateCustomPolicy", "CreateAccountAlias", "DeleteAccountAlias")
LISTS = {
    "ListUsers": "user/",
    "ListRoles": "role/",
    "ListGroups": "group/",
    "ListInstanceProfiles": "instance-profile/",
}
NEW_POLICY, SERVICE_ROLE = "CreatePolicy", "CreateServiceLinkedRole"
NEW = ("CreateUser", "CreateRole", "CreateGroup", "CreateInstanceProfile", "UploadServerCertificate")
DEVICES = ("CreateVirtualMFADevice", "DeleteVirtualMFADevice")
WITH_DEVICE = ("MFADevice",)


def iam(asking: Asking) -> Sequence[Demand]:
    context = {
        "iam:policyarn": asking.text("PolicyArn"),
        "iam:permissionsboundary": asking.text("PermissionsBoundary"),
        "iam:awsservicename": asking.text("AWSServiceName"),
    }
    told = {**{key: value for key, value in context.items() if value}, **tags_of(asking)}
    resource, shown = _resource(asking)
    return [Demand(f"iam:{asking.operation}", resource, told, shown)]


def _resource(asking: Asking) -> tuple[str, str]:
    """What policies name, and what IAM's errors call it."""
    operation = asking.operation
    if operation in LISTS:
        return _same(_arn(asking, LISTS[operation]))
    if operation == "ListPolicies":
        return ANY, f"policy path {asking.text('PathPrefix') or '/'}"
    if operation in OF_ACCOUNT or "Account" in operation:
        return _same(ANY)
    if operation == SERVICE_ROLE:
        return _same(_arn(asking, f"role/aws-service-role/{asking.text('AWSServiceName')}/*"))
    if operation == NEW_POLICY:
        name = asking.text("PolicyName")
        return _arn(asking, f"policy{asking.text('Path') or '/'}{name}"), f"policy {name}"
    if operation in DEVICES:
        given = asking.text("SerialNumber")
        return _same(given or _arn(asking, f"mfa{asking.text('Path') or '/'}{asking.text('VirtualMFADeviceName')}"))
    kind = _kind(operation)
    if kind is not None:
        return _named(asking, kind)
    arn = next((asking.text(name) for name in ARNS if asking.text(name)), ANY)
    return arn, f"policy {arn}" if ":policy/" in arn else arn


def _kind(operation: str) -> str | None:
    for end, kind in BY_ENDING:
        if operation.endswith(end):
            return kind
    if any(word in operation for word in WITH_DEVICE):
        return OF_ITSELF
    return next((kind for word, kind in BY_WORD if word in operation), None)


def _named(asking: Asking, kind: str) -> tuple[str, str]:
    """What is there is called by its name: IAM itself knows its path."""
    name = asking.text(NAMES[kind])
    caller = asking.request.caller
    if not name and kind == OF_ITSELF and caller is not None and caller.kind is CallerKind.USER:
        name, arn = caller.arn.rpartition("/")[2], caller.arn
    elif asking.operation in NEW:
        return _same(_arn(asking, f"{kind}{asking.text('Path') or '/'}{name}"))
    else:
        arn = _arn(asking, f"{kind}/{name}")
    return arn, f"{kind.replace('-', ' ')} {name}"


def _same(arn: str) -> tuple[str, str]:
    return arn, arn


def _arn(asking: Asking, resource: str) -> str:
    return f"arn:{asking.scope.partition}:iam::{asking.scope.account}:{resource}"
