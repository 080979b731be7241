"""AWS::ECR: repositories of images."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, as_text, ask_if_there, tags, takes

ECR = "ecr"
EMPTIED = "|EmptyOnDelete"
"""Among attributes, of which no template can name it."""


def _create_repository(asked: ResourceRequest) -> Made:
    name = asked.named("RepositoryName")
    said = asked.given("EncryptionConfiguration", "ImageScanningConfiguration", "ImageTagMutability")
    told = asked.call(ECR, "CreateRepository", {**said, "repositoryName": name, "tags": tags(asked)})["repository"]
    attributes = {"Arn": told["repositoryArn"], "RepositoryUri": told["repositoryUri"]}
    made = asked.begin(_with_end(asked, Made(name, attributes)))
    _set_policies(asked, name)
    return made


def _set_policies(asked: ResourceRequest, name: str) -> None:
    repository = {"repositoryName": name}
    if (policy := asked.get("RepositoryPolicyText")) is not None:
        asked.call(ECR, "SetRepositoryPolicy", {**repository, "policyText": as_text(policy)})
    if text := (asked.get("LifecyclePolicy") or {}).get("LifecyclePolicyText"):
        asked.call(ECR, "PutLifecyclePolicy", {**repository, "lifecyclePolicyText": as_text(text)})


def _update_repository(asked: ResourceRequest, made: Made) -> Made:
    name = made.identifier
    repository = {"repositoryName": name}
    mutability = asked.get("ImageTagMutability", "MUTABLE")
    asked.call(ECR, "PutImageTagMutability", {**repository, "imageTagMutability": mutability})
    scanning = asked.get("ImageScanningConfiguration") or {"ScanOnPush": False}
    asked.call(ECR, "PutImageScanningConfiguration", {**repository, "imageScanningConfiguration": scanning})
    if asked.get("RepositoryPolicyText") is None and asked.before.get("RepositoryPolicyText") is not None:
        ask_if_there(asked.reach, ECR, "DeleteRepositoryPolicy", **repository)
    if asked.get("LifecyclePolicy") is None and asked.before.get("LifecyclePolicy") is not None:
        ask_if_there(asked.reach, ECR, "DeleteLifecyclePolicy", **repository)
    _set_policies(asked, name)
    return _with_end(asked, made)


def _with_end(asked: ResourceRequest, made: Made) -> Made:
    """It is remembered whether its images go with it: else one that has any stays."""
    attributes = {name: value for name, value in made.attributes.items() if name != EMPTIED}
    is_emptied = str(asked.get("EmptyOnDelete", False)).lower() == "true"
    return Made(made.identifier, {**attributes, **({EMPTIED: "true"} if is_emptied else {})})


def _remove_repository(made: Made, reach: Reach) -> None:
    ask_if_there(reach, ECR, "DeleteRepository", repositoryName=made.identifier, force=EMPTIED in made.attributes)


def _has_repository(made: Made, reach: Reach) -> bool:
    return reach.find(ECR, "DescribeRepositories", repositoryNames=[made.identifier]) is not None


REPOSITORIES: Mapping[str, Kind] = {
    "AWS::ECR::Repository": Kind(
        takes(
            "EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability LifecyclePolicy "
            "RepositoryName RepositoryPolicyText Tags"
        ),
        _create_repository,
        _remove_repository,
        _update_repository,
        _has_repository,
        fixed=takes("EncryptionConfiguration RepositoryName"),
        named="RepositoryName",
    ),
}
