# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Who is compared. A contender joins the ends of a Topology in its own way; everything else is the same for all.

To add one: a class with a name, a title, missing() and join(), and a place in field.CONTENDERS. The order there is
the order of the turns and of the tables. Those with a firewall are in firewall.py.
"""
import dataclasses

from system import BPFFS, built, run, tool
from topology import Topology

VNI = 100
VLAN = 10  # FLOOR_VLAN in floor.h

SWITCH = frozenset(("tcp", "tcp8", "udp", "udp8", "udp-both", "rr", "rrpoll", "progrun", "stats"))
ESTABLISHED = frozenset(("fw-tcp", "fw-udp", "fw-rr", "conns"))
ENCAPS = frozenset(("encap-tcp", "encap-udp", "encap-rr"))


class Contender:
    name = title = None
    overlay = True
    parts = SWITCH | ESTABLISHED  # that it takes part in
    hosts = (1, 2)  # numbers of hosts where it differs from the others
    gso = True  # takes segments whole where the underlay does
    loses = False  # packets, where they come faster than it works: it has a queue and works on its own

    def differs(self, place):
        """Whether it has something of its own to show there."""
        return place.hosts in self.hosts

    def missing(self):
        """Why it cannot take part, or None."""
        return None

    def build(self, place):
        topology = Topology(self.name, place, self.overlay)
        topology.build()
        self.join(topology)
        return topology

    def join(self, topology):
        raise NotImplementedError

    def leave(self, topology):
        """Take down what the end of the mount namespace would not."""

    def pins(self, topology):
        """Where the links of its BPF programs are pinned: [(End of the host's uplink, directory)]."""
        return []


class Raw(Contender):
    """Sockets on the underlay itself; on one host, a veth from end to end. The most there is to have."""
    name, title, overlay = "raw", "raw (no overlay)", False
    parts = SWITCH | ESTABLISHED | {"xdp"}

    def join(self, topology):
        pass


class Kernel(Contender):
    """Linux bridge with a vxlan device, lean: static entries, no learning, no snooping, no outer checksum, and no
    detour through iptables, which costs a bridge up to a sixth of its packets where br_netfilter is present, without
    a single rule.
    """
    name, title = "kernel", "kernel bridge + vxlan"
    parts = SWITCH | ESTABLISHED | {"xdp"}
    iptables = 0

    def join(self, topology):
        hosts = [vtep.netns for vtep in topology.vteps]
        for number, host in enumerate(hosts):
            self._netfilter(topology, host)
            pairs = zip(topology.ports, topology.containers)
            ports = [(port, end) for (where, port), end in pairs if where == host]
            self._bridge(host, ports)
            if topology.place.hosts == 2:
                self.add_vxlan(topology, number)
                self.add_remote(topology, number)

    def _netfilter(self, topology, host):
        """Whether bridged packets visit the IP hooks; a matter of each network namespace."""
        calls = {"arptables": 0, "ip6tables": 0, "iptables": self.iptables}
        topology.inside(host, "sh", "-c", "cd /proc/sys/net/bridge 2>/dev/null || exit 0\n" + "".join(
            f"echo {value} > bridge-nf-call-{name}\n" for name, value in calls.items()))

    @staticmethod
    def _bridge(host, ports):
        run(["ip", "-n", host, "-batch", "-"],
            "link add br0 type bridge stp_state 0 mcast_snooping 0\n"
            "link set br0 addrgenmode none up\n" + "".join(f"link set {port} master br0\n" for port, _ in ports))
        run(["bridge", "-n", host, "-batch", "-"], "".join(
            f"link set dev {port} learning off flood off mcast_flood off\n"
            f"fdb add {end.mac} dev {port} master static\n" for port, end in ports))

    @staticmethod
    def add_vxlan(topology, number):
        here = topology.vteps[number]
        checksum = "udp6zerocsumtx udp6zerocsumrx" if topology.place.family == 6 else "noudpcsum"
        run(["ip", "-n", here.netns, "-batch", "-"],
            f"link add vx0 mtu {topology.place.inner_mtu} type vxlan id {VNI} local {here.address} dstport 4789 "
            f"nolearning {checksum}\n"
            "link set vx0 addrgenmode none master br0 up\n")
        run(["bridge", "-n", here.netns, "link", "set", "dev", "vx0", "learning", "off"])

    @staticmethod
    def add_remote(topology, number):
        """The workload on the other host."""
        here, there = topology.vteps[number], topology.vteps[1 - number]
        far = topology.containers[1 - number]
        run(["bridge", "-n", here.netns, "-batch", "-"],
            f"fdb add {far.mac} dev vx0 master static\n"
            f"fdb add {far.mac} dev vx0 self static dst {there.address}\n")


class KernelLean(Kernel):
    """The same without GRO on the vxlan device: what can be merged has been merged on the underlay already, and a
    datagram gains nothing from a second try.
    """
    name, title, hosts, parts = "kernel-lean", "same, no GRO on vxlan", (2,), SWITCH

    def join(self, topology):
        super().join(topology)
        for vtep in topology.vteps:
            topology.inside(vtep.netns, "ethtool", "-K", "vx0", "gro", "off")


class Floor(Contender):
    """floor.bpf.c: VXLAN with everything hard-coded, hooked where weft hooks. The least BPF can do."""
    name, title, parts = "floor", "hard-coded BPF (floor)", SWITCH | {"fw-progrun", "xdp"}

    def join(self, topology):
        family = topology.place.family
        if topology.place.hosts == 1:
            # Each port needs a load of its own, hard-coded to deliver to the other port.
            for name, here, there in (("1", 0, 1), ("2", 1, 0)):
                self.load(topology, 0, self._directory(topology, name), topology.ports[there][1],
                          [f"floor_tc_local@{topology.ports[here][1]}"])
            return
        for number, (_, port) in enumerate(topology.ports):
            programs = [f"floor_tc_encap{family}@{port}"]
            if topology.place.wire:
                programs += ["floor_tc_meta@u0", f"floor_xdp{family}@u0"]
            else:
                programs += [f"floor_tc_decap{family}@u0"]
            self.load(topology, number, self._directory(topology, str(number + 1)), port, programs)

    @staticmethod
    def load(topology, number, directory, port, programs):
        """Load @programs (PROGRAM[@INTERFACE]) on host @number, to deliver to @port, and pin them in @directory."""
        vtep = topology.vteps[number]
        argv = [tool("floorctl"), "-n", vtep.path, "-o", tool("floor.bpf.o"), "-d", directory, "-p", port]
        if topology.place.hosts == 2:
            argv += ["-u", "u0", "-l", vtep.address, "-r", topology.vteps[1 - number].address]
        run([*argv, *programs])

    @staticmethod
    def source(end, directory):
        """Pin programs there that send the frames of live test runs out at @end."""
        run([tool("floorctl"), "-n", end.path, "-o", tool("floor.bpf.o"), "-d", directory, "-u", end.interface,
             "floor_xdp_send", "floor_xdp_send_tagged"])

    @staticmethod
    def _directory(topology, name):
        return BPFFS / f"{topology.tag}-{name}"

    def pins(self, topology):
        hosts = topology.vteps * (2 // len(topology.vteps))
        return [(host, self._directory(topology, name)) for host, name in zip(hosts, ("1", "2"))]


class FloorDrop(Floor):
    """An XDP program that drops everything: nothing can refuse sooner."""
    name, title, parts = "floor-drop", "bare XDP drop (floor)", frozenset(("xdp",))

    def join(self, topology):
        for number, (_, port) in enumerate(topology.ports):
            self.load(topology, number, self._directory(topology, str(number + 1)), port, ["floor_xdp_drop@u0"])


class Weft(Contender):
    """weft, from one file for both nodes, as it chooses by itself: on a veth, tunnels end at TC."""
    name, title, xdp = "weft", "weft", "auto"
    nodes = 2  # at most, that are set up: one is enough for who looks at host a alone
    parts = SWITCH | ESTABLISHED | ENCAPS
    network = f"vni: {VNI}"

    def missing(self):
        binary = built("weft")
        return None if binary.exists() else f"{binary} does not exist"

    @staticmethod
    def node(vtep):
        return vtep.netns

    def config(self, topology, subnet="10.9.0.0/24", remote=()):
        """@remote: further ports, on the second node, as (name, MAC address, address)."""
        uplinks = f"[{{interface: u0, xdp: {self.xdp}}}]" if topology.place.hosts == 2 else "[]"
        lines = ["nodes:"]
        for vtep in topology.vteps:
            lines.append(f"  - {{name: {self.node(vtep)}, vtep: \"{vtep.address}\", uplinks: {uplinks}}}")
        lines += ["networks:", f"  - {{name: bench, {self.network}, subnets: [{subnet}]}}", "ports:"]
        for (host, port), end in zip(topology.ports, topology.containers):
            lines.append(f"  - {{name: {end.netns}, node: {host}, interface: {port}, network: bench, "
                         f"mac: \"{end.mac}\", addresses: [{', '.join(topology.addresses(end))}]}}")
        lines += [f"  - {{name: {name}, node: {self.node(topology.vteps[-1])}, interface: {name}, network: bench, "
                  f"mac: \"{mac}\", addresses: [{address}]}}" for name, mac, address in remote]
        return "\n".join(lines) + "\n"

    def join(self, topology):
        self.apply(topology, self.config(topology))

    def apply(self, topology, text):
        """Write the file and have every node of the topology apply it."""
        path = self.write(topology, text)
        for vtep in topology.vteps[:self.nodes]:
            self.weft("apply", vtep, path)

    def write(self, topology, text):
        directory = built("bench")
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.name}-{topology.place.name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def weft(self, command, vtep, *argv, **kwargs):
        return run([built("weft"), command, *argv, "--node", self.node(vtep), "--netns", vtep.path], **kwargs)

    def leave(self, topology):
        for vtep in topology.vteps:
            self.weft("down", vtep, check=False)

    def forget(self, topology):
        """Forget all connections."""
        for vtep in topology.vteps:
            run([built("weft"), "flows", "flush", "--all", "--node", self.node(vtep)])

    def pins(self, topology):
        return [(vtep, self.state(vtep) / "links") for vtep in topology.vteps]

    def state(self, vtep):
        """The directory of all pins of a node."""
        return BPFFS / "weft" / "v1" / self.node(vtep)


class WeftXdp(Weft):
    """The same with tunnels ending at native XDP: on a wire only, since XDP on a veth stops GSO packets."""
    name, title, xdp, parts = "weft-xdp", "weft, decap at XDP", "native", SWITCH | {"xdp"}

    def differs(self, place):
        return place.wire


class WeftTagged(WeftXdp):
    """The sender is in a VLAN, as on a trunk: weft is the gateway from there to VXLAN."""
    name, title, parts = "weft-tagged", "weft, VLAN and VXLAN", frozenset(("xdp",))
    vlan = VLAN

    def config(self, topology, **more):
        port = topology.ports[0][1]
        return super().config(topology, **more).replace(f"interface: {port},", f"interface: {port}, vlan: {self.vlan},")


class WeftGeneve(Weft):
    """Other encapsulations, beside weft's own VXLAN."""
    name, title, hosts, parts = "weft-geneve", "weft, Geneve", (2,), ENCAPS
    network = f"encap: geneve, vni: {VNI}"


class WeftNvgre(WeftGeneve):
    name, title, network = "weft-nvgre", "weft, NVGRE", "encap: nvgre, vni: 5000"


class WeftVlan(WeftGeneve):
    name, title, network = "weft-vlan", "weft, VLAN", "encap: vlan, vlan: 10"


class WeftIpv6(WeftGeneve):
    """VXLAN over IPv6, wherever the others are."""
    name, title, network = "weft-ipv6", "weft, VXLAN over IPv6", Weft.network

    def build(self, place):
        return super().build(dataclasses.replace(place, family=6))
