"""What a namespace says of itself: how full, how set up, which retention classes, and who may do what."""

from typing import Any

from settings import nameserver, number, run, secret, switch, text

import hcpsdk
from hcpsdk.namespace import Info

# The namespace, and who may ask it.
FQDN = text('HCP_FQDN', 'n1.m.hcp1.example.com', 'the namespace, as namespace.tenant.domain of HCP')
USER = text('HCP_USER', 'n', 'a data access user')
PASSWORD = secret('HCP_PASSWORD', 'n01', "that user's password")

# The way there. With a real HCP, the defaults will do.
PORT = number('HCP_PORT', 443, 'the port that HCP listens on')
SSL = switch('HCP_SSL', None, '1 for TLS, 0 for none; if unset, the port tells')
RESOLVER = nameserver('HCP_NAMESERVER', "the name server to ask, as ip:port; if unset, the system's")

GIB = 1024**3

# The columns of the permissions: what is granted, and what is in effect after all levels above had their say.
SCOPES = (
    ('namespace', 'namespacePermissions'),
    ('in effect', 'namespaceEffectivePermissions'),
    ('user', 'userPermissions'),
    ('in effect', 'userEffectivePermissions'),
)


def main() -> None:
    authorization = hcpsdk.NativeAuthorization(USER, PASSWORD)
    target = hcpsdk.Target(FQDN, authorization, port=PORT, ssl=SSL, resolver=RESOLVER)
    info = Info(target)
    show_statistics(info.nsstatistics())
    print()
    show_namespaces(info.listaccessiblens(all=True))
    print()
    show_retention_classes(info.listretentionclasses())
    print()
    show_permissions(info.listpermissions())


def show_statistics(stats: dict[str, Any]) -> None:
    used, total = stats['usedCapacityBytes'], stats['totalCapacityBytes']
    heading(f'Namespace {stats["namespaceName"]}')
    print(f'used            {used / GIB:12.3f} GiB of {total / GIB:.3f}, {100 * used / total:.1f} %')
    print(f'warning from    {stats["softQuotaPercent"]:>12} %')
    print(f'objects         {stats["objectCount"]:>12,}')
    for what, kind in (('with metadata', 'customMetadata'), ('to be shredded', 'shred')):
        print(f'{what:15} {stats[kind + "ObjectCount"]:>12,}  {stats[kind + "ObjectBytes"]:,} bytes')


def show_namespaces(namespaces: dict[str, Any]) -> None:
    heading('Namespaces that this user may access')
    for name, facts in sorted(namespaces.items()):
        print(f'{name}: {", ".join(facts["description"]) or "no description"}')
        for key, value in sorted(facts.items()):
            if key not in ('name', 'description'):
                print(f'    {key:22} {value}')


def show_retention_classes(classes: dict[str, Any]) -> None:
    heading('Retention classes')
    for name, facts in sorted(classes.items()):
        end = ', and HCP deletes it then' if facts['autoDelete'] else ''
        print(f'{name:22} {facts["value"]:>8}  {facts["description"]}{end}')


def show_permissions(permissions: dict[str, Any]) -> None:
    heading('Permissions')
    print(f'{"":14}' + ''.join(f'{column:>11}' for column, _ in SCOPES))
    for right in sorted(permissions['userPermissions']):
        answers = ['yes' if permissions[scope][right] else '-' for _, scope in SCOPES]
        print(f'{right:14}' + ''.join(f'{answer:>11}' for answer in answers))


def heading(text: str) -> None:
    print(text)
    print('-' * len(text))


if __name__ == '__main__':
    run(main, __doc__)
