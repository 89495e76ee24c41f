# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Other VTEPs, set up as docs/interop.md says: the commands are read from that page.

    a1 = a (weft) [ul]====[ul] k (Linux, or Open vSwitch) = k1

The file knows k1, unless a test is about who is not in it.
"""
import os
import re

import pytest

from lab import UNDERLAY_MTU, WEFT, Lab, Workload
from netns import run, wait_until
from ovs import Switch
from traffic import ping, tcp, udp, unreachable

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/interop.md")
VNI = 5000
INNER = {"vxlan": 30, "vxlan-gbp": 30, "geneve": 30, "nvgre": 22}  # from the outer IP header on


def page():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def commands(name):
    """The page's block of that name."""
    found = re.findall(rf"<!-- commands: {name} -->\n```sh\n(.*?)```", page(), re.S)
    assert len(found) == 1, name
    return found[0]


def test_page_and_tests_agree():
    """Every block of commands is run by some test here, and the file is one that weft takes."""
    with open(__file__, encoding="utf-8") as f:
        here = f.read()
    for name in re.findall(r"<!-- commands: (.*?) -->", page()):
        assert f'"{name}"' in here, name
    for block in re.findall(r"```yaml\n(.*?)```", page(), re.S):
        run(WEFT, "check", "-", "--node", "a", input=block)


class Grouped(Workload):
    """A workload with groups; nameless: the file does not have its addresses."""

    groups = ()
    nameless = False

    def row(self):
        row = {**super().row(), "groups": list(self.groups)}
        if self.nameless:
            del row["addresses"]
        return row


class Pair:
    """The lab of the head of this file."""

    def __init__(self, name, family, encap, xdp):
        self.family = family
        self.lab = Lab(name, (family,))
        self.a, self.k = self.lab.host("a", xdp), self.lab.host("k", "native")
        self.k.runs_weft = False
        self.lab.wire()
        for host in (self.a, self.k):
            host.run("ethtool", "-K", "ul", "tx", "off")
        self.mtu = UNDERLAY_MTU - {4: 20, 6: 40}[family] - INNER[encap]
        network = self.lab.network(vni=VNI, encap=encap)
        network.vni = VNI
        self.a1, self.k1 = (self.lab.workload(h, mtu=self.mtu - 30, kind=Grouped)
                            for h in (self.a, self.k))
        self.k1.run("ethtool", "-K", "eth0", "tx", "off")
        self.env = {"SELF": self.k.vtep(family), "WEFT": self.a.vtep(family), "UPLINK": "ul",
                    "PORT": self.k1.interface, "MTU": str(self.mtu), "MAC": self.a1.mac,
                    "PREFIX": f"{self.k.vtep(family)}/{24 if family == 4 else 64}"}

    def far(self, name, *words):
        """Run a block of the page on k, with another word for one of it."""
        text = commands(name)
        self.k.run("bash", "-ec", text.replace(*words) if words else text, env=self.env)

    def switch(self):
        ovs = Switch(self.k, self.lab.dir)
        self.env.update(ovs.env)
        self.k.sysctl("net/ipv6/conf/default/disable_ipv6", 0)  # br-phy is yet to be made
        self.far("ovs")
        return ovs

    def meet(self):
        """Open vSwitch loses what it has no next hop for yet."""
        for src, dst in ((self.a1, self.k1), (self.k1, self.a1)):
            wait_until(f"{src.name} reaches {dst.name}", lambda s=src, d=dst: not s.run(
                "ping", "-q", "-c", 1, "-W", 0.3, d.ip4, check=False).returncode)

    def talk(self):
        """Everything in both directions."""
        self.meet()
        for src, dst in ((self.a1, self.k1), (self.k1, self.a1)):
            ping(src, dst.ip4)
            ping(src, dst.ip6)
            tcp(src, dst, 4, 1 << 20)
            tcp(src, dst, 6, 1 << 20)
        udp(self.a1, self.k1, 4, [1, 100, self.a1.mtu - 28, 4000])
        udp(self.a1, self.k1, 6, [1, 100, self.a1.mtu - 48, 4000])


@pytest.fixture
def pair(lab_name):
    made = []

    def build(family, encap, xdp="native"):
        made.append(Pair(lab_name, family, encap, xdp))
        return made[-1]

    yield build
    for each in made:
        each.lab.close()


# -- Linux -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("family", (4, 6))
def test_kernel_learns(pair, family):
    p = pair(family, "vxlan", "off")
    p.far("kernel-vxlan")
    p.lab.apply()
    p.talk()


def test_kernel_static(pair):
    p = pair(4, "vxlan")
    p.far("kernel-vxlan")
    p.k.ip("link set vxlan0 type vxlan nolearning")
    p.far("kernel-static")
    p.lab.apply()
    p.talk()


def test_kernel_by_its_own_encapsulation(pair):
    """The network is Geneve's; node k knows VXLAN only."""
    p = pair(4, "geneve")
    row = p.k.row
    p.k.row = lambda: {**row(), "encap": "vxlan"}
    p.far("kernel-vxlan")
    p.lab.apply()
    p.talk()
    assert [t["encap"] for t in p.a.show("tunnels")] == ["vxlan"]


def only_web(p):
    """Who is in group web may ping a1, which is in it itself; k1 is not in the file's words."""
    p.a1.groups, p.k1.groups = ("web",), ("web",)
    p.k1.nameless = True
    p.lab.top["policies"] = [{"name": "in", "applies_to": "web", "direction": "ingress",
                              "rules": [{"from": "web"}]}]


@pytest.mark.drops("POLICY_DENY_INGRESS")
@pytest.mark.parametrize("family", (4, 6))
def test_kernel_groups(pair, family):
    p = pair(family, "vxlan-gbp", "native" if family == 4 else "off")
    p.far("kernel-gbp")
    only_web(p)
    p.lab.apply()
    ping(p.k1, p.a1.ip4)
    p.talk()
    counted = p.k.run("nft", "list", "chain", "bridge", "groups", "in").stdout
    assert int(re.search(r"counter packets (\d+)", counted)[1]) > 100, counted
    p.k.run("nft", "flush", "chain", "bridge", "groups", "in")
    unreachable(p.k1, p.a1.ip4)


# -- Open vSwitch ----------------------------------------------------------------------------------

@pytest.mark.parametrize("family, xdp", ((4, "native"), (6, "off")))
def test_ovs_vxlan(pair, family, xdp):
    p = pair(family, "vxlan", xdp)
    p.switch()
    p.far("ovs-vxlan")
    p.lab.apply()
    p.talk()


@pytest.mark.parametrize("family, xdp", ((4, "native"), (6, "off")))
def test_ovs_geneve(pair, family, xdp):
    p = pair(family, "geneve", xdp)
    p.switch()
    p.far("ovs-geneve")
    p.lab.apply()
    p.talk()


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_ovs_geneve_groups(pair):
    p = pair(4, "geneve")
    ovs = p.switch()
    row = p.k.row
    p.k.row = lambda: {**row(), "uplinks": ["ul"]}
    p.far("ovs-geneve")
    only_web(p)
    p.lab.apply()
    unreachable(p.k1, p.a1.ip4)
    p.far("ovs-geneve-groups")
    p.talk()
    wait_until("flow of group web counts", lambda: ovs.packets("br-int", "tun_metadata0=0x8b8f9c35") > 10)


@pytest.mark.parametrize("family, xdp", ((4, "native"), (6, "off")))
def test_ovs_nvgre(pair, family, xdp):
    p = pair(family, "nvgre", xdp)
    p.switch()
    p.far("ovs-nvgre", "type=gre", "type=gre" if family == 4 else "type=ip6gre")
    p.lab.apply()
    p.talk()
