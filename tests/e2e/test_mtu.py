# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What does not fit the tunnel: the sender is told the exact size that does, and no size vanishes.

The workloads' MTU is larger than the underlay leaves, which is what a careless user has.
"""
import socket
import struct
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Ether

from lab import OVERHEAD, UNDERLAY_MTU, KernelHost, Lab, two_hosts
from netns import wait_until
from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp, udp, udp_pair

pytestmark = pytest.mark.drops("PKT_TOO_BIG")

HEADERS = {4: 28, 6: 48}  # IP and UDP
LEVEL = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
MTU_DISCOVER = {4: 10, 6: 23}  # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
RECVERR = {4: 11, 6: 25}
PMTUDISC_DONT, PMTUDISC_PROBE = 0, 3
MSG_ERRQUEUE = 0x2000
ORIGIN_ICMP = {4: 2, 6: 3}


@pytest.fixture(scope="module", params=(4, 6), ids=("ipv4", "ipv6"))
def wide(request):
    """Workloads a1, a2, b1, b2 with an MTU of 1600; the tunnel's is underlay's."""
    lab = two_hosts(f"m{request.param}", ports=2, family=request.param, mtu=1600)
    lab.apply()
    lab.limit = UNDERLAY_MTU - OVERHEAD[request.param]
    yield lab
    lab.close()


def told(s, family):
    """What an ICMP error said: (mtu, who sent it), or None."""
    try:
        _, control, _, _ = s.recvmsg(2048, 512, MSG_ERRQUEUE)
    except BlockingIOError:
        return None
    for level, kind, data in control:
        if (level, kind) == (LEVEL[family], RECVERR[family]):
            errno, origin, _, _, _, mtu, _ = struct.unpack_from("IBBBBII", data)
            if origin == ORIGIN_ICMP[family]:
                at = 16 + (4 if family == 4 else 8)
                size = 4 if family == 4 else 16
                offender = socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6,
                                            data[at:at + size])
                return mtu, offender, errno
    return None


def attempt(s, r, family, size):
    """Send a packet of size bytes and wait for what becomes of it."""
    payload = mark().ljust(size - HEADERS[family], b"x")
    s.send(payload)

    def outcome():
        try:
            if r.recv(1 << 16) == payload:
                return "arrived"
        except BlockingIOError:
            pass
        return told(s, family)
    return wait_until(f"{size} bytes: neither delivered nor answered", outcome, step=0.0005)


@pytest.mark.parametrize("family", (4, 6))
def test_every_size_arrives_or_is_answered(wide, family):
    """1280 to 1600 bytes in steps of one, with DF: no black hole, and the answer is exact."""
    a1, _, b1, _ = wide.workloads
    with udp_pair(a1, b1, family) as (s, r):
        s.setsockopt(LEVEL[family], MTU_DISCOVER[family], PMTUDISC_PROBE)
        s.setsockopt(LEVEL[family], RECVERR[family], 1)
        s.settimeout(0)
        r.settimeout(0)
        for size in range(1280, 1601):
            got = attempt(s, r, family, size)
            if size <= wide.limit:
                assert got == "arrived", f"{size}: {got}"
            else:
                assert got == (wide.limit, b1.address(family), 90), f"{size}: {got}"  # EMSGSIZE
                time.sleep(0.001)  # the rate that answers are limited to


@pytest.mark.parametrize("family", (4, 6))
def test_same_host_has_no_tunnel(wide, family):
    a1, a2, _, _ = wide.workloads
    ping(a1, a2.address(family), size=1600 - (28 if family == 4 else 48))


def forget(w):
    """No path MTU is remembered from before."""
    for family in ("-4", "-6"):
        w.run("ip", family, "route", "flush", "cache")


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("mtu", (1500, 1600))
def test_tcp_recovers(wide, family, mtu):
    """TCP starts with segments that don't fit, within GSO packets, and goes on with ones that do."""
    a1, _, b1, _ = wide.workloads
    for src, dst in (a1, b1), (b1, a1):
        for w in (a1, b1):
            forget(w)
            w.ip(f"link set eth0 mtu {mtu}")
        wide.new_drops()
        tcp(src, dst, family)
        assert set(wide.new_drops()) == {(src.port, "PKT_TOO_BIG")}
        route = src.run("ip", f"-{family}", "route", "get", dst.address(family)).stdout
        assert f"mtu {wide.limit}" in route
    for w in (a1, b1):
        w.ip("link set eth0 mtu 1600")
        forget(w)


def test_without_df_the_sender_learns_too(wide):
    """A switch cannot fragment. The sender, once told, does."""
    a1, _, b1, _ = wide.workloads
    forget(a1)
    with udp_pair(a1, b1, 4) as (s, r):
        s.setsockopt(LEVEL[4], MTU_DISCOVER[4], PMTUDISC_DONT)
        s.send(b"x" * 1500)
        wait_until("the drop", lambda: wide.new_drops() == {("a1", "PKT_TOO_BIG"): 1})
        for _ in range(3):
            s.send(b"y" * 1500)
            assert r.recv(1 << 16) == b"y" * 1500


def test_no_answer_where_none_is_allowed(wide):
    """Not to groups, not to what is not IP, not about an error: counted, and that is all."""
    a1, _, b1, b2 = wide.workloads
    source, receivers = Frames(a1), [Frames(w) for w in (b1, b2)]
    long = mark().ljust(1550, b"x")
    error = ICMP(type=3, code=4) / IP(src=b1.ip4, dst=a1.ip4) / long
    wide.new_drops()
    source.send(bytes(Ether(src=a1.mac, dst=BROADCAST) / IP(src=a1.ip4, dst="255.255.255.255") /
                      UDP() / long),
                frame(b1.mac, a1.mac, long), frame(BROADCAST, a1.mac, long),
                bytes(Ether(src=a1.mac, dst=b1.mac) / IP(src=a1.ip4, dst=b1.ip4) / error),
                bytes(Ether(src=a1.mac, dst=b1.mac) / IP(src=a1.ip4, dst=b1.ip4, frag=10) / long))
    settle(source, receivers)
    assert wide.new_drops() == {("a1", "PKT_TOO_BIG"): 5}
    for frames in (source, *receivers):
        assert not frames.having(long[:20])


@pytest.mark.parametrize("family", (4, 6))
def test_answers_are_limited_in_rate(wide, family):
    """A burst of a hundred, then a thousand a second; each loss is counted all the same."""
    a1, _, b1, _ = wide.workloads
    source, payload = Frames(a1), mark()
    ip = IP(src=a1.ip4, dst=b1.ip4) if family == 4 else IPv6(src=a1.ip6, dst=b1.ip6)
    f = bytes(Ether(src=a1.mac, dst=b1.mac) / ip / UDP() / payload.ljust(1500, b"x"))
    time.sleep(0.15)
    wide.new_drops()
    start = time.monotonic()
    source.send(*[f] * 1000)
    most = 100 + 1000 * (time.monotonic() - start) + 2
    assert wide.new_drops() == {("a1", "PKT_TOO_BIG"): 1000}
    answers = source.having(payload)
    assert 100 <= len(answers) <= most
    assert all(is_exact(Ether(f), wide.limit) for f in answers)


def is_exact(e, limit):
    """The error carries the right size and correct checksums."""
    if ICMP in e:
        mtu = e[ICMP].nexthopmtu
        sums = (e[IP].chksum, e[ICMP].chksum)
        del e[IP].chksum, e[ICMP].chksum
        again = Ether(bytes(e))
        return mtu == limit and sums == (again[IP].chksum, again[ICMP].chksum)
    mtu, csum = e[ICMPv6PacketTooBig].mtu, e[ICMPv6PacketTooBig].cksum
    del e[ICMPv6PacketTooBig].cksum
    return mtu == limit and csum == Ether(bytes(e))[ICMPv6PacketTooBig].cksum


@pytest.mark.parametrize("xdp", ("native", "off"))
def test_jumbo_frames(pair, xdp):
    """An underlay of 9000 bytes, whose packets XDP gets in several buffers."""
    lab = pair(apply=False, xdp=xdp)
    for host in lab.hosts:
        host.ip("link set ul mtu 9000")
        for w in host.workloads:
            host.ip(f"link set {w.interface} mtu 8950")
            w.ip("link set eth0 mtu 8950")
    lab.apply()
    a1, b1 = lab.workloads
    assert [n["mtu"] for n in lab.hosts[0].show("networks")] == [8950]
    for family in (4, 6):
        ping(a1, b1.address(family), size=8950 - HEADERS[family])
        tcp(a1, b1, family)
        udp(b1, a1, family, [1, 1500, 3000, 4096, 8950 - HEADERS[family]])


def test_mixed_tunnels_have_their_own_limits(lab_name):
    """Over IPv4 to b and over IPv6 to c: each packet by its own tunnel, floods by the narrowest."""
    lab = Lab(lab_name, (4, 6))
    try:
        a = lab.host("a")
        lab.host("b", families=(4,), kind=KernelHost)
        lab.host("c", families=(6,), kind=KernelHost)
        lab.wire()
        web = lab.network("web")
        for host in lab.hosts:
            lab.workload(host, mtu=1500, quiet=True)
        document = lab.document()
        document["networks"] = [dict(web.row(), nodes=[h.node for h in lab.hosts])]
        # b and c, which share no family, are in no network together.
        document["networks"] += [{"name": "other", "vni": 200}]
        document["ports"][2]["network"] = "other"
        document["networks"][0]["nodes"].remove(lab.hosts[2].node)
        document["networks"][1]["nodes"] = [a.node]
        a.apply(lab.write(document=document))
        assert {n["network"]: n["mtu"] for n in a.show("networks")} == {"web": 1450, "other": 1430}
        assert sorted(t["mtu"] for t in a.show("tunnels")) == [1430, 1450]
    finally:
        lab.close()
