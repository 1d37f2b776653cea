"""Unique object names, and folders that spread over HCP.

HCP takes parallel writes best when they go to different folders. Names made here are UUIDs of
version 1 (RFC 4122); two of their bytes make the folders, 65,536 in all, so the way back from
the name to the path needs no list.
"""

from __future__ import annotations

import uuid
from urllib.parse import quote

from . import _xml
from ._check import kind
from ._trace import redact_url
from .errors import HcpsdkError


class PathBuilderError(HcpsdkError):
    """A name or a path could not be made."""


class PathBuilder:
    """Makes a unique name and a folder for each file, and finds the folder again by the name.

    :param initialpath: where the folders begin
    :param annotation: True to have :meth:`getunique` make an annotation with the file's name, too
    :raises PathBuilderError: if ``initialpath`` does not begin with a slash

    >>> builder = PathBuilder(initialpath='/rest/mypath')
    >>> builder.getpath('8ac8ecb4-9f1e-11e4-a524-98fe94437d8c')
    '/rest/mypath/b4/ec/8ac8ecb4-9f1e-11e4-a524-98fe94437d8c'

    .. versionadded:: 0.9.0-5
    """

    def __init__(self, initialpath: str = '/rest/hcpsdk', annotation: bool = False) -> None:
        if not kind('initialpath', initialpath, str).startswith('/'):
            shown = redact_url(initialpath)
            raise PathBuilderError(f"initialpath must begin with '/', as in '/rest/hcpsdk': {shown!r}")
        self.initialpath = initialpath.rstrip('/')
        self.annotation = bool(annotation)

    def __repr__(self) -> str:
        return f'<PathBuilder from {self.initialpath}>'

    def getunique(self, filename: str) -> tuple[str, ...]:
        """Make a name nobody else has, and the folder to put it in.

        :param filename: the name of the file
        :returns: folder and object name; if annotations were asked for, a third element, an XML
            document (str) that holds the file's name, to be stored with the object
        :raises PathBuilderError: if the filename is empty

        >>> path, name = PathBuilder('/rest/mypath').getunique('testfile')
        >>> path == '/rest/mypath/{}/{}'.format(name[6:8], name[4:6])
        True
        """
        if not kind('filename', filename, str):
            raise PathBuilderError('an empty filename has no object')
        unique = uuid.uuid1()
        if not self.annotation:
            return self._folder(unique), str(unique)
        return self._folder(unique), str(unique), _annotation(filename, unique)

    def getpath(self, objectname: str) -> str:
        """Where an object was stored, from its name alone.

        :param objectname: a name made by :meth:`getunique`
        :returns: folder and name
        :raises PathBuilderError: if it is no such name
        """
        try:
            unique = uuid.UUID(objectname)
        except (ValueError, AttributeError, TypeError) as cause:
            raise PathBuilderError(f'not a name made by getunique(): {objectname!r}') from cause
        if str(unique) != objectname:  # UUIDs can be spelled otherwise, but HCP's names are case-sensitive
            raise PathBuilderError(f'not as getunique() spells it, {unique}: {objectname!r}')
        return f'{self._folder(unique)}/{objectname}'

    def _folder(self, unique: uuid.UUID) -> str:
        """By byte 4 and 3: the low field of the time, which is what differs most."""
        return f'{self.initialpath}/{unique.bytes[3]:02x}/{unique.bytes[2]:02x}'


def _annotation(filename: str, unique: uuid.UUID) -> str:
    """What XML has no character for is percent-encoded, and marked so."""
    if _xml.fits(filename):
        name = f'<filename>{_xml.text(filename)}</filename>'
    else:
        name = f'<filename encoding="percent">{_percent(filename)}</filename>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<hcpsdk>{name}<object>{unique}</object></hcpsdk>\n'


def _percent(filename: str) -> str:
    try:
        return quote(filename.encode('utf-8', 'surrogateescape'))
    except UnicodeEncodeError as cause:
        raise PathBuilderError(f'filename holds a character that has no UTF-8 form: {filename!r}') from cause
