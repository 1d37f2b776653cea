"""``/proc``: what a namespace tells about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from .access import Visit, enter
from .messages import Answer, MockRequest
from .model import PERMISSIONS, Namespace, RetentionClass, System
from .replies import NO_CACHE, Refusal, flag, general
from .store import Store
from .xmldoc import attributes, cdata, document, schema

PREFIX = b'/proc'


class Proc:
    """Namespace information.

    :param store_of: gives the content of a namespace
    """

    def __init__(
        self, system: System, store_of: Callable[[Visit], Store], clock: Callable[[], float]
    ) -> None:
        self._system = system
        self._store_of = store_of
        self._clock = clock
        self._reports: Mapping[bytes, Callable[[Visit], bytes]] = {
            b'/statistics': self._statistics,
            b'/retentionClasses': _retention_classes,
            b'/permissions': _permissions,
        }

    def __call__(self, request: MockRequest) -> Answer:
        """Answer a request on ``/proc`` or below it.

        :raises Refusal: if it cannot be done
        """
        if request.method != 'GET':
            raise Refusal(405)
        visit = enter(self._system, request.host, request.headers, secure=request.secure)
        resource = request.path[len(PREFIX) :].rstrip(b'/')
        if not resource:
            body = _namespaces(_listed(visit, single=_single(request)), visit, secure=request.secure)
        elif resource not in self._reports:
            raise Refusal(404)
        elif request.query:
            raise Refusal(400, f'unsupported parameter: {request.query[0][0]}')
        elif not visit.rights():
            raise Refusal(401)  # not 403: the one place where HCP says so
        else:
            body = self._reports[resource](visit)
        lines = general(self._system, self._clock(), with_version=True)
        lines += [*NO_CACHE, ('Content-Type', 'text/xml'), ('Content-Length', str(len(body)))]
        return Answer(200, lines, body)

    def _statistics(self, visit: Visit) -> bytes:
        namespace, store = visit.namespace, self._store_of(visit)
        with store.lock:
            usage = store.usage
            pairs = [
                ('namespaceName', namespace.name),
                ('totalCapacityBytes', str(namespace.hard_quota)),
                ('usedCapacityBytes', str(usage.bytes * namespace.dpl)),
                ('softQuotaPercent', str(namespace.soft_quota)),
                ('objectCount', str(usage.objects)),
                # what waits for being shredded: we shred at once [inferred]
                ('shredObjectCount', '0'),
                ('shredObjectBytes', '0'),
                ('customMetadataObjectCount', str(usage.annotated_objects)),
                ('customMetadataObjectBytes', str(usage.annotation_bytes)),
            ]
        return document(
            f'<statistics{attributes(schema("proc-statistics") + pairs)}/>', style='proc-statistics'
        )


def _single(request: MockRequest) -> bool:
    """Whether only this namespace is asked for.

    :raises Refusal: 400 for another parameter, or value
    """
    if not request.query:
        return False
    if request.query not in ([('single', 'true')], [('single', 'false')]):
        raise Refusal(400, f'unsupported parameter: {request.query[0][0]}')
    return request.query[0][1] == 'true'


def _listed(visit: Visit, *, single: bool) -> list[Namespace]:
    """The namespaces in which the caller has any permission."""
    candidates = [visit.namespace] if single else list(visit.tenant.namespaces.values())
    return [namespace for namespace in candidates if visit.elsewhere(namespace).rights()]


def _namespaces(found: list[Namespace], visit: Visit, *, secure: bool) -> bytes:
    top = [
        *schema('proc-namespaces'),
        ('tenantHostName', f'{visit.tenant.name}.{visit.system.domain}'),
        ('httpScheme', 'https' if secure else 'http'),
    ]
    entries = ''.join(_namespace(namespace) for namespace in found)
    return document(f'<namespaces{attributes(top)}>\n{entries}</namespaces>', style='proc-namespaces')


def _namespace(namespace: Namespace) -> str:
    pairs = [
        ('name', namespace.name),
        ('nameIDNA', namespace.name),
        ('versioningEnabled', flag(namespace.versioning)),
        ('searchEnabled', flag(namespace.search)),
        ('retentionMode', namespace.retention_mode),
        ('defaultShredValue', flag(namespace.default_shred)),
        ('defaultIndexValue', flag(namespace.default_index)),
        ('defaultRetentionValue', namespace.default_retention),
        ('hashScheme', namespace.hash_scheme),
        ('dpl', str(namespace.dpl)),
    ]
    return _described('namespace', pairs, namespace.description)


def _described(name: str, pairs: list[tuple[str, str]], description: str) -> str:
    """An element with its description as CDATA between white space, as HCP prints it."""
    text = cdata(f'\n      {description}\n    ')
    return f'  <{name}{attributes(pairs)}>\n    <description>{text}</description>\n  </{name}>\n'


def _retention_classes(visit: Visit) -> bytes:
    # the schema's name and the CDATA are as with the sisters [inferred]
    top = [*schema('proc-retention-classes'), ('namespaceName', visit.namespace.name)]
    entries = ''.join(_retention_class(one) for one in visit.namespace.retention_classes.values())
    root = f'<retentionClasses{attributes(top)}>\n{entries}</retentionClasses>'
    return document(root, style='proc-retention-classes')


def _retention_class(one: RetentionClass) -> str:
    pairs = [('name', one.name), ('value', one.value), ('autoDelete', flag(one.auto_delete))]
    return _described('retentionClass', pairs, one.description)


def _permissions(visit: Visit) -> bytes:
    masks = [
        ('namespacePermissions', visit.namespace.permissions),
        ('namespaceEffectivePermissions', visit.mask()),
        ('userPermissions', visit.granted()),
        ('userEffectivePermissions', visit.rights()),
    ]
    top = [*schema('proc-permissions'), ('namespaceName', visit.namespace.name)]
    entries = ''.join(f'  <{name}{_mask(mask)}/>\n' for name, mask in masks)
    return document(f'<permissions{attributes(top)}>\n{entries}</permissions>', style='proc-permissions')


def _mask(mask: frozenset[str]) -> str:
    return attributes((name, flag(name in mask)) for name in PERMISSIONS)
