"""Makes there be what functions live among, and has events come from it, as the project says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.project.declarations import Project, ProjectError
from lambda_emu.project.deploy import ORIGIN, apply
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Present, ResourceChange
from lambda_emu.project.services.alarms import ALARMS
from lambda_emu.project.services.api_gateway import api_id
from lambda_emu.project.services.apis import API, APIS
from lambda_emu.project.services.balancers import BALANCER, BALANCERS, RULES_OF_BALANCERS, path_of
from lambda_emu.project.services.desired import make_wanted
from lambda_emu.project.services.imported import IMPORTED, addresses
from lambda_emu.project.services.left import Left
from lambda_emu.project.services.log_groups import LOG_GROUPS, SUBSCRIPTION_FILTERS
from lambda_emu.project.services.machines import MACHINE, MACHINES
from lambda_emu.project.services.own import OWN, PERMISSIONS, URL
from lambda_emu.project.services.pools import CLIENT, FUNCTIONS_OF_POOLS, POOL, POOLS, id_of
from lambda_emu.project.services.pushed import PUSHED
from lambda_emu.project.services.queue_policies import LETS
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.project.services.rest import REST_API, RESTS, address_of
from lambda_emu.project.services.roles import ROLES
from lambda_emu.project.services.rules import RULES
from lambda_emu.project.services.schedules import SCHEDULES
from lambda_emu.project.services.sockets import SOCKET_API, SOCKETS, STAGE
from lambda_emu.project.services.stores import QUEUE, STORES
from lambda_emu.project.services.streams import STREAMS

log = logging.getLogger(__name__)

KINDS: Mapping[str, ResourceKind[Reach]] = (
    {**ROLES, **STORES, **STREAMS, **LOG_GROUPS, **POOLS, **APIS, **IMPORTED, **SOCKETS, **RESTS, **BALANCERS}
    | {**PERMISSIONS, **PUSHED, **FUNCTIONS_OF_POOLS, **RULES_OF_BALANCERS}
    | {**OWN, **MACHINES, **SCHEDULES, **RULES, **ALARMS, **SUBSCRIPTION_FILTERS, **LETS}
)
"""From what is needed to what needs it."""


class Deployed(NamedTuple):
    """addresses: of the API, URLs and queues, each with what it is."""

    changes: Sequence[ResourceChange]
    addresses: Sequence[tuple[str, str]]


def deploy_services(project: Project, context: RequestContext, services: Services, left: Left) -> Deployed:
    """Once the functions are deployed and the server answers; not on the loop.

    left: found before functions were removed. Raises ProjectError, with a line for each refusal.
    """
    context = replace(context, origin=ORIGIN, changes=RecentChanges(context.clock.machine))
    wanted = make_wanted(project, context)
    reach = Reach(context, services, wanted, left)
    changes = apply([*wanted.values()], _find_all(reach), reach, KINDS)
    return Deployed(changes, [*_addresses(reach)])


def _addresses(reach: Reach) -> Iterator[tuple[str, str]]:
    for api in APIS[API].find(reach):
        endpoint = reach.call("apigatewayv2", "GetApi", ApiId=api_id(api.identifier))["ApiEndpoint"]
        yield "HTTP API", f"{endpoint}/"
    for api in SOCKETS[SOCKET_API].find(reach):
        endpoint = reach.call("apigatewayv2", "GetApi", ApiId=api_id(api.identifier))["ApiEndpoint"]
        yield SOCKET_API, f"{endpoint}/{STAGE}"
    for api in RESTS[REST_API].find(reach):
        yield REST_API, address_of(api, reach)
    yield from addresses(reach)
    for balancer in BALANCERS[BALANCER].find(reach):
        yield f"load balancer {balancer.key.name}", f"{reach.context.base_url}{path_of(balancer.key.name)}"
    for url in OWN[URL].find(reach):
        yield f"URL of {url.key.name}", url.identifier
    for queue in reach.of(QUEUE):
        yield f"queue {queue.key.name}", reach.call("sqs", "GetQueueUrl", QueueName=queue.key.name)["QueueUrl"]
    for machine in reach.of(MACHINE):
        yield f"state machine {machine.key.name}", reach.arn("states", f"stateMachine:{machine.key.name}")
    for pool in POOLS[POOL].find(reach):
        yield f"user pool {pool.key.name}", id_of(pool.identifier)
    for client in POOLS[CLIENT].find(reach):
        pool_name, name = client.key.name.split()
        yield f"app {name} of {pool_name}", client.identifier


def _find_all(reach: Reach) -> list[Present]:
    """What cannot be asked for is a mistake where it is declared; else it is left as it is."""
    found: list[Present] = []
    mistakes = []
    for name, kind in KINDS.items():
        try:
            found += kind.find(reach)
        except CannotChange as error:
            places = [resource.place for resource in reach.of(name)]
            mistakes += [f"{places[0]}: {error}"] if places else []
            if not places:
                log.warning("what an earlier project left stays: %s", error)
    if mistakes:
        raise ProjectError([*dict.fromkeys(mistakes)])
    return found
