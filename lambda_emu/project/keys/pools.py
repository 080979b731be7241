"""User pools of Cognito: the keys of `events: cognito`, which are those of SAM's, and of `resources: pools`."""

from __future__ import annotations

from typing import Any

from lambda_emu.model.value_types import choice, text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, main_key
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, list_of, single

POOL = text("1 to 128 letters, digits and + = , . @ - _", r"[\w+=,.@-]{1,128}")
CLIENT = text("1 to 128 letters, digits and + = , . @ - _", r"[\w+=,.@-]{1,128}")
TOKENS = "PreTokenGeneration"
TRIGGER = choice(
    *("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", TOKENS, "CustomMessage"),
    *("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "UserMigration"),
)
ADDRESS = choice("email", "phone_number")
FLOW = choice(
    *("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_SRP_AUTH", "CUSTOM_AUTH", "REFRESH_TOKEN_AUTH"),
)
FLOWS = list_of(single(FLOW), 5)


def _read_triggers(document: Document, value: Value) -> Any:
    """One, or a list."""
    return TRIGGERS.read(document, value) if value.is_list else [document.scalar(value, TRIGGER)]


def _read_clients(document: Document, value: Value) -> dict[str, Any]:
    found = {}
    for name, member in document.members(value).items():
        document.check(member, name, CLIENT)
        found[name] = FLOWS.read(document, member)
    return found


TRIGGERS = list_of(single(TRIGGER), 10)
COGNITO = EventKind(
    "pool",
    (
        main_key("pool", POOL, "The user pool, by its name; made if missing."),
        Key(
            "trigger",
            "triggers",
            KeyType(f"{TRIGGER.allowed}, or a list of them", _read_triggers),
            "When it runs.",
            required=True,
        ),
        Key(
            "version",
            "version",
            single(choice("V1_0", "V2_0")),
            f"Of the event of {TOKENS}.",
            default="`V1_0`",
        ),
    ),
    "What users of a user pool do.",
)
POOL_KEYS = (
    Key(
        "sign_in",
        "UsernameAttributes",
        list_of(single(ADDRESS), 2),
        "What users have in place of names; as the pool was made.",
    ),
    Key(
        "verify",
        "AutoVerifiedAttributes",
        list_of(single(ADDRESS), 2),
        "Where they are sent a code, by which they are confirmed.",
    ),
    Key(
        "clients",
        "clients",
        KeyType("a mapping of names to lists of flows such as USER_PASSWORD_AUTH", _read_clients),
        "Apps, and how users sign in by each.",
    ),
)
