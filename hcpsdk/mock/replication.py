"""``/mapi/services/replication``: the service's settings, its links, and what is done to those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formats import Tree, boolean
from .links import ACTIONS, ACTIVE_ACTIVE, ALIASES, OUTBOUND, Failover, ReplicationLink, WrongState, WrongType
from .model import ReplicationService, find
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route

MAX_REASON = 1024
"""characters of the reason for shutting down all links"""

# HCP's name of a setting -> ours, and whether it is a boolean. These four are all that 7.x shows.
SETTINGS = {
    'allowTenantsToMonitorNamespaces': ('allow_tenants_to_monitor_namespaces', True),
    'enableDNSFailover': ('enable_dns_failover', True),
    'enableDomainAndCertificateSynchronization': ('enable_domain_and_certificate_synchronization', True),
    'network': ('network', False),
}
READ_ONLY_SETTINGS = ('status',)


def get_service(ask: Ask) -> Tree:
    """The settings; the status only if asked to be verbose."""
    service = ask.system.replication
    tree = {name: getattr(service, attribute) for name, (attribute, _) in SETTINGS.items()}
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
        _change_settings(service, ask.tree('replicationService'))


def _change_settings(service: ReplicationService, tree: Tree) -> None:
    """Properties that are left out stay; nothing changes if one is refused."""
    unknown = set(tree) - set(SETTINGS) - set(READ_ONLY_SETTINGS)
    if unknown:
        raise Refusal(400, f'{min(unknown)} is no property of replicationService')
    read_only = set(tree) & set(READ_ONLY_SETTINGS)
    if read_only:
        raise Refusal(403, f'{min(read_only)} is read-only')
    for name, value in tree.items():
        attribute, is_flag = SETTINGS[name]
        setattr(service, attribute, boolean(value) if is_flag else str(value))


def get_links(ask: Ask) -> Tree:
    """The names of all links."""
    return {'name': [link.name for link in ask.system.links.values()]}


def _link(ask: Ask) -> ReplicationLink:
    link = find(ask.system.links, ask.names['link'])
    if link is None:
        raise Refusal(404)
    return link


def get_link(ask: Ask) -> Tree:
    """The details of a link; how it fares only if asked to be verbose."""
    link = _link(ask)
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
    }


def post_link(ask: Ask) -> None:
    """Do an action on a link. How a misfit is refused is [inferred]: HCP documents no status."""
    actions = [name for name in (*ACTIONS, *ALIASES) if ask.flagged(name)]
    if len(actions) != 1:
        raise Refusal(400, f'one action is required: {", ".join(ACTIONS)}')
    try:
        _link(ask).apply(actions[0])
    except WrongType as error:
        raise Refusal(400, str(error)) from error
    except WrongState as error:
        raise Refusal(403, str(error)) from error


_SERVICE: Mapping[str, Method] = {'GET': Method(get_service), 'POST': Method(post_service, WRITERS)}
_LINK: Mapping[str, Method] = {'GET': Method(get_link), 'POST': Method(post_link, WRITERS)}

ROUTES = [
    Route('services/replication', 'replicationService', _SERVICE),
    Route('services/replication/links', 'links', {'GET': Method(get_links)}),
    Route('services/replication/links/{link}', 'link', _LINK, _link),
]
