# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Every encapsulation at once, each with a network of its own, on one uplink.

    a1, a2, a3, a4 = a [ul]====[ul] b = b1, b2, b3, b4      networks vx, gbp, gen, nv

Node a takes tunnel headers off at TC, with segments whole; node b by XDP.
"""
import pytest

from lab import UNDERLAY_MTU, Lab, Workload
from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp, udp, unreachable

ENCAPS = {  # network: its keys, and what stands between the outer and the inner IP header
    "vx": ({"encap": "vxlan"}, 30),
    "gbp": ({"encap": "vxlan-gbp"}, 30),
    "gen": ({"encap": "geneve"}, 42),
    "nv": ({"encap": "nvgre", "vni": 5000}, 22),
}
IP = {4: 20, 6: 40}


def tunnel_mtu(encap, family):
    return UNDERLAY_MTU - IP[family] - ENCAPS[encap][1]


@pytest.fixture(scope="module", params=(4, 6), ids=lambda f: f"ipv{f}")
def all_at_once(request):
    lab = Lab(f"e{request.param}", (request.param,))
    hosts = lab.host("a", "off"), lab.host("b", "native")
    lab.wire()
    for name, (options, _) in ENCAPS.items():
        network = lab.network(name, **options)
        for host in hosts:
            lab.workload(host, network, mtu=tunnel_mtu(name, request.param))
    lab.apply()
    yield lab
    lab.close()


@pytest.fixture(params=ENCAPS)
def ends(request, all_at_once):
    return [w for w in all_at_once.workloads if w.network.name == request.param]


@pytest.mark.parametrize("family", (4, 6))
def test_tcp(ends, family):
    a, b = ends
    tcp(a, b, family)
    tcp(b, a, family)


@pytest.mark.parametrize("family", (4, 6))
def test_udp(ends, family):
    """All sizes up to the largest that fits, and such that come as fragments."""
    a, b = ends
    most = a.mtu - IP[family] - 8
    udp(a, b, family, [*range(1, 60, 7), *range(60, most, 151), most - 1, most, 4000, 60000])


def test_largest_packet(ends):
    a, b = ends
    network = next(n for n in a.host.show("networks") if n["network"] == a.network.name)
    assert network["mtu"] == a.mtu
    for src, dst in ((a, b), (b, a)):
        ping(src, dst.ip4, size=a.mtu - 28)
        ping(src, dst.ip6, size=a.mtu - 48)


@pytest.mark.drops("PKT_TOO_BIG")
def test_one_byte_more(ends):
    """The sender is told what does fit."""
    a, b = ends
    for w in (a, b):
        w.ip(f"link set eth0 mtu {a.mtu + 1}")
    p = a.run("ping", "-n", "-c", 1, "-W", 1, "-M", "do", "-s", a.mtu - 27, b.ip4, check=False)
    for w in (a, b):
        w.ip(f"link set eth0 mtu {a.mtu}", "route flush cache")
    assert f"mtu = {a.mtu}" in p.stdout or f"mtu={a.mtu}" in p.stdout, p.stdout


def test_flooding(ends):
    a, b = ends
    for src, dst in ((a, b), (b, a)):
        source, receiver, payload = Frames(src), Frames(dst), mark()
        for to in (BROADCAST, "33:33:00:00:01:02", "02:00:00:00:ff:ff"):
            source.send(*[frame(to, src.mac, payload)] * 10)
        settle(source, [receiver])
        assert len(receiver.having(payload)) == 30


def test_show_tunnels(all_at_once):
    a = all_at_once.hosts[0]
    tunnels = {t["encap"]: t for t in a.show("tunnels")}
    assert {e: t["networks"] for e, t in tunnels.items()} == \
        {"vxlan": ["vx"], "vxlan-gbp": ["gbp"], "geneve": ["gen"], "nvgre": ["nv"]}
    family = all_at_once.families[0]
    assert {t["mtu"] for t in tunnels.values()} == {tunnel_mtu(e, family) for e in ENCAPS}
    status = a.status()
    assert (status["vxlan_port"], status["geneve_port"], status["nvgre"]) == (4789, 6081, True)


# -- changes ---------------------------------------------------------------------------------------

def test_another_encapsulation(pair):
    """A network changes to another encapsulation under its connections."""
    lab = pair(mtu=1400)
    a1, b1 = lab.workloads
    for encap in ("vxlan", "geneve", "vxlan-gbp", "nvgre"):
        lab.networks[0].options = {"encap": encap, "vni": 5000}
        lab.apply()
        assert [t["encap"] for t in lab.hosts[0].show("tunnels")] == [encap]
        ping(a1, b1.ip4)
        tcp(a1, b1, 4, 1 << 20)


# -- groups ----------------------------------------------------------------------------------------

class Member(Workload):
    """A workload in a group, whose addresses the file does not have."""

    def __init__(self, *args):
        super().__init__(*args)
        self.group = None

    def row(self):
        row = super().row()
        del row["addresses"]
        return {**row, "groups": [self.group]}


@pytest.fixture(scope="module", params=(("gen", "native"), ("gbp", "off"), ("vx", "native")),
                ids=lambda p: f"{p[0]}-{p[1]}")
def groups(request):
    """Who is in group lb may connect to b1. a1 is in lb, a2 is not."""
    encap, xdp = request.param
    lab = Lab(f"g{encap}{xdp}")
    a, b = lab.host("a", xdp), lab.host("b", xdp)
    lab.wire()
    lab.network(**ENCAPS[encap][0])
    for host, group in ((a, "lb"), (a, "other"), (b, "web")):
        lab.workload(host, kind=Member, mtu=tunnel_mtu(encap, 4)).group = group
    lab.top["policies"] = [{"name": "in", "applies_to": "web", "direction": "ingress",
                            "rules": [{"from": "lb", "protocol": "icmp"}]}]
    lab.apply()
    yield encap, lab.workloads
    lab.close()


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_groups_of_unlisted_senders(groups):
    encap, (a1, a2, b1) = groups
    if encap == "vx":  # which does not tell
        unreachable(a1, b1.ip4)
    else:
        ping(a1, b1.ip4)
    unreachable(a2, b1.ip4)
    ping(b1, a1.ip4)
    ping(b1, a2.ip4)
