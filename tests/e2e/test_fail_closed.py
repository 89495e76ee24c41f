# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Somebody takes a program away behind weft's back: what came out of a tunnel never reaches the
host's own stack, weft says what is missing, and the next apply puts it back.

    a1 = a (weft, loses a program) [ul]====[ul] b: sends frames for the host itself through the tunnel
"""
import glob
import json
import os
import re
import socket

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN

from lab import NOT_APPLIED, KernelHost, Lab
from netns import run, wait_until
from traffic import BROADCAST, INET, Frames, mac_bytes, mark, ping

N = 5
PORT = 7777


@pytest.fixture(params=[(f, x) for f in (4, 6) for x in ("native", "off")],
                ids=lambda p: f"ipv{p[0]}-xdp-{p[1]}")
def wire(request, lab_name):
    """Hosts a and b; b's end of the wire is raw."""
    family, xdp = request.param
    lab = Lab(lab_name, (family,))
    a, b = lab.host("a", xdp), lab.host("b", "off", kind=KernelHost)
    lab.wire()
    lab.network()
    lab.workload(a, quiet=True)
    lab.workload(b, quiet=True)
    lab.apply()
    yield lab
    lab.close()


def mac_of(host):
    return host.ip_json("link", "show", "ul")[0]["address"]


def detach(host, interface="*"):
    """Not through weft: the links themselves are told to let go, or filters deleted."""
    index = interface if interface == "*" else host.ifindex(interface)
    found = glob.glob(f"/sys/fs/bpf/weft/v*/{host.node}/links/*_{index}")
    for pin in found:
        kind, _, index = os.path.basename(pin).partition("_")
        if kind == "tc":
            run("bpftool", "link", "detach", "pinned", pin)
        elif kind == "clsact":
            with host.entered():
                run("tc", "filter", "del", "dev", socket.if_indextoname(int(index)), "ingress")
    assert found


def inner_frames(lab, payload):
    """Frames that a host would take, or answer, if they reached its stack."""
    a, b = lab.hosts
    a1, b1 = lab.workloads
    frames = []
    for dst in (mac_of(a), BROADCAST, a1.mac):
        eth = Ether(src=b1.mac, dst=dst)
        for target in (a.vtep(lab.families[0]), a1.ip4, a1.ip6):
            v6 = ":" in target
            ip = IPv6(src=b1.ip6, dst=target) if v6 else IP(src=b1.ip4, dst=target)
            frames += [eth / ip / (ICMPv6EchoRequest if v6 else ICMP)() / payload,
                       eth / ip / UDP(dport=PORT) / payload, eth / ip / TCP(dport=PORT, flags="S")]
        frames.append(eth / ARP(hwsrc=b1.mac, psrc=b1.ip4, pdst="192.0.2.1"))
    return frames


def send_inner(lab, frames):
    a, b = lab.hosts
    family = lab.families[0]
    outer = Ether(src=mac_of(b), dst=mac_of(a)) / (IP if family == 4 else IPv6)(
        src=b.vtep(family), dst=a.vtep(family)) / UDP(sport=50000, dport=4789, chksum=0) / VXLAN(vni=100)
    Frames(b, "ul").send(*[bytes(outer / f) for f in frames])


def inputs(host):
    """What the host's own stack has taken in, by protocol."""
    counters = json.loads(host.run("nstat", "-a", "-s", "-z", "-j").stdout)["kernel"]
    return {k: counters.get(k, 0) for k in (
        "TcpInSegs", "TcpOutRsts", "TcpPassiveOpens", "UdpInDatagrams", "Udp6InDatagrams",
        "IcmpInMsgs", "Icmp6InEchos", "IpForwDatagrams", "Ip6OutForwDatagrams")}


@pytest.mark.parametrize("lost", ("ul", "*"), ids=("tc_underlay", "all of TC"))
def test_inner_frames_never_reach_the_host(wire, lost):
    """The host listens, forwards and answers, and is handed frames for each of its ears."""
    a, b = wire.hosts
    family, payload = wire.families[0], mark()
    a.sysctl("net/ipv4/ip_forward", 1)
    with a.socket(INET[family], socket.SOCK_DGRAM) as udp, \
            a.socket(INET[family], socket.SOCK_STREAM) as tcp:
        udp.bind((a.vtep(family), PORT))
        tcp.bind((a.vtep(family), PORT))
        tcp.listen(5)
        ping(b, a.vtep(family), count=1)
        detach(a, lost)
        on_wire, at_workload, before = Frames(b, "ul"), Frames(wire.workloads[0]), inputs(a)
        frames = inner_frames(wire, payload)
        dropped = otherhost_drops(a)
        send_inner(wire, frames)
        if a.xdp == "native":
            refused = sum(ARP not in f for f in frames)  # ARP's own refusals are not counted
            wait_until("the refusal", lambda: otherhost_drops(a) == dropped + refused)
        ping(b, a.vtep(family), count=1)  # the host itself is well, and all before this is through
        after = inputs(a)
    before["IcmpInMsgs" if family == 4 else "Icmp6InEchos"] += 1  # b's, to the host
    if a.xdp == "off":
        # Weft's own device, there for GRO's sake, takes the outer packets; nothing comes out of it.
        before["UdpInDatagrams" if family == 4 else "Udp6InDatagrams"] += len(frames)
    assert after == before
    assert not at_workload.having(payload)
    for e in map(Ether, on_wire.poll()):
        assert not isinstance(e.payload.payload, (TCP, UDP)), f"an answer: {e!r}"
        assert ARP not in e or e[ARP].pdst != wire.workloads[1].ip4, f"an answer: {e!r}"


def test_port_without_its_program_leads_nowhere(pair):
    """What the workload says is for the network, not for the host it runs on."""
    lab = pair()
    a, (a1, b1) = lab.hosts[0], lab.workloads
    host_mac = a.ip_json("link", "show", "wa1")[0]["address"]
    a.sysctl("net/ipv4/ip_forward", 1)
    a1.ip("route add 192.0.2.0/24 dev eth0", f"neigh add 192.0.2.1 lladdr {host_mac} dev eth0")
    detach(a, "wa1")
    before, answers = inputs(a), Frames(a1)
    a1.run("ping", "-c", 2, "-i", 0.01, "-W", 0.3, "192.0.2.1", check=False)
    answers.send(bytes(Ether(src=a1.mac, dst=BROADCAST) / ARP(hwsrc=a1.mac, psrc="192.0.2.77",
                                                              pdst="192.0.2.1")))
    a1.run("ping", "-c", 1, "-W", 0.3, "192.0.2.1", check=False)
    assert inputs(a) == before
    assert not [f for f in answers.poll() if f[6:12] != mac_bytes(b1.mac)]


def otherhost_drops(host):
    """Frames that the stack dropped as not addressed to this host."""
    text = host.run("ip", "-s", "-s", "link", "show", "ul").stdout
    heads, values = re.search(r"RX errors: +(.*otherhost.*)\n *(.*)", text).groups() \
        if "otherhost" in text else ("otherhost", "0")
    return int(dict(zip(heads.split(), values.split()))["otherhost"])


@pytest.mark.parametrize("interface", ("ul", "wa1"))
def test_weft_notices_and_repairs(pair, interface):
    lab = pair()
    a, (a1, b1) = lab.hosts[0], lab.workloads
    ping(a1, b1.ip4)
    detach(a, interface)
    p = a.weft("status", status=NOT_APPLIED)
    assert interface in p.stdout
    p = a.weft("status", lab.file, status=NOT_APPLIED)
    assert interface in p.stdout
    done = a.apply()
    assert done["programs"]["attached"] == 1 and done["entries"] == {"added": 0, "changed": 0, "removed": 0}
    a.weft("status")
    ping(a1, b1.ip4)
    ping(b1, a1.ip6)
