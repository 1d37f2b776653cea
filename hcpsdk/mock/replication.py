"""``/mapi/services/replication``: the service's settings, its links, and what is done to those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import certificates, link_changes, link_content, link_schedules
from .checks import checked
from .formats import Tree
from .kinds import BOOLEAN, BadValue, Kind, choice, integer
from .link_changes import the_link
from .links import ACTIONS, ACTIVE_ACTIVE, ALIASES, OUTBOUND, Failover, ReplicationLink, WrongState, WrongType
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route

MAX_REASON = 1024
"""characters of the reason for shutting down all links"""

BACKEND = '[hcp_backend]'
"""the network that cannot be had for replication"""

NEWER = (8, 0)
"""the release from which there is more than in 7.x [inferred]"""


def _network(value: Any) -> str:
    """Names of networks are not case sensitive, and this one is none of them."""
    name = str(value)
    if not name or name.lower() == BACKEND:
        raise BadValue(f'any network but {BACKEND}')
    return name


# HCP's name of a setting -> ours, and its kind. These four are all that 7.x shows.
SETTINGS: dict[str, tuple[str, Kind]] = {
    'allowTenantsToMonitorNamespaces': ('allow_tenants_to_monitor_namespaces', BOOLEAN),
    'enableDNSFailover': ('enable_dns_failover', BOOLEAN),
    'enableDomainAndCertificateSynchronization': ('enable_domain_and_certificate_synchronization', BOOLEAN),
    'network': ('network', Kind(_network)),
}
NEWER_SETTINGS: dict[str, tuple[str, Kind]] = {
    'connectivityTimeoutSeconds': ('connectivity_timeout_seconds', integer(0, 2**31 - 1)),
    'verification': ('verification', choice('ON', 'ONCE', 'OFF')),
}
READ_ONLY_SETTINGS = frozenset({'status'})


def _known(ask: Ask) -> dict[str, tuple[str, Kind]]:
    return {**SETTINGS, **NEWER_SETTINGS} if ask.system.release >= NEWER else SETTINGS


def get_service(ask: Ask) -> Tree:
    """The settings; the status only if asked to be verbose."""
    service = ask.system.replication
    tree = {name: getattr(service, attribute) for name, (attribute, _) in _known(ask).items()}
    return {**tree, 'status': service.status} if ask.true('verbose') else tree


def post_service(ask: Ask) -> None:
    """Change settings, or stop and restart all links."""
    service = ask.system.replication
    if 'shutDownAllLinks' in ask.query:
        reason = ask.query['shutDownAllLinks'] or ''
        if not 0 < len(reason) <= MAX_REASON:
            raise Refusal(400, f'shutDownAllLinks needs a reason of at most {MAX_REASON} characters')
        service.shut_down_reason = reason
    elif ask.flagged('reestablishAllLinks'):
        service.shut_down_reason = None
    else:
        _change_settings(ask)


def _change_settings(ask: Ask) -> None:
    """Properties that are left out stay; nothing changes if one is refused."""
    known, root = _known(ask), 'replicationService'
    kinds = {name: kind for name, (_, kind) in known.items()}
    for name, value in checked(ask.tree(root), root, kinds, READ_ONLY_SETTINGS).items():
        setattr(ask.system.replication, known[name][0], value)


def get_links(ask: Ask) -> Tree:
    """The names of all links."""
    return {'name': [link.name for link in ask.system.links.values()]}


def get_link(ask: Ask) -> Tree:
    """The details of a link; how it fares only if asked to be verbose."""
    link = the_link(ask)
    tree = {
        'compression': link.compression,
        'connection': _connection(link),
        'description': link.description,
        'encryption': link.encryption,
        'failoverSettings': _failover_settings(link),
        'name': link.name,
        'priority': link.priority,
        'type': link.type,
    }
    if ask.true('verbose'):
        link.poll()
        tree.update(
            id=link.id,
            statistics=_statistics(ask, link),
            status=link.status,
            statusMessage=link.status_message,
            suspended=link.suspended,
        )
    # HCP's order is that of the alphabet; what is not set is left out
    return {name: tree[name] for name in sorted(tree) if tree[name] != ''}


def _connection(link: ReplicationLink) -> Tree:
    pairs = {
        'localHost': link.local_host,
        'localPort': link.local_port,
        'remoteHost': link.remote_host,
        'remotePort': link.remote_port,
    }
    return {name: value for name, value in pairs.items() if value != ''}


def _failover_settings(link: ReplicationLink) -> Tree:
    """On active/passive links the primary shows the replica's settings, and the replica its own."""
    if link.type == ACTIVE_ACTIVE:
        return {
            'local': _failover(link.local, passive=False),
            'remote': _failover(link.remote, passive=False),
        }
    if link.type == OUTBOUND:
        return {'remote': _failover(link.remote, passive=True)}
    return {'local': _failover(link.local, passive=True)}


def _failover(settings: Failover, *, passive: bool) -> Tree:
    tree: dict[str, Any] = {
        'autoFailover': settings.auto_failover,
        'autoFailoverMinutes': settings.auto_failover_minutes,
    }
    if passive:
        tree['autoCompleteRecovery'] = settings.auto_complete_recovery
        tree['autoCompleteRecoveryMinutes'] = settings.auto_complete_recovery_minutes
    return tree


def _statistics(ask: Ask, link: ReplicationLink) -> Tree:
    figures = link.statistics
    # what the mock does not verify (2.3); 7.x has no such figures
    verified = {'objectsVerified': 0, 'objectsReplicatedAfterVerification': 0}
    return {
        'upToDateAsOfString': local_time(figures.up_to_date_ms, ask.system.zone),
        'upToDateAsOfMillis': figures.up_to_date_ms,
        'bytesPending': figures.bytes_pending,
        'bytesPendingRemote': figures.bytes_pending_remote,
        'bytesReplicated': figures.bytes_replicated,
        'bytesPerSecond': figures.bytes_per_second,
        'objectsPending': figures.objects_pending,
        'objectsPendingRemote': figures.objects_pending_remote,
        'objectsReplicated': figures.objects_replicated,
        'operationsPerSecond': figures.operations_per_second,
        'errors': figures.errors,
        'errorsPerSecond': figures.errors_per_second,
        **(verified if ask.system.release >= NEWER else {}),
    }


def post_link(ask: Ask) -> None:
    """Do an action on a link, or change it.

    How an action that does not fit is refused is [inferred]: HCP documents no status.
    """
    actions = [name for name in (*ACTIONS, *ALIASES) if ask.flagged(name)]
    if ask.body and not actions:
        link_changes.modify(ask)
        return
    if len(actions) != 1:
        raise Refusal(400, f'one action is required: {", ".join(ACTIONS)}')
    try:
        the_link(ask).apply(actions[0])
    except WrongType as error:
        raise Refusal(400, str(error)) from error
    except WrongState as error:
        raise Refusal(403, str(error)) from error


_SERVICE: Mapping[str, Method] = {'GET': Method(get_service), 'POST': Method(post_service, WRITERS)}
_LINKS: Mapping[str, Method] = {'GET': Method(get_links), 'PUT': Method(link_changes.put_link, WRITERS)}
_LINK: Mapping[str, Method] = {
    'GET': Method(get_link),
    'POST': Method(post_link, WRITERS),
    'DELETE': Method(link_changes.delete, WRITERS),
}

ROUTES = [
    Route('services/replication', 'replicationService', _SERVICE),
    Route('services/replication/links', 'links', _LINKS),
    Route('services/replication/links/{link}', 'link', _LINK, the_link),
    *link_content.ROUTES,
    *link_schedules.ROUTES,
    *certificates.ROUTES,
]
