"""What a namespace says of itself: statistics, settings, retention classes, permissions.

The Target must have been made with the name of a namespace. The answers are dictionaries with
the names that HCP uses; truth values and numbers are converted, names never are.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Union

from ._ask import Asker
from .errors import HcpsdkError

Value = Union[str, int, bool, 'list[str]']

_TEXT = frozenset({'name', 'nameIDNA', 'namespaceName', 'description', 'hashScheme', 'retentionMode'})
"""what stays text even if it looks like a number: a namespace may be called '2024'"""

_SEPARATOR = '\u00b0'
"""the degree sign parts the entries that a namespace's description consists of (REST reference, 5.1)"""


class Info(Asker):
    """Access to the facts of a namespace.

    :param target: a :class:`hcpsdk.Target` made with the name of a namespace
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError: if the target is none

    .. versionadded:: 0.9.0-5
    """

    def nsstatistics(self) -> dict[str, Value]:
        """How much is stored, and how much may be.

        :returns: a dictionary with ``namespaceName``, ``totalCapacityBytes`` (the hard quota),
            ``usedCapacityBytes`` (with metadata and redundant copies), ``softQuotaPercent``,
            ``objectCount``, ``customMetadataObjectCount``, ``customMetadataObjectBytes``,
            ``shredObjectCount`` and ``shredObjectBytes``
        :raises HcpsdkError: if HCP refuses
        """
        return _converted(self._document('/proc/statistics', 'statistics').attrib)

    def listaccessiblens(self, all: bool = False) -> dict[str, dict[str, Value]]:
        """The settings of this namespace, or of all that the user may access.

        :param all: True for all namespaces of the tenant that the user may access
        :returns: a dictionary per namespace, by its name, with ``name``, ``nameIDNA``,
            ``description`` (a list of str), ``versioningEnabled``, ``searchEnabled``,
            ``retentionMode``, ``defaultShredValue``, ``defaultIndexValue``,
            ``defaultRetentionValue``, ``hashScheme`` and ``dpl``
        :raises HcpsdkError: if HCP refuses
        """
        params = None if all else {'single': True}
        found = self._document('/proc', 'namespaces', params)
        namespaces = {}
        for name, element in _named(found, 'namespace').items():
            parts = (element.findtext('description') or '').split(_SEPARATOR)
            description: list[str] = [part.strip() for part in parts if part.strip()]
            namespaces[name] = {**_converted(element.attrib), 'description': description}
        return namespaces

    def listretentionclasses(self) -> dict[str, dict[str, Value]]:
        """The retention classes that can be used in this namespace.

        :returns: a dictionary per retention class, by its name, with ``name``, ``value`` (an int
            if it is a special value, else an offset such as ``'A+10y'``), ``autoDelete`` and
            ``description``
        :raises HcpsdkError: if HCP refuses
        """
        found = self._document('/proc/retentionClasses', 'retentionClasses')
        return {
            name: {
                **_converted(element.attrib),
                'description': (element.findtext('description') or '').strip(),
            }
            for name, element in _named(found, 'retentionClass').items()
        }

    def listpermissions(self) -> dict[str, dict[str, Value]]:
        """What the namespace, and this user in it, may do.

        :returns: the dictionaries ``namespacePermissions``, ``namespaceEffectivePermissions``,
            ``userPermissions`` and ``userEffectivePermissions``; each holds the truth values
            ``browse``, ``changeOwner``, ``delete``, ``privileged``, ``purge``, ``read``,
            ``readAcl``, ``search``, ``write`` and ``writeAcl``
        :raises HcpsdkError: if HCP refuses
        """
        found = self._document('/proc/permissions', 'permissions')
        return {element.tag: _converted(element.attrib) for element in found}


def _named(found: ET.Element, tag: str) -> dict[str, ET.Element]:
    """The entries of a document by their names."""
    entries = {element.get('name'): element for element in found.iter(tag)}
    named = {name: element for name, element in entries.items() if name}
    if len(named) < len(entries):
        raise HcpsdkError(f'expected a name in each <{tag}> of a <{found.tag}> document, got one without')
    return named


def _converted(attributes: dict[str, str]) -> dict[str, Value]:
    """The attributes in Python's types; those of a foreign XML namespace describe the document, not HCP."""
    return {
        key: value if key in _TEXT else _value(value)
        for key, value in attributes.items()
        if not key.startswith('{')
    }


def _value(text: str) -> Value:
    if text in ('true', 'false'):
        return text == 'true'
    return int(text) if re.fullmatch(r'-?\d+', text) else text
