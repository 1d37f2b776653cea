"""A program for the documented API of release 0.9.0-5, and for nothing newer: our own text.

It knows of no mock, resolver or TLS context, just as a program would that was written in 2015.
"""

import sys

import hcpsdk
import hcpsdk.ips
import hcpsdk.mapi
import hcpsdk.namespace
import hcpsdk.pathbuilder

FQDN = 'n1.m.hcp1.snomis.local'
ADMIN = 'admin.hcp1.snomis.local'


def objects(target, source):
    connection = hcpsdk.Connection(target, timeout=10, idletime=5, debuglevel=0, retries=1)
    assert connection.address is None
    with open(source) as infile:
        r = connection.PUT('/rest/hcpsdk/file.txt', body=infile, params={'index': 'true', 'shred': 'true'})
    assert r is connection.Response
    print('PUT', connection.response_status, connection.response_reason, connection.getheader('X-HCP-Hash'))
    assert connection.address in target.addresses
    connection.HEAD('/rest/hcpsdk/file.txt')
    print('HEAD', connection.response_status, dict(connection.getheaders())['ETag'])
    connection.GET('/rest/hcpsdk/file.txt')
    parts = []
    while True:
        part = connection.read(1000)
        parts.append(part)
        if len(part) < 1000:
            break
    print('GET', connection.response_status, len(b''.join(parts)))
    connection.request('POST', '/rest/hcpsdk/file.txt', 'shred=true',
                       headers={'Content-Type': 'application/x-www-form-urlencoded'})  # fmt: skip
    print('POST', connection.response_status)
    connection.DELETE('/rest/hcpsdk/file.txt')
    print('DELETE', connection.response_status)
    assert min(connection.connect_time, connection.service_time1, connection.service_time2) > 0
    connection.close()


def unique(target):
    builder = hcpsdk.pathbuilder.PathBuilder(initialpath='/rest/unique', annotation=True)
    path, name, annotation = builder.getunique('report.pdf')
    connection = hcpsdk.Connection(target)
    connection.PUT(path + '/' + name, body='a report')
    connection.PUT(builder.getpath(name), body=annotation, params=[('type', 'custom-metadata')])
    print('annotated', connection.response_status)
    connection.close()


def main():
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    try:
        hcpsdk.Target('nowhere.example.invalid', auth)
    except hcpsdk.HcpsdkError as e:
        print('not resolved', bool(e.reason))
    target = hcpsdk.Target(FQDN, auth, port=443)
    print(hcpsdk.version(), target.fqdn, target.port, target.ssl, sorted(target.addresses))
    assert target.getaddr() in target.addresses
    assert 'Authorization' in target.headers
    objects(target, sys.argv[1])
    unique(target)
    info = hcpsdk.namespace.Info(target)
    print(info.nsstatistics()['namespaceName'], sorted(info.listaccessiblens(all=True)))
    print(info.listpermissions()['userPermissions']['write'], sorted(info.listretentionclasses()))
    admin = hcpsdk.Target(ADMIN, hcpsdk.NativeAuthorization('service', 'service01'), port=9090)
    links = hcpsdk.mapi.Replication(admin)
    name = links.getlinklist()[0]
    links.setreplicationlinkstate(name, links.R_SUSPEND)
    print(name, links.getlinkdetails(name)['suspended'], links.getreplicationsettings()['network'])
    try:
        links.setreplicationlinkstate(name, links.R_BEGINRECOVERY, linktype=links.R_ACTIVE_ACTIVE)
    except hcpsdk.mapi.ReplicationSettingsError:
        print('no recovery of an active/active link')
    print(len(hcpsdk.ips.Circle(FQDN)._addresses), hcpsdk.ips.query(FQDN, cache=False).raised == '')


if __name__ == '__main__':
    main()
