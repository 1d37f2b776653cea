"""A program for the API of the public release 0.9.5, and for nothing newer: our own text.

    python compat_0_9_5.py DOMAIN PORT CAFILE [keepalive]

It runs on that release and on this package alike, and prints the same. It knows of no mock. With
``keepalive`` it uses TCP's keep-alive, which that release can do on macOS only.
"""

import csv
import datetime
import io
import re
import socket
import ssl
import sys
import tempfile
import time
import zipfile

import hcpsdk
import hcpsdk.ips
import hcpsdk.mapi.chargeback
import hcpsdk.mapi.logs
import hcpsdk.mapi.replication
import hcpsdk.mapi.tenant
import hcpsdk.namespace
import hcpsdk.pathbuilder

TEXT = b'0123456789' * 1000


def target(name, user, password, port):
    context = ssl.create_default_context(cafile=sys.argv[3])
    auth = hcpsdk.NativeAuthorization(user, password)
    return hcpsdk.Target(
        name + '.' + sys.argv[1], auth, port=port, sslcontext=context, interface=hcpsdk.I_NATIVE
    )


def credentials():
    """Each kind has its headers, and shows no password."""
    for auth in (
        hcpsdk.NativeADAuthorization('jdoe@ad.example.com', 'n01'),
        hcpsdk.LocalSwiftAuthorization('n', 'n01'),
        hcpsdk.NativeAuthorization('n', 'n01'),
    ):
        space = hcpsdk.Target('n1.m.' + sys.argv[1], auth, port=int(sys.argv[2]))
        print(type(auth).__name__, sorted(set(space.headers) & {'Authorization', 'Cookie', 'X-Auth-Token'}))
    assert isinstance(hcpsdk.DummyAuthorization(), hcpsdk.BaseAuthorization)


class Ready(hcpsdk.BaseAuthorization):
    """Somebody else has made the headers."""

    def __init__(self, headers):
        super().__init__()
        self.headers = headers


def names():
    """Constants, and what the errors have in common."""
    print(hcpsdk.I_DUMMY, hcpsdk.I_NATIVE, hcpsdk.I_HS3, hcpsdk.I_HSWIFT)
    print(hcpsdk.RS_READ_ALLOWED, hcpsdk.RS_READ_ON_FAILOVER)
    print(hcpsdk.RS_WRITE_ALLOWED, hcpsdk.RS_WRITE_ON_FAILOVER)
    links, reports, logs = hcpsdk.mapi.Replication, hcpsdk.mapi.Chargeback, hcpsdk.mapi.Logs
    print(sorted((name, value) for name, value in vars(links).items() if name.startswith('R_')))
    print(reports.CBG_ALL, reports.CBM_ALL, logs.L_ALL)
    assert hcpsdk.mapi.replication.Replication is links
    assert hcpsdk.mapi.tenant.listtenants is hcpsdk.mapi.listtenants
    assert hcpsdk.mapi.tenant.Tenant is hcpsdk.mapi.Tenant
    for error in (
        hcpsdk.HcpsdkError,
        hcpsdk.HcpsdkCantConnectError,
        hcpsdk.HcpsdkTimeoutError,
        hcpsdk.HcpsdkCertificateError,
        hcpsdk.HcpsdkReplicaInitError,
        hcpsdk.HcpsdkPortError,
    ):
        print(error.__name__, issubclass(error, hcpsdk.HcpsdkError), error('why').args, str(error('why')))
    for error in (hcpsdk.mapi.LogsNotReadyError, hcpsdk.mapi.LogsInProgessError):
        print(error.__name__, issubclass(error, hcpsdk.mapi.LogsError), str(error('why')))


def addresses(space):
    """What is known of a name without asking HCP."""
    circle = hcpsdk.ips.Circle(space.fqdn, port=space.port, dnscache=False)
    circle.refresh()
    print(sorted(circle._addresses) == sorted(space.addresses))
    for answer in (
        hcpsdk.ips.query(space.fqdn),
        hcpsdk.ips.query(space.fqdn, cache=False),
        hcpsdk.ips.query(hcpsdk.ips.Request(space.fqdn, False)),
        hcpsdk.ips.query('127.0.0.1', cache=True),
        hcpsdk.ips.Response(space.fqdn, True),
    ):
        print(answer.fqdn == space.fqdn, answer.cache, sorted(answer.ips), answer.raised == '')
    nothing = hcpsdk.ips.query('nowhere.example.invalid')
    print(nothing.fqdn, nothing.ips, nothing.raised == '')
    try:
        hcpsdk.ips.Circle('nowhere.example.invalid')
    except hcpsdk.ips.IpsError:
        print('no circle')
    system = hcpsdk.Target('127.0.0.1', hcpsdk.NativeAuthorization('n', 'n01'), space.port, True)
    print(system.addresses, system.port == space.port)


def doors(space, admin):
    print(hcpsdk.P_HTTP, hcpsdk.P_HTTPS, hcpsdk.P_SEARCH, hcpsdk.P_MGMT, hcpsdk.P_MAPI)
    hcpsdk.checkport(admin, hcpsdk.P_MAPI)
    try:
        hcpsdk.checkport(space, hcpsdk.P_MAPI)
    except hcpsdk.HcpsdkPortError as e:
        print('another port:', isinstance(e, hcpsdk.HcpsdkError))
    print(admin.ssl, admin.port, admin.interface, admin.sslcontext.check_hostname, admin.replica_strategy)
    print(space.ssl, space.fqdn, sorted(space.addresses), space.getaddr() in space.addresses, space.replica)


def objects(space):
    con = hcpsdk.Connection(
        space, timeout=20, idletime=10, retries=2, debuglevel=0,
        sock_keepalive='keepalive' in sys.argv, tcp_keepalive=30, tcp_keepintvl=10, tcp_keepcnt=2,
    )  # fmt: skip
    assert con.address is None
    assert con.con is None
    r = con.PUT('/rest/compat/a file.txt', body=TEXT, params={'index': 'true'})
    print('PUT', r.status, r is con.response, con.response_status, con.response_reason)
    local = con.con.sock.getsockname()[0]
    print('by', con.address in space.addresses, local.startswith('127.'), con.con.port == space.port)
    con.debug_level = 0
    print(con.debug_level, len(con.getheader('X-HCP-Hash')), 'ETag' in dict(con.getheaders()))
    con.GET('/rest/compat/a file.txt', headers={'Range': 'bytes=0-99'})
    print('GET', con.response_status, con.read(10), len(con.read()))
    con.POST('/rest/compat/a file.txt', body='shred=true',
             headers={'Content-Type': 'application/x-www-form-urlencoded'})  # fmt: skip
    con.read()
    print('POST', con.response_status)
    con.HEAD('/rest/compat/a file.txt')
    print('HEAD', con.response_status, con.getheader('X-HCP-Shred'), con.getheader('X-HCP-Size'))
    con.DELETE('/rest/compat/a file.txt')
    print('DELETE', con.response_status, min(con.connect_time, con.service_time1, con.service_time2) > 0)
    con.close()
    con.close()
    con.HEAD('/rest/compat/a file.txt')
    print('opened anew', con.response_status, con.Response is con.response)
    try:
        con.debug_level = 10
    except ValueError:
        print('debug_level stays', con.debug_level)
    con.close()


def bodies(space):
    """Whatever can be sent arrives; all arguments by their places, but for POST."""
    con = hcpsdk.Connection(space)
    with tempfile.TemporaryFile() as file:
        file.write(TEXT)
        file.seek(10)
        parts = [b'one', b'two']
        for number, body in enumerate(
            (None, 'text', TEXT, bytearray(TEXT), io.BytesIO(TEXT), file, parts, iter(parts))
        ):
            con.request('PUT', f'/rest/bodies/{number}', body, {'shred': 'true'}, {'X-Foo': '1'})
            print(con.response_status, con.getheader('X-HCP-Hash'), con.read())
    con.GET('/rest/bodies/2', None, {'Range': 'bytes=10-'})
    got = []
    while True:
        block = con.read(amt=4096)
        got.append(len(block))
        if not block:
            break
    print(con.response_status, con.getheader('X-HCP-Nothing', 'nothing'), got)
    con.PUT('/rest/bodies/2', 'once more')
    print('there already', con.response_status, con.response_reason)
    con.POST('/rest/bodies/2', params=[('hold', 'false'), ('index', 'true')])
    con.read()
    print('POST', con.response_status)
    con.HEAD('/rest/bodies/nothing', None, {'X-Foo': '1'})
    print('not there', con.response_status)
    con.close()


def odd_names(space):
    """What HCP has stored is found by the same name, and by the encoded one, if nothing else is in that."""
    con = hcpsdk.Connection(hcpsdk.Target(space.fqdn, Ready(space.headers), space.port))
    for name in ('a b', 'a+b', "it's (1)", '100% sure', 'what?#', 'x=1&y=2;z', '[a]:b@c,d!$*'):
        con.PUT('/rest/odd/' + name, name.encode())
        con.GET('/rest/odd/' + name)
        print(con.response_status, con.read())
    con.GET('/rest/odd/a%20b')
    print(con.response_status, con.read())
    con.GET('/rest/odd')
    print(sorted(re.findall('urlName="(.*?)"', con.read().decode())))
    con.close()


def failures(space, admin):
    """Which error it is."""
    auth = hcpsdk.NativeAuthorization('n', 'nobody knows')
    stranger = hcpsdk.Target(space.fqdn, auth, port=space.port)
    con = hcpsdk.Connection(stranger)
    con.GET('/rest/a')
    print('refused', con.response_status, len(con.read()))
    con.close()
    try:
        hcpsdk.namespace.Info(stranger, debuglevel=0).nsstatistics()
    except hcpsdk.HcpsdkError as e:
        print('refused', '403' in str(e))
    try:
        hcpsdk.mapi.listtenants(hcpsdk.Target(admin.fqdn, auth, port=admin.port, sslcontext=admin.sslcontext))
    except hcpsdk.mapi.tenant.TenantError as e:
        print('refused', '403' in str(e))
    try:
        hcpsdk.Target(space.fqdn, auth, replica_fqdn='n1.m.nowhere.example.invalid')
    except hcpsdk.HcpsdkReplicaInitError:
        print('no replica')
    distrust = hcpsdk.Target(admin.fqdn, auth, port=admin.port, sslcontext=ssl.create_default_context())
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))
        closed = hcpsdk.Target(space.fqdn, auth, port=nobody.getsockname()[1])
    for place in (distrust, closed):
        con = hcpsdk.Connection(place, timeout=5)
        try:
            con.HEAD('/rest/a')
        except hcpsdk.HcpsdkCertificateError:
            print('distrusted')
        except hcpsdk.HcpsdkError:
            print('nobody there')
        con.close()


def unique(space):
    builder = hcpsdk.pathbuilder.PathBuilder(initialpath='/rest/unique', annotation=True)
    path, name, annotation = builder.getunique('report.pdf')
    con = hcpsdk.Connection(space)
    con.PUT(path + '/' + name, body='a report')
    con.PUT(builder.getpath(name), body=annotation, params={'type': 'custom-metadata'})
    print('annotated', con.response_status, 'report.pdf' in annotation and name in annotation)
    con.close()
    plain = hcpsdk.pathbuilder.PathBuilder('/rest/unique')
    path, name = plain.getunique('report.pdf')
    print(plain.getpath(name) == path + '/' + name, plain.annotation, builder.annotation)
    print(plain.getpath('8ac8ecb4-9f1e-11e4-a524-98fe94437d8c'))
    try:
        plain.getpath(None)
    except hcpsdk.pathbuilder.PathBuilderError:
        print('no such name')


def namespace(space):
    info = hcpsdk.namespace.Info(space)
    sizes = ('customMetadataObjectBytes', 'usedCapacityBytes')  # each release annotates in its own words
    print(sorted(item for item in info.nsstatistics().items() if item[0] not in sizes))
    print(sorted(info.listaccessiblens(all=True)), sorted(info.listaccessiblens()))
    print(sorted(info.listretentionclasses()), sorted(info.listpermissions()['userPermissions'].items()))
    print(sorted(info.listaccessiblens()['n1'].items()))
    print(sorted(info.listretentionclasses()['TAX_DATA'].items()))


def replication(admin):
    links = hcpsdk.mapi.replication.Replication(admin)
    name = links.getlinklist()[0]
    for action in (links.R_SUSPEND, links.R_RESUME):
        links.setreplicationlinkstate(name, action)
        print(name, action, links.getlinkdetails(name)['suspended'])
    print(sorted(links.getreplicationsettings()))
    try:
        links.setreplicationlinkstate(name, links.R_BEGINRECOVERY, linktype=links.R_ACTIVE_ACTIVE)
    except hcpsdk.mapi.replication.ReplicationSettingsError:
        print('no recovery of an active/active link')
    for action in (links.R_FAILOVER, links.R_FAILBACK):
        links.setreplicationlinkstate(name, action, links.R_ACTIVE_ACTIVE)
        print(name, action, links.getlinkdetails(name)['status'])
    details = links.getlinkdetails(name)
    print(sorted(details), sorted(details['connection'].items()), details['failoverSettings'])
    try:
        links.setreplicationlinkstate(name, 'explode')
    except ValueError:
        print('no such action')
    try:
        links.getlinkdetails('no such link')
    except hcpsdk.HcpsdkError as e:
        print('no such link', '404' in str(e))


def chargeback(admin):
    report = hcpsdk.mapi.chargeback.Chargeback(admin, timeout=60)
    today = datetime.datetime.now().replace(microsecond=0)
    yesterday = today - datetime.timedelta(days=1)
    for granularity in report.CBG_ALL:
        hdl = report.request(
            tenant='m', start=yesterday, end=today, granularity=granularity, fmt=report.CBM_CSV
        )
        rows = list(csv.DictReader(hdl))
        print(granularity, rows[-1]['tenantName'], rows[-1]['objectCount'], rows[-1]['writes'])
    print('chargebackData' in report.request(tenant='m').read())
    print(report.request('m', fmt=report.CBM_XML).read().count('</chargebackData>'))
    hdl = report.request('m', yesterday, today, report.CBG_HOUR, report.CBM_CSV)
    print(hdl.tell(), hdl.readline().split(',')[:3])
    try:
        report.request(tenant='nobody')
    except hcpsdk.mapi.chargeback.ChargebackError as e:
        print('404' in str(e))
    for wrong in ({}, {'tenant': 'm', 'granularity': 'week'}, {'tenant': 'm', 'fmt': 'text/html'}):
        try:
            report.request(**wrong)
        except ValueError:
            print('refused', sorted(wrong))
    report.close()


def logs(admin):
    log = hcpsdk.mapi.logs.Logs(admin)
    log.mark('now we begin')
    print(list(log.status().items()))
    try:
        log.download()
    except hcpsdk.mapi.logs.LogsError:
        print('nothing to be downloaded')
    first, last = datetime.date(2024, 3, 1), datetime.date.today()
    start, end, xml = log.prepare(startdate=first, enddate=last, snodes=[])
    print(start == first, end == last, re.sub(r'\s', '', xml)[:96])
    try:
        log.prepare()
    except hcpsdk.mapi.logs.LogsInProgessError:
        print('in progress')
    while not log.status()['readyForStreaming']:
        time.sleep(0.01)
    told = []
    hdl, name = log.download(nodes=['101'], snodes=[], logs=[log.L_SYSTEM], progresshook=told.append)
    with zipfile.ZipFile(hdl) as archive:
        text = archive.read('node101/messages.log').decode()
        print(archive.namelist(), 'now we begin' in text)
    print(re.sub('[0-9]+', '0', name), told[-1] == hdl.seek(0, 2))
    for own, hidden in ((io.BytesIO(), True), (None, True), (None, False)):
        hdl, name = log.download(own, ['101', '102'], [], [log.L_ACCESS, log.L_SERVICE], None, hidden)
        print(own is None or hdl is own, hdl.tell(), hidden or isinstance(hdl.name, str))
        with hdl, zipfile.ZipFile(hdl) as archive:
            print(sorted(archive.namelist()))
    try:
        log.mark('')
    except hcpsdk.mapi.logs.LogsError:
        print('nothing to be marked')
    print(log.cancel(), log.status()['readyForStreaming'])
    log.close()


def tenants(admin):
    for tenant in hcpsdk.mapi.tenant.listtenants(admin, timeout=20):
        print(tenant.name, tenant.info()['name'], tenant.info(cache=False)['hardQuota'])
        tenant.close()
    tenant = hcpsdk.mapi.Tenant(admin, 'm', 20, 0)
    print(tenant.name, sorted(tenant.info()))
    tenant.close()


def main():
    try:
        hcpsdk.Target('nowhere.example.invalid', hcpsdk.NativeAuthorization('n', 'n01'))
    except hcpsdk.ips.IpsError:
        print('not resolved')
    space = target('n1.m', 'n', 'n01', int(sys.argv[2]))
    admin = target('admin', 'service', 'service01', hcpsdk.P_MAPI)
    credentials()
    names()
    doors(space, admin)
    addresses(space)
    objects(space)
    bodies(space)
    odd_names(space)
    failures(space, admin)
    unique(space)
    namespace(space)
    replication(admin)
    chargeback(admin)
    logs(admin)
    tenants(admin)


if __name__ == '__main__':
    main()
