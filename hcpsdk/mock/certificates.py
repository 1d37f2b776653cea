"""``/mapi/services/replication/certificates``: by which the systems of a link know each other (2.2)."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from .formats import Tree
from .messages import Answer
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route

OWN = 'server'
"""the ID of the system's own certificate"""

TEXT = 'text/plain'
UPLOADS = (TEXT, 'application/x-pem-file', 'application/pkix-cert', 'application/x-x509-ca-cert')

# X.509 as far as it is needed here: tags of DER, names of the parts of a subject
_VERSION, _UTC_TIME = 0xA0, 0x17
_NAMES = {3: 'CN', 6: 'C', 7: 'L', 8: 'ST', 10: 'O', 11: 'OU'}


class Certificate(NamedTuple):
    """What is shown of a certificate."""

    subject: str
    valid_on: datetime
    expires_on: datetime


def decode(pem: str) -> Certificate:
    """Look into a certificate.

    :raises ValueError: if it is none
    """
    try:
        ((_, whole),) = _parts(ssl.PEM_cert_to_DER_cert(pem.strip()))
        (_, body), *_ = _parts(whole)
        fields = [field for field in _parts(body) if field[0] != _VERSION]
        start, end = _parts(fields[3][1])
        return Certificate(_subject(fields[4][1]), _time(*start), _time(*end))
    except (ValueError, IndexError, TypeError) as error:
        raise ValueError('this is no certificate in PEM form') from error


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and values in a piece of DER."""
    while data:
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], 'big')
        yield tag, data[start : start + length]
        data = data[start + length :]


def _subject(data: bytes) -> str:
    found = []
    for _, one in _parts(data):
        for _, pair in _parts(one):
            (_, kind), (_, value) = _parts(pair)
            found.append(f'{_NAMES.get(kind[-1], "OID")}={value.decode("utf-8", "replace")}')
    return ', '.join(found)


def _time(tag: int, value: bytes) -> datetime:
    form = '%y%m%d%H%M%SZ' if tag == _UTC_TIME else '%Y%m%d%H%M%SZ'
    return datetime.strptime(value.decode('ascii'), form).replace(tzinfo=timezone.utc)


def get_certificates(ask: Ask) -> Tree:
    """The system's own certificate, and those of its partners."""
    return {'certificate': [_shown(ask, name, pem) for name, pem in _all(ask).items()]}


def _all(ask: Ask) -> dict[str, str]:
    return {OWN: OWN_PEM, **ask.system.replication.certificates}


def _shown(ask: Ask, name: str, pem: str) -> Tree:
    one, zone = decode(pem), ask.system.zone
    return {
        'expiresOn': local_time(int(one.expires_on.timestamp() * 1000), zone),
        'id': name,
        'subjectDN': one.subject,
        'validOn': local_time(int(one.valid_on.timestamp() * 1000), zone),
    }


def put_certificate(ask: Ask) -> None:
    """Take in the certificate of a partner.

    :raises Refusal: 400; 409 if it is there [inferred]
    """
    pem = ask.body.decode('ascii', 'replace')
    try:
        decode(pem)
    except ValueError as error:
        raise Refusal(400, str(error)) from error
    name = hashlib.sha1(pem.strip().encode()).hexdigest()[:16]
    if name in ask.system.replication.certificates:
        raise Refusal(409, 'this certificate is there')
    ask.system.replication.certificates[name] = pem


def _find(ask: Ask) -> str:
    name = ask.names.get('certificate', OWN)
    if name not in _all(ask):
        raise Refusal(404)
    return name


def get_certificate(ask: Ask) -> Answer:
    """A certificate as text."""
    name = _find(ask)
    headers = [('Content-Type', TEXT)]
    if name == OWN:
        headers.append(('Content-Disposition', 'attachment; filename=server_certificate.txt'))
    return Answer(200, headers, _all(ask)[name].encode())


def delete_certificate(ask: Ask) -> None:
    """Forget a partner's certificate; the own one stays [inferred]."""
    name = _find(ask)
    if name == OWN:
        raise Refusal(403, "the system's own certificate cannot be deleted")
    del ask.system.replication.certificates[name]


OWN_PEM = """\
-----BEGIN CERTIFICATE-----
MIIBSjCB8aADAgECAgEBMAoGCCqGSM49BAMCMC8xETAPBgNVBAoMCE1vY2sgSENQ
MRowGAYDVQQDDBEqLmhjcC5leGFtcGxlLmNvbTAeFw0xNDEyMDEwMDAwMDBaFw00
OTEyMDEwMDAwMDBaMC8xETAPBgNVBAoMCE1vY2sgSENQMRowGAYDVQQDDBEqLmhj
cC5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLEHJ6h8hrob
bb7iVfOEPFeGYPOxoUPIDE2S2hI0FjZDfHpyKGUKJ693dkZWCGDss3xvNy41Xb6T
1SikZeqktQ8wCgYIKoZIzj0EAwIDSAAwRQIhAJ6MMolpTsH9thuymGfeIV3OrZJI
qfjJvN8hhJ/0JgckAiA6unB8PjNOT0uHFNCCHKg7mDOSWsmbBh8kDLhNn/ntpg==
-----END CERTIFICATE-----
"""
"""what every mock shows; nobody has its key any more"""

_LIST = {'GET': Method(get_certificates), 'PUT': Method(put_certificate, WRITERS, takes=UPLOADS)}
_OWN = {
    'GET': Method(get_certificate, WRITERS, gives=(TEXT,)),
    'DELETE': Method(delete_certificate, WRITERS),
}
_ONE = {'GET': Method(get_certificate, gives=(TEXT,)), 'DELETE': Method(delete_certificate, WRITERS)}
_BASE = 'services/replication/certificates'

ROUTES = [
    Route(_BASE, 'certificates', _LIST),
    Route(f'{_BASE}/{OWN}', 'certificate', _OWN),  # only an administrator may have it (2.2)
    Route(f'{_BASE}/{{certificate}}', 'certificate', _ONE, _find),
]
