# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""VLANs: trunks, tenants' own tags, networks that live on the uplink's wire, and gateways.

There are no VLAN interfaces in the kernels that this runs on; vlanwire.c makes up for them.
"""
import pytest

import traffic
from lab import INVALID, UNDERLAY_MTU, Lab
from netns import Namespace, wait_until
from traffic import BROADCAST, Frames, frame, mark, settle, tcp, udp
from trunk import Trunk


def ping(src, address, size=56):
    """One by one: of several, ping(8) waits for the last no longer than for the others, and vlanwire
    may have to wait for its turn."""
    for _ in range(2):
        traffic.ping(src, address, count=1, size=size)


def tagged(f, tag):
    return f[:12] + tag + f[12:]


# -- a trunk -----------------------------------------------------------------------------------------

@pytest.fixture(scope="module", params=("native", "off"))
def trunked(request):
    """A trunk on a, with three networks; b and, in one of them, a have workloads of the usual kind."""
    lab = Lab(f"trunk{request.param}")
    a, b = lab.host("a", request.param), lab.host("b", request.param)
    lab.wire()
    web, db, lan = lab.network("web"), lab.network("db"), lab.network("lan")
    trunk = Trunk(a, "trunk")
    members = [trunk.member(a, web, "10"), trunk.member(a, db, "300."), trunk.member(a, lan, "-")]
    trunk.start()
    others = [lab.workload(b, network) for network in (web, db, lan)]
    near = lab.workload(a, web)
    lab.apply()
    yield lab, members, others, near
    lab.close()


@pytest.mark.parametrize("family", (4, 6))
def test_trunk(trunked, family):
    _, members, others, near = trunked
    for member, other in [*zip(members, others), (members[0], near)]:
        most = member.mtu - (28 if family == 4 else 48)
        for src, dst in ((member, other), (other, member)):
            ping(src, dst.address(family), size=most)
            tcp(src, dst, family, 1 << 20)
        udp(member, other, family, [1, 17, 18, 100, most, 4000])


def test_trunk_floods_each_vlan_by_itself(trunked):
    _, members, others, near = trunked
    everybody = {w: Frames(w) for w in [*members, *others, near]}
    for src in everybody:
        payload = mark()
        everybody[src].send(*[frame(BROADCAST, src.mac, payload)] * 5)
        same = [w for w in everybody if w.network is src.network and w is not src]
        settle(everybody[src], [everybody[w] for w in same])
        got = {w.port: len(everybody[w].having(payload)) for w in everybody}
        assert got == {w.port: 5 * (w in same) for w in everybody}


def test_trunk_is_shown(trunked):
    lab, members, *_ = trunked
    a = lab.hosts[0]
    ports = {p["port"]: p for p in a.show("ports")}
    assert [ports[m.port]["vlan"] for m in members] == ["10", "300.", None]
    assert {ports[m.port]["interface"] for m in members} == {"trunk"}
    assert ports["trunk"]["kind"] == "trunk"
    status = {p["port"]: p for p in a.status()["ports"]}
    assert status[members[0].port]["state"] == "attached" and status[members[0].port]["vlan"] == "10"
    done = a.apply()
    assert not {k for k in ("added", "changed", "removed", "attached", "detached") if done.get(k)}, done


@pytest.mark.drops("VLAN_NOT_ALLOWED", "VLAN_UNEXPECTED", "VLAN_TOO_DEEP", "VLAN_OLD_TPID")
def test_no_hopping(trunked):
    """Whatever tags an access port sends, nobody hears them; nor what a trunk has no port for."""
    lab, members, others, near = trunked
    source, receivers = Frames(near), [Frames(w) for w in [*members, *others]]
    payload = mark()
    plain = frame(BROADCAST, near.mac, payload)
    for tags in ("8100000a", "88a8012c", "8100000a8100000a", "8100000088a8012c", "8100000a81000014810000ff",
                 "9100000a", "81000000910000ff"):
        source.send(tagged(plain, bytes.fromhex(tags)))
    settle(source, [receivers[0], receivers[3]])
    assert not any(r.having(payload) for r in receivers)
    assert lab.new_drops() == {(near.port, "VLAN_UNEXPECTED"): 4, (near.port, "VLAN_TOO_DEEP"): 1,
                               (near.port, "VLAN_OLD_TPID"): 2}


# -- tags of the tenant's own ------------------------------------------------------------------------

@pytest.fixture(scope="module", params=[(f, x) for f in (4, 6) for x in ("native", "off")],
                ids=lambda p: f"ipv{p[0]}-xdp-{p[1]}")
def tenants(request):
    """One network between a, b and a kernel's vxlan, k; each has tenants in VLANs 5 and 6 of it."""
    family, xdp = request.param
    lab = Lab(f"own{family}{xdp}", (family,))
    a, b, k = lab.host("a", xdp), lab.host("b", xdp), lab.kernel_host("k")
    lab.wire()
    network = lab.network("carrier", vlan_transparent=True, nodes=[k.node])
    ends = []
    for host, interface, service in ((a, "wa1", "300."), (b, "wb1", "-"), (k, "wk1", "-")):
        trunk = Trunk(host, interface)
        for vlan in "56":
            tags = service + vlan if service != "-" else vlan
            ends.append(trunk.member(host, network, tags, mtu=lab_mtu(family)))
            ends[-1].listed = False
        trunk.start()
    k.workloads = k.workloads[:1]  # one interface in k's bridge
    k.join(network, family, [a, b])
    document = lab.document()
    document["ports"] = [
        {"name": "a", "node": a.node, "interface": "wa1", "service_vlan": 300, "network": "carrier",
         "learning": True},
        {"name": "b", "node": b.node, "interface": "wb1", "network": "carrier", "learning": True}]
    lab.document = lambda: document
    lab.apply()
    yield lab, ends
    lab.close()


def lab_mtu(family):
    """Of a tenant's VLAN: its tag has to fit the tunnel too."""
    return UNDERLAY_MTU - (54 if family == 4 else 74)


@pytest.mark.parametrize("family", (4, 6))
def test_tenants(tenants, family):
    _, ends = tenants
    for vlan in (0, 1):
        one, other, kernel = ends[vlan], ends[2 + vlan], ends[4 + vlan]
        for src, dst in ((one, other), (other, one), (one, kernel), (kernel, other)):
            ping(src, dst.address(family), size=lab_mtu_payload(src, family))
            tcp(src, dst, family, 1 << 20)


def lab_mtu_payload(workload, family):
    return workload.mtu - (28 if family == 4 else 48)


def test_tenants_keep_apart(tenants):
    _, ends = tenants
    everybody = [Frames(w) for w in ends]
    for i, source in enumerate(everybody):
        payload = mark()
        source.send(*[frame(BROADCAST, ends[i].mac, payload)] * 5)
        settle(source, [f for j, f in enumerate(everybody) if j != i and j % 2 == i % 2])
        assert [len(f.having(payload)) for f in everybody] == \
            [5 * (j != i and j % 2 == i % 2) for j in range(6)]


# -- networks on the uplink's wire -------------------------------------------------------------------

@pytest.fixture(scope="module", params=("native", "off"))
def wired(request):
    """VLAN 70 and the untagged segment beside VXLAN, and c, a host that knows nothing of weft."""
    lab = Lab(f"wire{request.param}")
    a, b, c = (lab.host(label, request.param) for label in "abc")
    lab.wire()
    c.runs_weft = False
    web = lab.network("web")
    lan = lab.network("lan", encap="vlan", vlan=70)
    bare = lab.network("bare", encap="vlan")
    here = [lab.workload(a, network) for network in (web, lan, bare)]
    there = [lab.workload(b, network) for network in (web, lan, bare)]
    trunk = Trunk(c, "ul")
    beyond = [None, trunk.member(c, lan, "70", mtu=1446), trunk.member(c, bare, "-", mtu=1446)]
    for w in beyond[1:]:
        w.listed = False
    trunk.start()
    lab.apply()
    yield lab, here, there, beyond
    lab.close()


@pytest.mark.parametrize("family", (4, 6))
def test_wire(wired, family):
    _, here, there, beyond = wired
    for one, other, foreign in zip(here, there, beyond):
        for src, dst in ((one, other), (other, one)):
            ping(src, dst.address(family), size=src.mtu - (28 if family == 4 else 48))
            tcp(src, dst, family, 1 << 20)
        if foreign:
            for src, dst in ((one, foreign), (foreign, other)):
                ping(src, dst.address(family))
                tcp(src, dst, family, 1 << 20)


def test_wire_keeps_the_host_in_touch(wired):
    """The nodes still hear each other, the untagged segment being theirs too."""
    lab, *_ = wired
    a, b, c = lab.hosts
    for host in (a, b):
        host.ip("neigh flush all")
    ping(a, b.vtep(4))
    ping(b, c.vtep(4))


def test_wire_floods_once(wired):
    _, here, there, beyond = wired
    for one, other, foreign in list(zip(here, there, beyond))[1:]:
        ends = [Frames(w) for w in (one, other, foreign)]
        for w, source in zip((one, other, foreign), ends):
            payload = mark()
            source.send(*[frame(BROADCAST, w.mac, payload)] * 5)
            settle(source, [f for f in ends if f is not source])
            assert [len(f.having(payload)) for f in ends] == [5 * (f is not source) for f in ends]


def test_wire_is_shown(wired):
    lab, here, *_ = wired
    a = lab.hosts[0]
    networks = {n["network"]: (n["vni"], n["vlan"]) for n in a.show("networks")}
    assert networks == {"web": (100, None), "lan": (None, "70"), "bare": (None, "untagged")}
    ports = {p["port"]: p for p in a.show("ports") if p["kind"] == "wire"}
    assert {name: p["network"] for name, p in ports.items()} == {"ul.70": "lan", "ul": "bare"}
    kinds = {(f["network"], f["kind"], f["port"], f["static"]) for f in a.show("fdb")}
    assert ("lan", "wire", "ul.70", True) in kinds
    assert ("lan", "wire", "ul.70", False) in kinds, "the foreign host was not learned"


def promiscuous(host, interface):
    return "PROMISC" in host.ip_json("link", "show", interface)[0]["flags"]


def test_wire_makes_promiscuous(lab):
    """A NIC takes in frames for all hosts only while it has to; who made it so before is left alone."""
    host = lab.host("a")
    lab.wire()
    web, lan = lab.network("web"), lab.network("lan", encap="vlan", vlan=70)
    for network in (web, lan):
        lab.workload(host, network)
    assert not promiscuous(host, "ul")
    lab.apply()
    assert promiscuous(host, "ul")
    host.apply()
    lab.workloads[1].listed = False
    lab.apply()
    assert not promiscuous(host, "ul")
    lab.workloads[1].listed = True
    lab.apply()
    host.weft("down")
    assert not promiscuous(host, "ul")
    host.ip("link set ul promisc on")
    lab.apply()
    host.weft("down")
    assert promiscuous(host, "ul")


# -- a gateway ---------------------------------------------------------------------------------------

@pytest.fixture(scope="module", params=("native", "off"))
def gateway(request):
    """Hosts p and q behind a NIC of a's, and v in a VLAN of it, share segments with b's workloads."""
    lab = Lab(f"gw{request.param}")
    a, b = lab.host("a", request.param), lab.host("b", request.param)
    lab.wire()
    web, db = lab.network("web", learning=True), lab.network("db")
    lan = lab._add(Namespace(f"{lab.name}-lan"))
    a.ip(f"link add nic type veth peer name nic netns {lan.name}", "link set nic up")
    lan.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
    lan.ip("link set nic up")
    lan.run("ethtool", "-K", "nic", "tx", "off")
    trunk = Trunk(lan, "nic")
    physical = [trunk.member(a, web, "-"), trunk.member(a, db, "30")]
    for w in physical:
        w.listed = False
    trunk.start()
    workloads = [lab.workload(b, web), lab.workload(b, db), lab.workload(a, web)]
    document = lab.document()
    document["ports"] += [
        {"name": "gw", "node": a.node, "interface": "nic", "network": "web", "learning": True},
        {"name": "gw-30", "node": a.node, "interface": "nic", "network": "db", "vlan": 30,
         "learning": True}]
    lab.document = lambda: document
    lab.apply()
    yield lab, physical, workloads
    lab.close()


@pytest.mark.parametrize("family", (4, 6))
def test_gateway(gateway, family):
    _, (p, v), (b_web, b_db, a_web) = gateway
    for src, dst in ((p, b_web), (b_web, p), (v, b_db), (b_db, v), (p, a_web), (a_web, p)):
        ping(src, dst.address(family), size=src.mtu - (28 if family == 4 else 48))
        tcp(src, dst, family, 1 << 20)


def test_gateway_keeps_vlans_apart(gateway):
    _, (p, v), workloads = gateway
    everybody = {w: Frames(w) for w in (p, v, *workloads)}
    for src in (p, v):
        payload = mark()
        everybody[src].send(*[frame(BROADCAST, src.mac, payload)] * 5)
        same = [w for w in everybody if w.network is src.network and w is not src]
        settle(everybody[src], [everybody[w] for w in same])
        assert [len(everybody[w].having(payload)) for w in everybody] == [5 * (w in same) for w in everybody]


def test_gateway_learns_by_vlan(gateway):
    lab, (p, v), (b_web, b_db, _) = gateway
    for src, dst in ((p, b_web), (v, b_db)):
        ping(src, dst.address(4))
    seen = {(f["mac"], f["network"], f["port"], f["static"]) for f in lab.hosts[0].show("fdb")}
    assert {(p.mac, "web", "gw", False), (v.mac, "db", "gw-30", False)} <= seen
    assert (p.mac, False) in {(f["mac"], f["static"]) for f in lab.hosts[1].show("fdb")}


@pytest.mark.drops("MAC_SPOOFED")
def test_gateway_speaks_for_nobody_else(gateway):
    """An address that the file gives to a workload is not believed from behind the gateway."""
    lab, (p, _), (b_web, _, a_web) = gateway
    source, receiver, payload = Frames(p), Frames(a_web), mark()
    source.send(frame(a_web.mac, b_web.mac, payload), frame(BROADCAST, b_web.mac, payload))
    wait_until("both drops", lambda: lab.hosts[0].drops()["gw", "MAC_SPOOFED"] >= 2)
    assert not receiver.having(payload)


# -- refusals ----------------------------------------------------------------------------------------

def test_a_narrow_uplink(lab):
    """A network on the wire cannot carry more than its uplink."""
    host = lab.host("a")
    lab.wire()
    network = lab.network("lan", encap="vlan", vlan=70, mtu=1600)
    lab.workload(host)
    lab.write()
    p = host.weft("apply", lab.file, status=INVALID)
    assert "1600 is more than the 1500 that the uplink \"ul\" carries" in p.stdout + p.stderr
