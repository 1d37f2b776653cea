"""What the tenants hold, and what was done in them: CSV on standard output, a bar chart on standard error.

A tenant's namespaces show up if the user is one of that tenant, or if it lets users of the system look.
"""

import csv
import sys
from datetime import datetime, timedelta
from typing import Any

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.mapi import Chargeback, Tenants

# The system, and who may look at it.
FQDN = text('HCP_ADMIN_FQDN', 'admin.hcp1.example.com', 'the system, as admin.domain of HCP')
USER = text('HCP_ADMIN_USER', 'service', 'a system-level user')
PASSWORD = secret('HCP_ADMIN_PASSWORD', 'service01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_MAPI_PORT', 9090, 'the port that MAPI listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")
TIMEOUT = number('HCP_TIMEOUT', 600.0, 'seconds to wait for HCP at each step; a busy one takes minutes')

# What is reported.
DAYS = number('HCP_DAYS', 30, 'for how many days back; HCP has 180', most=10_000)
GRANULARITY = text('HCP_GRANULARITY', Chargeback.CBG_TOTAL, 'a row for each hour, day, or for the total')

DEFAULT = 'Default'
"""the default tenant, of which HCP has no report"""
WIDTH = 50
"""characters of the longest bar"""
MIB = 1024**2

Row = dict[str, Any]


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    chargeback = Chargeback(target, TIMEOUT)
    start = datetime.now() - timedelta(days=DAYS)
    rows: list[Row] = []
    for tenant in Tenants(target, TIMEOUT).list():
        if tenant != DEFAULT:
            rows += chargeback.rows(tenant, start, granularity=GRANULARITY)
    table(rows)
    chart(rows)


def table(rows: list[Row]) -> None:
    """All rows. Which columns there are depends on HCP, and on what the user may see."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, columns, lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    sys.stdout.flush()


def chart(rows: list[Row]) -> None:
    """The used capacity of each namespace, as the last row about it has it; else that of the tenant."""
    used = {(row['tenantName'], row['namespaceName']): row['storageCapacityUsed'] for row in rows}
    open_tenants = {tenant for tenant, namespace in used if namespace}
    bars = {
        f'{namespace}.{tenant}' if namespace else tenant: size
        for (tenant, namespace), size in used.items()
        if namespace or tenant not in open_tenants
    }
    longest, most = max(map(len, bars), default=0), max(bars.values(), default=0)
    print('used capacity in MiB', file=sys.stderr)
    for name, size in sorted(bars.items(), key=lambda bar: -bar[1]):
        bar = '#' * round(WIDTH * size / most) if most else ''
        print(f'    {name:{longest}} {size / MIB:12,.1f} {bar}'.rstrip(), file=sys.stderr)


if __name__ == '__main__':
    run(main, __doc__)
