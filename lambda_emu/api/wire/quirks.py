"""Where AWS's recorded answers differ from what botocore's model alone would say.

docs/contract/api.md#validation, #names.
"""

from __future__ import annotations

from lambda_emu.arn import REGION
from lambda_emu.model.function.runtime_names import LISTED, LISTED_FOR_LAYERS
from lambda_emu.model.quotas import CODE_REQUEST_BYTES, REQUEST_BYTES

# Enums whose recorded order is not that of a Java hash set of the model's values.
ENUM_ORDER = {
    "InvokeMode": ("RESPONSE_STREAM", "BUFFERED"),
    "EventSourcePosition": ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"),
    "LayerRuntime": LISTED_FOR_LAYERS,
}

# Patterns that AWS prints, and so checks, otherwise than the model has them.
_PLACE = r"lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}"
PATTERNS = {
    "TaggableResource": rf"arn:(aws[a-zA-Z-]*):{_PLACE}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?"
    r"|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}"
    r"|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
    "LayerVersionArn": rf"(arn:(aws[a-zA-Z-]*)?:{_PLACE}:layer:[a-zA-Z0-9-_]+:[0-9]+)"
    r"|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
}

# Members whose shape has another name here, and so what is said above and below of that name: ours, the model's.
MEMBER_SHAPES = {"CompatibleRuntime": ("LayerRuntime", "Runtime")}

# Lists of runtimes whose enum is stated as if it were the list's own.
LISTS_OF_RUNTIMES = {"CompatibleRuntimes": LISTED}

# What is complained of after all else.
MEMBERS_CHECKED_LAST = ("CompatibleArchitectures",)

# A wrong runtime is a business rule with a text of its own: errors.UnknownRuntime.
ENUMS_CHECKED_BY_RULES = frozenset({"Runtime"})

# Lists whose items' texts do not end in "Member must not be null": newer shapes have it, these older ones do not.
ITEMS_WITHOUT_NOT_NULL = frozenset({"SubnetIds", "SecurityGroupIds"})

# Replacements inside patterns, in order: what Java writes, what Python's re understands. The last one is AWS's own:
# an ARN without region or account fails, although the model's pattern would let it pass.
PATTERN_PARTS = (
    (r"\p{L}", r"\w"),
    (r"\p{N}", ""),
    (r"\p{Z}", " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"),
    ("(arn:(aws[a-zA-Z-]*)?:lambda:)?", rf"(arn:(aws[a-zA-Z-]*)?:lambda:(?={REGION}:\d{{12}}:function(?::|\Z)))?"),
)

# Members that are spelled otherwise than by lowering their first letter would give.
MEMBER_PATHS = {"UUID": "uuid"}

# Bytes a request may have where it is not REQUEST_BYTES and its own name, and the operation's name in the refusal.
# docs/contract/api.md#texts, docs/contract/invoke.md#sizes.
BODY_LIMITS = {
    "CreateFunction": (CODE_REQUEST_BYTES, "CreateFunction"),
    "UpdateFunctionCode": (CODE_REQUEST_BYTES, "UpdateFunctionCode"),
    "PublishLayerVersion": (CODE_REQUEST_BYTES, "PublishLayerVersion"),
    "Invoke": (REQUEST_BYTES, "InvokeFunction"),
}
