"""ECR. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lambda_emu.access.demand import Asking, Demand


def ecr(asking: Asking) -> Sequence[Demand]:
    """Repositories that are named; what is about the registry as a whole is about no single one."""
    names = [*asking.texts("repositoryNames"), asking.text("repositoryName")]
    account = asking.text("registryId") or asking.scope.account
    scope = replace(asking.scope, account=account)
    named = [scope.arn(f"repository/{name}", "ecr") for name in names if name]
    tagged = asking.text("resourceArn")
    return [asking.demand(one) for one in (*named, *([tagged] if tagged else []))] or [asking.demand()]
