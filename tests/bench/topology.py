# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The namespaces and wires a contender works on. Every contender has its own set, so that a change of turns is free.

    [c1 eth0]---p1[ host a ]u0 ======= u0[ host b ]p2---[eth0 c2]      two hosts, u0 is the underlay
    [c1 eth0]---p1[ host a ]p2---[eth0 c2]                             one host

c1 sends, c2 receives. The raw contender has no overlay: two hosts talk from u0 to u0, on one host a veth joins c1 and
c2. Neighbours are static everywhere, so that no ARP or ND is in a measurement.
"""
import dataclasses
import json
import os

from system import NETNS, run

UNDERLAY_MTU = 1500
INNER_MTU = 1450
INNER_MTU6 = 1430
GHOST = "10.9.0.101"  # of c1, says the configuration; c1's stack knows nothing of it and drops what comes, silently


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a workload runs. `wire`: at most 1500 bytes a packet on the underlay, else GSO packets cross it whole."""
    name: str
    title: str
    hosts: int
    wire: bool = False
    family: int = 4

    @property
    def inner_mtu(self):
        return INNER_MTU if self.family == 4 else INNER_MTU6


PLACES = {p.name: p for p in (
    Place("gso", "across hosts, GSO crosses the underlay", hosts=2),
    Place("wire", "across hosts, 1500-byte wire", hosts=2, wire=True),
    Place("same", "same host", hosts=1),
    Place("gso6", "across hosts, GSO crosses the IPv6 underlay", hosts=2, family=6),
    Place("wire6", "across hosts, 1500-byte wire, IPv6 underlay", hosts=2, wire=True, family=6),
)}


@dataclasses.dataclass(frozen=True)
class End:
    """One end of a path: an interface in a namespace."""
    netns: str
    interface: str
    mac: str
    address: str
    prefix: int

    @property
    def path(self):
        return NETNS / self.netns

    @property
    def cidr(self):
        return f"{self.address}/{self.prefix}"


class Topology:
    """Namespaces and veths of one contender at one place. Contenders add what joins u0 and the ports."""

    def __init__(self, contender, place, overlay=True):
        self.place = place
        self.tag = f"wb{os.getpid()}-{contender}-{place.name}"
        self.overlay = overlay
        two = place.hosts == 2
        self.vteps = [self._vtep("a", 1), self._vtep("b", 2)] if two else [self._vtep("a", 1)]
        self.containers = [self._container(1), self._container(2)]
        self.ports = [(self._name("a"), "p1"), (self._name("b" if two else "a"), "p2")]
        if overlay or not two:
            self.sender, self.receiver = self.containers
        else:
            self.sender, self.receiver = self.vteps

    def _name(self, role):
        return f"{self.tag}-{role}"

    def _vtep(self, role, number):
        address, prefix = (f"192.0.2.{number}", 24) if self.place.family == 4 else (f"2001:db8::{number}", 64)
        return End(self._name(role), "u0", f"02:00:00:00:01:{number:02x}", address, prefix)

    def _container(self, number):
        return End(self._name(f"c{number}"), "eth0", f"02:00:00:00:02:{number:02x}", f"10.9.0.{number}", 24)

    def addresses(self, end):
        """All of a container's addresses, the ghost among them."""
        return [end.address, GHOST] if end is self.containers[0] else [end.address]

    def build(self):
        ends = []
        if self.place.hosts == 2:
            ends += self.vteps
        if self.overlay or self.place.hosts == 1:
            ends += self.containers
        names = {e.netns for e in ends} | ({n for n, _ in self.ports} if self.overlay else set())
        run(["ip", "-batch", "-"], "".join(f"netns add {name}\n" for name in sorted(names)))
        run(["ip", "-batch", "-"], "".join(line + "\n" for line in self._links()))
        for end in ends:
            self._configure(end, ends)
        for name in names:
            run(["ip", "-n", name, "link", "set", "lo", "up"])
        if self.overlay:
            for name, port in self.ports:
                run(["ip", "-n", name, "link", "set", port, "mtu", self.place.inner_mtu, "addrgenmode", "none",
                     "up"])
        for vtep in self.vteps if self.place.hosts == 2 else []:
            self.offloads(vtep)

    def _links(self):
        c1, c2 = self.containers
        if self.place.hosts == 2:
            a, b = self.vteps
            yield self._veth(a, b)
        if self.overlay:
            for end, (host, port) in zip((c1, c2), self.ports):
                yield (f"link add {port} netns {host} type veth "
                       f"peer name {end.interface} netns {end.netns} address {end.mac}")
        elif self.place.hosts == 1:
            yield self._veth(c1, c2)

    @staticmethod
    def _veth(one, other):
        return (f"link add {one.interface} netns {one.netns} address {one.mac} type veth "
                f"peer name {other.interface} netns {other.netns} address {other.mac}")

    def _configure(self, end, ends):
        other = next(e for e in ends if e.interface == end.interface and e is not end)
        mtu = UNDERLAY_MTU if end.interface == "u0" else self.place.inner_mtu
        nodad = " nodad" if ":" in end.address else ""
        lines = [f"link set {end.interface} mtu {mtu} addrgenmode none up",
                 f"address add {end.cidr} dev {end.interface}{nodad}",
                 f"neighbour add {other.address} lladdr {other.mac} nud permanent dev {end.interface}"]
        if end is self.sender or end is self.receiver:
            # The raw contender's segments are as small as the others'.
            lines.append(f"route replace {other.address} dev {end.interface} mtu {self.place.inner_mtu}")
        if end is self.containers[1]:
            lines.append(f"neighbour add {GHOST} lladdr {other.mac} nud permanent dev {end.interface}")
        run(["ip", "-n", end.netns, "-batch", "-"], "\n".join(lines) + "\n")

    def offloads(self, vtep):
        """A wire carries 1500 bytes, checksums filled in. GRO merges what arrives, for every contender."""
        if not self.place.wire:
            return
        self.inside(vtep.netns, "ethtool", "-K", "u0", "tx", "off", "tso", "off", "gso", "off", "gro", "on",
                    "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off")

    @staticmethod
    def inside(netns, *argv, **kwargs):
        """Run a command in a namespace; mounts stay, unlike with `ip netns exec`."""
        return run(["nsenter", f"--net={NETNS / netns}", *argv], **kwargs)

    @staticmethod
    def ifindex(netns, interface):
        return json.loads(run(["ip", "-n", netns, "-j", "link", "show", interface]))[0]["ifindex"]

    @staticmethod
    def counters(netns, interface):
        """{"rx": ..., "tx": ...} with packets, bytes and more."""
        return json.loads(run(["ip", "-n", netns, "-s", "-j", "link", "show", interface]))[0]["stats64"]

    def wire_counters(self):
        """(packets, bytes) that host a has sent to the underlay."""
        sent = self.counters(self.vteps[0].netns, "u0")["tx"]
        return sent["packets"], sent["bytes"]
