"""``/mapi/logs``: remarks in the internal logs, and their way to the client (6)."""

from __future__ import annotations

from datetime import datetime

from .archives import begin, bundle, chosen, listed, ready, status
from .formats import Tree
from .messages import Answer
from .packages import Mark, Order
from .replies import Refusal, local_time
from .resource import Ask, Method, Route
from .running import NodeState
from .traffic import Whose

SINCE = (7, 2)
"""the first release with these resources (6)"""

READERS = frozenset({'ADMINISTRATOR', 'SERVICE', 'MONITOR'})
KEEPERS = frozenset({'ADMINISTRATOR', 'SERVICE'})

# type of log -> its file's name on a node [inferred]
FILES = {
    'ACCESS': 'http_gateway_request.log',
    'SYSTEM': 'messages.log',
    'SERVICE': 'services.log',
    'APPLICATION': 'application.log',
}


def get_status(ask: Ask) -> Tree:
    """How far the packing is."""
    return status(ask, ask.system.logs, ','.join(FILES))


def post(ask: Ask) -> None:
    """Write a remark into the logs, or forget the package."""
    if 'mark' in ask.query:
        text = ask.query['mark']
        if not text:
            raise Refusal(400, 'mark needs a text')
        ask.system.logs.marks.append(Mark(ask.now, text))
    elif ask.flagged('cancel'):
        ask.system.logs.cancel()
    else:
        raise Refusal(400, 'one of these parameters is required: mark, cancel')


def prepare(ask: Ask) -> None:
    """Begin to pack the logs of all nodes."""
    tree = ask.tree('logPrepare', 'logDownloadPrepare')
    begin(ask, ask.system.logs, tree, known=('startDate', 'endDate', 'snodes'))


def download(ask: Ask) -> Answer:
    """The logs, or some of them."""
    tree = ask.tree('logDownload')
    unknown = set(tree) - {'nodes', 'snodes', 'content'}
    if unknown:
        raise Refusal(400, f'{min(unknown)} is no property of logDownload')
    kinds, nodes = _kinds(tree), chosen(ask, tree)
    order = ready(ask, ask.system.logs)
    snodes = _snodes(order, tree)
    files = {
        f'node{node.number}/{FILES[kind]}': _text(ask, order, node, kind) for node in nodes for kind in kinds
    }
    files.update({f'snode-{name}/snode.log': f'{name}: no news\n' for name in snodes})
    return bundle(ask, ask.system.logs, 'HCPLogs', nodes, files)


def _kinds(tree: Tree) -> list[str]:
    """The wanted types of logs; values are not case sensitive (1.6).

    :raises Refusal: 400
    """
    wanted = [kind.upper() for kind in listed(tree.get('content', ','.join(FILES)))]
    if not wanted or not set(wanted) <= set(FILES):
        raise Refusal(400, f'content is a list of {", ".join(FILES)}')
    return wanted


def _snodes(order: Order, tree: Tree) -> list[str]:
    """The wanted S Series nodes, which have to be packed [inferred].

    :raises Refusal: 400
    """
    wanted = listed(tree.get('snodes', ''))
    missing = set(wanted) - set(order.snodes)
    if missing:
        raise Refusal(400, f'the package holds no logs of {min(missing)}')
    return wanted


def _text(ask: Ask, order: Order, node: NodeState, kind: str) -> str:
    """A log; none of the real ones' forms is documented, so that all of it is [inferred]."""
    lines = [f'{_stamp(ask, order.at)} node {node.number} {kind}: {order.start} to {order.end}']
    if kind == 'ACCESS':
        lines += _accesses(ask, order.at)
    else:
        marks = [mark for mark in ask.system.logs.marks if mark.at <= order.at]
        lines += [
            f'{_stamp(ask, mark.at)} MARK {mark.text}'
            for mark in marks
            if order.start <= datetime.fromtimestamp(mark.at, ask.system.zone).date() <= order.end
        ]
    return '\n'.join([*lines, ''])


def _accesses(ask: Ask, until: float) -> list[str]:
    """What was done in each namespace, up to the day's end."""
    found = []
    for tenant in ask.system.tenants.values():
        for key, name in ask.running.traffic.namespaces(tenant).items():
            done = ask.running.traffic.between(Whose(tenant.id, key), 0, until)
            found.append(f'{name}.{tenant.name} GET {done.reads} PUT {done.writes} DELETE {done.deletes}')
    return found


def _stamp(ask: Ask, at: float) -> str:
    return local_time(int(at * 1000), ask.system.zone)


ROUTES = [
    Route(
        'logs',
        'logDownloadStatus',
        {'GET': Method(get_status, READERS), 'POST': Method(post, KEEPERS)},
        since=SINCE,
    ),
    Route('logs/prepare', 'logPrepare', {'POST': Method(prepare, KEEPERS)}, since=SINCE),
    Route(
        'logs/download',
        'logDownload',
        {'POST': Method(download, KEEPERS, gives=('application/zip',))},
        since=SINCE,
    ),
]
