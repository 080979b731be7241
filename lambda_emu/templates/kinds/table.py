"""Every type that has an effect, from what is needed to what needs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.api_gateway.apis import APIS, PARTS_OF_APIS
from lambda_emu.templates.kinds.api_gateway.domains import DOMAINS
from lambda_emu.templates.kinds.api_gateway.methods import METHODS
from lambda_emu.templates.kinds.balancers import BALANCERS, ON_BALANCERS
from lambda_emu.templates.kinds.cognito.people import PEOPLE
from lambda_emu.templates.kinds.cognito.pools import POOLS
from lambda_emu.templates.kinds.custom_resources import CUSTOM, CUSTOM_RESOURCES, PREFIX
from lambda_emu.templates.kinds.functions import FUNCTIONS, LAYERS, ON_FUNCTIONS
from lambda_emu.templates.kinds.happenings import GROUPS, HAPPENINGS
from lambda_emu.templates.kinds.iam.roles import ROLES
from lambda_emu.templates.kinds.iam.users import USERS
from lambda_emu.templates.kinds.kept import KEPT, ON_KEPT
from lambda_emu.templates.kinds.keys import KEYS
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, takes
from lambda_emu.templates.kinds.machine_versions import MACHINE_VERSIONS
from lambda_emu.templates.kinds.nested import NESTED
from lambda_emu.templates.kinds.permits import PERMITS, SIGNING
from lambda_emu.templates.kinds.registries import REPOSITORIES
from lambda_emu.templates.kinds.stores import ON_STORES, STORES
from lambda_emu.templates.kinds.topics import ON_TOPICS, TOPICS
from lambda_emu.templates.kinds.unserved import identifier_of
from lambda_emu.templates.kinds.wait_conditions import CONDITIONS, HANDLES

KINDS: Mapping[str, Kind] = {
    **{**HANDLES, **KEYS, **REPOSITORIES, **KEPT, **USERS, **ROLES, **STORES, **TOPICS, **GROUPS, **SIGNING, **LAYERS},
    **{**FUNCTIONS, **BALANCERS, **APIS, **METHODS, **ON_FUNCTIONS, **ON_STORES, **ON_TOPICS, **PARTS_OF_APIS},
    **{
        **DOMAINS,
        **POOLS,
        **PEOPLE,
        **ON_BALANCERS,
        **HAPPENINGS,
        **MACHINE_VERSIONS,
        **ON_KEPT,
        **PERMITS,
        **CUSTOM_RESOURCES,
    },
    **{**CONDITIONS, **NESTED},
}


def _name(asked: ResourceRequest) -> Made:
    return Made(identifier_of(asked.type, asked.name, asked.reach.context.scope))


def _nothing(_: Made, __: Reach) -> None:
    """There is nothing to remove."""


def _leave(_: ResourceRequest, made: Made) -> Made:
    return made


WITHOUT_EFFECT = Kind(takes(""), _name, _nothing, _leave)
"""Of a type that is in no row: others may refer to it, and get what looks like it."""


def kind_of(type: str) -> Kind:
    return KINDS.get(CUSTOM if type.startswith(PREFIX) else type, WITHOUT_EFFECT)


def in_order(types: Collection[str]) -> list[str]:
    """From what is needed to what needs it, as far as types tell."""
    order = {name: number for number, name in enumerate(KINDS)}
    return sorted(types, key=lambda type: (order.get(CUSTOM if type.startswith(PREFIX) else type, -1), type))
