"""Whom we trust: TLS contexts, and what to say when a certificate does not verify."""

from __future__ import annotations

import functools
import logging
import ssl

logger = logging.getLogger(__name__)

FLOOR = ssl.TLSVersion.TLSv1_2
"""the oldest version we speak; RFC 8996 retired the ones before"""

# SSL_OP_IGNORE_UNEXPECTED_EOF of OpenSSL 3. Before Python 3.10.9 every context has it, so that an end without
# TLS's goodbye looks like one with it (CPython issue 95494); there, ``ssl`` has no name for it either.
_LENIENT = 0x80

WAYS_OUT = """\
There are three ways out:

# 1. Trust the authority that signed it:
import ssl
context = ssl.create_default_context(cafile='ca.pem')
target = hcpsdk.Target(fqdn, auth, sslcontext=context)

# 2. A fresh HCP signs for itself, and for no namespace's name: trust exactly that certificate:
import ssl
context = ssl.create_default_context(cafile='hcp.pem')
context.check_hostname = False
target = hcpsdk.Target(fqdn, auth, sslcontext=context)

# 3. In a laboratory only, trust everybody:
target = hcpsdk.Target(fqdn, auth, sslcontext=hcpsdk.SSL_NOVERIFY)"""
"""each can be pasted as it stands, into a file or behind a prompt"""


def verifying_context() -> ssl.SSLContext:
    """The context that is used when the caller gives none; it honours ``SSL_CERT_FILE``."""
    context = ssl.create_default_context()
    context.minimum_version = FLOOR
    return context


def _trusting_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = FLOOR
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


SSL_NOVERIFY = _trusting_context()
"""A TLS context without any verification, for a laboratory: anybody may pose as the HCP."""


@functools.cache
def _lenient_by_default() -> bool:
    """Where contexts have it from the start, nobody has asked for it."""
    fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.OPENSSL_VERSION_INFO >= (3,) and bool(fresh.options & _LENIENT)


def strict(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context; an end without TLS's goodbye is a cut to it (RFC 9112, 9.8), on old Pythons, too."""
    if _lenient_by_default():
        context.options &= ~_LENIENT
    return context


@functools.cache
def warn_noverify() -> None:
    """Say it once, however many Targets use it."""
    logger.warning('SSL_NOVERIFY is in use: nobody checks who answers in the name of HCP')
