"""``statistics`` of tenants and namespaces (3.8), from what their stores really hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Callable

from .formats import Tree
from .model import Namespace
from .properties import T
from .resource import Ask, Method, Route


def statistics(path: str, namespaces: Callable[[Ask], Iterable[Namespace]]) -> Route:
    """The resource that sums up some namespaces."""

    def get(ask: Ask) -> Tree:
        total = Counter[str]()
        for namespace in namespaces(ask):
            total.update(_figures(ask, namespace))
        return {name: total[name] for name in NAMES}

    return Route(path, 'statistics', {'GET': Method(get)}, namespaces, T)


NAMES = (
    'compressedCount',
    'compressedSavedSize',
    'customMetadataCount',
    'customMetadataSize',
    'ingestedVolume',
    'objectCount',
    'shredCount',
    'shredSize',
    'storageCapacityUsed',
)


def _figures(ask: Ask, namespace: Namespace) -> dict[str, int]:
    """What is not here is 0: the mock does not compress, and shreds at once [inferred]."""
    store = ask.store(namespace)
    with store.lock:
        usage = store.usage
        return {
            'objectCount': usage.objects,
            'ingestedVolume': usage.bytes,
            'storageCapacityUsed': usage.bytes * namespace.dpl,
            'customMetadataCount': usage.annotated_objects,
            'customMetadataSize': usage.annotation_bytes,
        }
