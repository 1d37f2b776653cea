"""Media types by file name extension: one table, so that the mock answers alike on all machines."""

from __future__ import annotations

DEFAULT = 'application/octet-stream'

TYPES = {
    'avi': 'video/x-msvideo',
    'bin': DEFAULT,
    'bmp': 'image/bmp',
    'css': 'text/css',
    'csv': 'text/csv',
    'doc': 'application/msword',
    'docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'eml': 'message/rfc822',
    'gif': 'image/gif',
    'gz': 'application/gzip',
    'htm': 'text/html',
    'html': 'text/html',
    'ico': 'image/x-icon',
    'jpeg': 'image/jpeg',
    'jpg': 'image/jpeg',
    'js': 'application/javascript',
    'json': 'application/json',
    'log': 'text/plain',
    'md': 'text/plain',
    'mov': 'video/quicktime',
    'mp3': 'audio/mpeg',
    'mp4': 'video/mp4',
    'mpeg': 'video/mpeg',
    'pdf': 'application/pdf',
    'png': 'image/png',
    'ppt': 'application/vnd.ms-powerpoint',
    'pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'ps': 'application/postscript',
    'py': 'text/plain',
    'rtf': 'application/rtf',
    'svg': 'image/svg+xml',
    'tar': 'application/x-tar',
    'tif': 'image/tiff',
    'tiff': 'image/tiff',
    'txt': 'text/plain',
    'wav': 'audio/x-wav',
    'xls': 'application/vnd.ms-excel',
    'xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'xml': 'text/xml',
    'zip': 'application/zip',
}


def type_of(name: bytes) -> str:
    """The media type that a name suggests.

    >>> type_of(b'notes.TXT'), type_of(b'128kbfile')
    ('text/plain', 'application/octet-stream')
    """
    return TYPES.get(name.rpartition(b'.')[2].decode('latin-1').lower(), DEFAULT)
