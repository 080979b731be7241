"""The keys a function is declared with, as one table. `field` is the member of DeclaredFunction.

docs/contract/api.md#configuration.
"""

from __future__ import annotations

from typing import Any

from lambda_emu.architectures import ARCHITECTURES
from lambda_emu.builds.methods import AUTO, METHODS
from lambda_emu.model import quotas
from lambda_emu.model.value_types import choice, text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.roles import DEFAULT, NAMED
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import ENVIRONMENT, PATH, RUNTIME, KeyType, layers, mapping, only_item, single

RESERVABLE = quotas.CONCURRENT_EXECUTIONS - quotas.MINIMUM_UNRESERVED

NAME = text("1 to 64 letters, digits, - and _", r"[a-zA-Z0-9_-]{1,64}")


def _read_events(document: Document, value: Value) -> Any:
    from lambda_emu.project.keys.resource_reader import read_events  # here: most projects have none

    return read_events(document, value)


EVENTS = KeyType("a list of [events](project.md#events)", _read_events)
KEYS = (
    Key("runtime", "runtime", RUNTIME, "What runs the code.", required=True),
    Key(
        "handler",
        "handler",
        single(text("up to 128 characters without spaces", r"[^\s]{1,128}")),
        "Where the code is entered: `file.function` for most runtimes.",
        required=True,
    ),
    Key("code", "code", PATH, "What appears at /var/task; relative to the file.", required=True),
    Key(
        "memory",
        "memory_mb",
        single(whole(128, quotas.MEMORY_MB, "MB")),
        "Its share of CPU follows from it: 1769 MB are one.",
    ),
    Key("timeout", "timeout_s", single(whole(1, quotas.TIMEOUT_S, "seconds")), "How long one invocation may take."),
    Key(
        "ephemeral_storage",
        "ephemeral_storage_mb",
        single(whole(512, quotas.EPHEMERAL_STORAGE_MB, "MB")),
        "Size of /tmp.",
    ),
    Key("environment", "environment", ENVIRONMENT, "Variables of the code, 4 KB in all."),
    Key(
        "layers",
        "layers",
        layers(quotas.LAYERS),
        "Merged in this order at /opt; relative to the file, or [what others published](layers.md).",
    ),
    Key(
        "reserved_concurrency",
        "reserved_concurrency",
        single(whole(0, RESERVABLE)),
        f"Invocations kept for it, and its limit; {RESERVABLE} for all functions together.",
    ),
    Key("architectures", "architecture", only_item(choice(*ARCHITECTURES)), "The processor the code is for."),
    Key("description", "description", single(text("a text of up to 256 characters", r".{0,256}")), "What people read."),
    Key(
        "role",
        "role",
        single(NAMED),
        f"As which it asks services, where [IAM](security.md#iam) counts; `{DEFAULT}` where none is named.",
    ),
    Key("log_format", "log_format", single(choice("Text", "JSON")), "How log lines are written."),
    Key(
        "tags",
        "tags",
        mapping(text("1 to 128 characters", r".{1,128}"), text("up to 256 characters", r".{0,256}"), quotas.TAGS),
        "Shown by GetFunction.",
    ),
    Key(
        "build",
        "build",
        single(choice(AUTO, *METHODS)),
        f"How [what the code needs](builds.md) is installed or compiled; `{AUTO}`: by what lies there.",
    ),
    Key("events", "events", EVENTS, "What has it run beside Invoke."),
)
