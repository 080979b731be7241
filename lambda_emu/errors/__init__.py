"""Every error AWS Lambda answers, once. Each builds its own text from values; nobody else knows a status code.

LambdaError
├── what the caller did (Type User, unless said: "no Type")
│   ├── request.py
│   │   ├── MalformedRequest        400 SerializationException, no Type
│   │   ├── ConstraintViolations    400 ValidationException, no Type: what botocore's model forbids
│   │   ├── MemoryAboveLimit        400 the same code, a text of its own
│   │   ├── InvalidRequestContent   400 PayloadNotJson, ClientContextInvalid, ClientContextTooLong …
│   │   ├── UnknownPath             404 UnknownOperationException
│   │   └── TooLarge                413 no Type: RequestTooLarge, EventTooLarge, ZippedTooLarge
│   ├── parameters.py
│   │   └── InvalidParameter        400 InvalidParameterValueException: one class a business rule
│   ├── durable.py                  404 DurableExecutionNotFound; 400 InvalidParameter: tokens, names, DurableConfig
│   ├── tenancy.py                  400 InvalidParameter: TenantIdMissing, TenantIdRefused, NotWithTenants
│   ├── resources.py
│   │   ├── AccessDenied            403 no Type: OtherAccount, CrossAccountRole
│   │   ├── NotFound                404 FunctionNotFound, RegionUnreachable
│   │   ├── Conflict                409 FunctionExists, UpdateInProgress, FunctionPending, StillBeingCreated
│   │   └── RevisionMismatch        412
│   ├── callers.py                  403, no Type: web pages, host names and missing tokens; ours, not AWS's
│   ├── layers.py, s3.py: of layers and of code from S3, each of one of the kinds above
│   ├── policies.py: of resource policies, each of one of the kinds above; PolicyTooLong 400
│   ├── versions.py: of versions and aliases, each of one of the kinds above
│   ├── event_invoke.py: 404 and 400, of event invoke configurations
│   ├── event_source_mappings.py: 400, 404 and 409, of event source mappings; MappingInUse 400 ResourceInUseException
│   ├── function_urls.py: 404 and 409, of function URLs
│   ├── images.py: 400, of functions packaged as images
│   ├── managed_instances.py: 400, of functions on Managed Instances; NoPublishedVersion 400 by a code of its own
│   ├── runtime_management.py: 400 RuntimeVersionMissing
│   ├── capacity_providers.py, tags.py: of these kinds, and NotOnManagedInstances 403, no Type
│   ├── code_signing.py: of these kinds, and CodeUntrusted 400 CodeVerificationFailedException
│   ├── provisioned.py: 404, 409 and 400, of provisioned concurrency
│   └── service.py: TooManyRequests, TooManyEnvironments and Busy 429, with a Reason
└── what we or the engine did (Type Service)
    └── service.py: ServiceFailure  500; NotBuiltYet 501; ShuttingDown and ServiceUnavailable 503; NoRoom 507

Contract: api.md 1.2 (status, text key, Type) and 1.3 (exact messages).
"""

from __future__ import annotations

from lambda_emu.errors.base import (
    LambdaError,
)
from lambda_emu.errors.callers import (
    HeaderRepeated,
    HostMissing,
    HostRefused,
    PageRefused,
    TokenMissing,
)
from lambda_emu.errors.capacity_providers import (
    CapacityProviderExists,
    CapacityProviderInUse,
    CapacityProviderNotFound,
    NotOnManagedInstances,
    ScalingRangeInvalid,
)
from lambda_emu.errors.code_signing import (
    CodeSigningConfigInUse,
    CodeSigningConfigMissing,
    CodeSigningConfigNotFound,
    CodeUntrusted,
)
from lambda_emu.errors.durable import (
    CallbackIdInvalid,
    CheckpointTokenInvalid,
    DurableExecutionNotFound,
    DurableNameRefused,
    DurableNeedsQualifier,
    DurableOnlyFromCreation,
    DurableTimeoutMissing,
)
from lambda_emu.errors.event_invoke import (
    DestinationConfigInvalid,
    DestinationInvalid,
    DestinationIsItself,
    NoEventInvokeConfig,
    NoFunctionForEvents,
    NothingForEvents,
)
from lambda_emu.errors.event_source_mappings import (
    BatchTooLarge,
    BatchWindowForFifo,
    BatchWindowMissing,
    ConsumerGroupFixed,
    FilterInvalid,
    FunctionTimeoutTooLong,
    KafkaMappingExists,
    MappedFunctionNotFound,
    MappingExists,
    MappingInUse,
    MemberMissing,
    OnlyWithPollers,
    PollersOutOfRange,
    PollersReversed,
    PollersWithConcurrency,
    QueueMappingExists,
    RecordAgeInvalid,
    SourceAccessUnsupported,
    StartingPositionMissing,
    StartingPositionUnsupported,
    StreamMappingExists,
    TimestampInFuture,
    TimestampMissing,
    TimestampUnsupported,
    TooManyFilters,
    UnrecognizedEventSource,
    UnsupportedMember,
)
from lambda_emu.errors.function_urls import (
    NoFunctionForUrl,
    UrlExists,
)
from lambda_emu.errors.images import (
    ImageConfigForZip,
    ImageConfigTooLarge,
    ImageForZip,
    ImageUriMissing,
    SourceImageInvalid,
    ZipMembersForImage,
)
from lambda_emu.errors.layers import (
    LayerContentMissing,
    LayerContentTwice,
    LayerNotShared,
    LayerRegionUnreachable,
    LayerVersionBelowOne,
)
from lambda_emu.errors.managed_instances import (
    ManagedInstancesOnly,
    MemoryBelowInstances,
    NoPublishedVersion,
    NotOnInstances,
    RuntimeNotOnInstances,
)
from lambda_emu.errors.parameters import (
    AliasNotDeletable,
    CodeMissing,
    CodeTwice,
    CodeWithLayersTooLarge,
    CustomRuntimeUnknown,
    DeprecatedRuntime,
    EnvironmentTooLarge,
    InvalidParameter,
    InvalidZip,
    LatestNotDeletable,
    LayerOfOtherRegion,
    LayerTwice,
    LayerVersionUnknown,
    LevelsWithText,
    MarkerInvalid,
    NameTooLong,
    NoSnapStart,
    NulInside,
    QualifierMismatch,
    ReservedConcurrencyTooHigh,
    ReservedEnvironmentKeys,
    RuntimeAndHandlerMissing,
    TooManyFolders,
    TooManyLayers,
    TooManyTags,
    UnknownRuntime,
    UnqualifiedOnly,
    UnzippedTooLarge,
)
from lambda_emu.errors.policies import (
    LayerVersionNotFound,
    NoPolicy,
    NoPolicyForLatest,
    NoPolicyFound,
    OnlyForAction,
    PolicyDocumentInvalid,
    PolicyTooLong,
    PrincipalInvalid,
    StatementExists,
    StatementNotFound,
    TokenWithSource,
)
from lambda_emu.errors.provisioned import (
    AliasOfProvisionedVersion,
    AliasWithWeights,
    NeitherAliasNorVersion,
    ProvisionedAboveReserved,
    ProvisionedAboveUnreserved,
    ProvisionedConfigNotFound,
    ProvisionedTooHigh,
    ReservedBelowProvisioned,
    UnpublishedVersion,
    VersionOfProvisionedAlias,
)
from lambda_emu.errors.request import (
    ClientContextInvalid,
    ClientContextTooLong,
    ConstraintViolations,
    EventTooLarge,
    HeadTooLarge,
    InvalidRequestContent,
    MalformedHttpRequest,
    MalformedRequest,
    MemoryAboveLimit,
    PayloadNotJson,
    RequestIdInvalid,
    RequestTooLarge,
    TooLarge,
    UnknownPath,
    ZippedTooLarge,
)
from lambda_emu.errors.resources import (
    AccessDenied,
    AliasNotFound,
    Conflict,
    CrossAccountRole,
    FunctionExists,
    FunctionNotFound,
    FunctionPending,
    NotFound,
    OtherAccount,
    RegionUnreachable,
    ResourceMissing,
    RevisionMismatch,
    StillBeingCreated,
    UpdateInProgress,
)
from lambda_emu.errors.runtime_management import (
    RuntimeVersionMissing,
)
from lambda_emu.errors.s3 import S3AccessDenied, S3Refused, S3Unreachable, S3WithoutCredentials
from lambda_emu.errors.service import (
    Busy,
    NoRoom,
    NotBuiltYet,
    ServiceFailure,
    ServiceUnavailable,
    ShuttingDown,
    TooManyEnvironments,
    TooManyRequests,
)
from lambda_emu.errors.tags import (
    LayerUntaggable,
    NetworkConnectorNotFound,
    NoTags,
    PartUntaggable,
    TaggedMappingNotFound,
)
from lambda_emu.errors.tenancy import (
    NotWithTenants,
    TenantIdMissing,
    TenantIdRefused,
)
from lambda_emu.errors.versions import (
    AliasExists,
    AliasToUpdateNotFound,
    CodeChanged,
    LatestWithWeights,
    TooManyWeights,
    VersionInUse,
    WeightOfOwnVersion,
)

__all__ = [
    "AccessDenied",
    "AliasExists",
    "AliasNotDeletable",
    "AliasNotFound",
    "AliasOfProvisionedVersion",
    "AliasToUpdateNotFound",
    "AliasWithWeights",
    "BatchTooLarge",
    "BatchWindowForFifo",
    "BatchWindowMissing",
    "Busy",
    "CallbackIdInvalid",
    "CapacityProviderExists",
    "CapacityProviderInUse",
    "CapacityProviderNotFound",
    "CheckpointTokenInvalid",
    "ClientContextInvalid",
    "ClientContextTooLong",
    "CodeChanged",
    "CodeMissing",
    "CodeSigningConfigInUse",
    "CodeSigningConfigMissing",
    "CodeSigningConfigNotFound",
    "CodeTwice",
    "CodeUntrusted",
    "CodeWithLayersTooLarge",
    "Conflict",
    "ConstraintViolations",
    "ConsumerGroupFixed",
    "CrossAccountRole",
    "CustomRuntimeUnknown",
    "DeprecatedRuntime",
    "DestinationConfigInvalid",
    "DestinationInvalid",
    "DestinationIsItself",
    "DurableExecutionNotFound",
    "DurableNameRefused",
    "DurableNeedsQualifier",
    "DurableOnlyFromCreation",
    "DurableTimeoutMissing",
    "EnvironmentTooLarge",
    "EventTooLarge",
    "FilterInvalid",
    "FunctionExists",
    "FunctionNotFound",
    "FunctionPending",
    "FunctionTimeoutTooLong",
    "HeadTooLarge",
    "HeaderRepeated",
    "HostMissing",
    "HostRefused",
    "ImageConfigForZip",
    "ImageConfigTooLarge",
    "ImageForZip",
    "ImageUriMissing",
    "InvalidParameter",
    "InvalidRequestContent",
    "InvalidZip",
    "KafkaMappingExists",
    "LambdaError",
    "LatestNotDeletable",
    "LatestWithWeights",
    "LayerContentMissing",
    "LayerContentTwice",
    "LayerNotShared",
    "LayerOfOtherRegion",
    "LayerRegionUnreachable",
    "LayerTwice",
    "LayerUntaggable",
    "LayerVersionBelowOne",
    "LayerVersionNotFound",
    "LayerVersionUnknown",
    "LevelsWithText",
    "MalformedHttpRequest",
    "MalformedRequest",
    "ManagedInstancesOnly",
    "MappedFunctionNotFound",
    "MappingExists",
    "MappingInUse",
    "MarkerInvalid",
    "MemberMissing",
    "MemoryAboveLimit",
    "MemoryBelowInstances",
    "NameTooLong",
    "NeitherAliasNorVersion",
    "NetworkConnectorNotFound",
    "NoEventInvokeConfig",
    "NoFunctionForEvents",
    "NoFunctionForUrl",
    "NoPolicy",
    "NoPolicyForLatest",
    "NoPolicyFound",
    "NoPublishedVersion",
    "NoRoom",
    "NoSnapStart",
    "NoTags",
    "NotBuiltYet",
    "NotFound",
    "NotOnInstances",
    "NotOnManagedInstances",
    "NotWithTenants",
    "NothingForEvents",
    "NulInside",
    "OnlyForAction",
    "OnlyWithPollers",
    "OtherAccount",
    "PageRefused",
    "PartUntaggable",
    "PayloadNotJson",
    "PolicyDocumentInvalid",
    "PolicyTooLong",
    "PollersOutOfRange",
    "PollersReversed",
    "PollersWithConcurrency",
    "PrincipalInvalid",
    "ProvisionedAboveReserved",
    "ProvisionedAboveUnreserved",
    "ProvisionedConfigNotFound",
    "ProvisionedTooHigh",
    "QualifierMismatch",
    "QueueMappingExists",
    "RecordAgeInvalid",
    "RegionUnreachable",
    "RequestIdInvalid",
    "RequestTooLarge",
    "ReservedBelowProvisioned",
    "ReservedConcurrencyTooHigh",
    "ReservedEnvironmentKeys",
    "ResourceMissing",
    "RevisionMismatch",
    "RuntimeAndHandlerMissing",
    "RuntimeNotOnInstances",
    "RuntimeVersionMissing",
    "S3AccessDenied",
    "S3Refused",
    "S3Unreachable",
    "S3WithoutCredentials",
    "ScalingRangeInvalid",
    "ServiceFailure",
    "ServiceUnavailable",
    "ShuttingDown",
    "SourceAccessUnsupported",
    "SourceImageInvalid",
    "StartingPositionMissing",
    "StartingPositionUnsupported",
    "StatementExists",
    "StatementNotFound",
    "StillBeingCreated",
    "StreamMappingExists",
    "TaggedMappingNotFound",
    "TenantIdMissing",
    "TenantIdRefused",
    "TimestampInFuture",
    "TimestampMissing",
    "TimestampUnsupported",
    "TokenMissing",
    "TokenWithSource",
    "TooLarge",
    "TooManyEnvironments",
    "TooManyFilters",
    "TooManyFolders",
    "TooManyLayers",
    "TooManyRequests",
    "TooManyTags",
    "TooManyWeights",
    "UnknownPath",
    "UnknownRuntime",
    "UnpublishedVersion",
    "UnqualifiedOnly",
    "UnrecognizedEventSource",
    "UnsupportedMember",
    "UnzippedTooLarge",
    "UpdateInProgress",
    "UrlExists",
    "VersionInUse",
    "VersionOfProvisionedAlias",
    "WeightOfOwnVersion",
    "ZipMembersForImage",
    "ZippedTooLarge",
]
