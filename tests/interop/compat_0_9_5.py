"""A program for the API of the public release 0.9.5, and for nothing newer: our own text.

    python compat_0_9_5.py DOMAIN PORT CAFILE [keepalive] [tenants]

It runs on that release and on this package alike, and prints the same. It knows of no mock. With
``keepalive`` it uses TCP's keep-alive, which that release can do on macOS only.
"""

import csv
import datetime
import re
import ssl
import sys
import time
import zipfile

import hcpsdk
import hcpsdk.ips
import hcpsdk.mapi.chargeback
import hcpsdk.mapi.logs
import hcpsdk.mapi.replication
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


def unique(space):
    builder = hcpsdk.pathbuilder.PathBuilder(initialpath='/rest/unique', annotation=True)
    path, name, annotation = builder.getunique('report.pdf')
    con = hcpsdk.Connection(space)
    con.PUT(path + '/' + name, body='a report')
    con.PUT(builder.getpath(name), body=annotation, params={'type': 'custom-metadata'})
    print('annotated', con.response_status, 'report.pdf' in annotation and name in annotation)
    con.close()


def namespace(space):
    info = hcpsdk.namespace.Info(space)
    sizes = ('customMetadataObjectBytes', 'usedCapacityBytes')  # each release annotates in its own words
    print(sorted(item for item in info.nsstatistics().items() if item[0] not in sizes))
    print(sorted(info.listaccessiblens(all=True)), sorted(info.listaccessiblens()))
    print(sorted(info.listretentionclasses()), sorted(info.listpermissions()['userPermissions'].items()))


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
    print(log.cancel(), log.status()['readyForStreaming'])
    log.close()


def tenants(admin):
    from hcpsdk.mapi.tenant import listtenants

    for tenant in listtenants(admin, timeout=20):
        print(tenant.name, tenant.info()['name'], tenant.info(cache=False)['hardQuota'])
        tenant.close()


def main():
    try:
        hcpsdk.Target('nowhere.example.invalid', hcpsdk.NativeAuthorization('n', 'n01'))
    except hcpsdk.ips.IpsError:
        print('not resolved')
    space = target('n1.m', 'n', 'n01', int(sys.argv[2]))
    admin = target('admin', 'service', 'service01', hcpsdk.P_MAPI)
    credentials()
    doors(space, admin)
    objects(space)
    unique(space)
    namespace(space)
    replication(admin)
    chargeback(admin)
    logs(admin)
    if 'tenants' in sys.argv:
        tenants(admin)


if __name__ == '__main__':
    main()
