"""Tenants, where release 0.9.5 has them: see :mod:`hcpsdk.mapi.tenants`."""

from __future__ import annotations

from ._engine import MapiError
from .tenants import Tenant, listtenants

TenantError = MapiError

__all__ = ['Tenant', 'TenantError', 'listtenants']
