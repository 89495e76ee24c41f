# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A lab: hosts joined by an underlay, workloads behind them, and weft on the hosts.

Two hosts are joined by one veth, which stands for a wire; more by a switch (a bridge):

    a1 [eth0]==[wa1] a [ul]=======[ul] b [wb1]==[eth0] b1        each name outside brackets is a
    a2 [eth0]==[wa2]                     [wb2]==[eth0] b2        network namespace

    a [ul]==[ul-a] switch [ul-b]==[ul] b
                          [ul-c]==[ul] c

    host N of the lab       192.0.2.N        2001:db8::N           MTU 1500
    workload M of host N    10.V.N.M/16      fd00:V::N:M/64        02:00:00:V:N:M   (network V)

A kernel host (lab.kernel_host) speaks VXLAN with the kernel's own device instead of weft:

    k1 [eth0]==[wk1] k [br V, vx V] [ul]====

Native XDP on a veth sees checksums that the sender left to its hardware, and there is none: hence
"tx off" on the sending side of a wire whose other end runs XDP. The namespaces, and what waits for
their end, are netns.py's; what is sent over them is traffic.py's.
"""
import collections
import concurrent.futures
import glob
import json
import os
import shutil
import tempfile

from netns import PINS, Namespace, run, unique

BUILD = os.environ.get("BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
WEFT = os.path.join(BUILD, "weft")
OVERHEAD = {4: 50, 6: 70}  # bytes that a tunnel adds, less the Ethernet header it had already
UNDERLAY_MTU = 1500

# weft's exit statuses
OK, FAILED, INVALID, NOT_APPLIED, BUSY = range(5)


class Network:
    """An L2 network of the file."""

    def __init__(self, index, name, options):
        self.index = index
        self.name = name
        self.vni = 100 * index
        self.options = options

    def row(self):
        subnets = [f"10.{self.index}.0.0/16", f"fd00:{self.index}::/64"]
        number = {} if self.options.get("encap") == "vlan" else {"vni": self.vni}
        return {"name": self.name, **number, "subnets": subnets, **self.options}


class Workload(Namespace):
    """What a port connects: a namespace with one interface, eth0."""

    def __init__(self, host, network, number, mtu, what):
        super().__init__(what)
        self.host = host
        self.network = network
        self.port = f"{host.label}{number}"
        self.interface = f"w{self.port}"
        self.mtu = mtu
        self.mac = f"02:00:00:{network.index:02x}:{host.index:02x}:{number:02x}"
        self.ip4 = f"10.{network.index}.{host.index}.{number}"
        self.ip6 = f"fd00:{network.index}::{host.index}:{number}"
        self.listed = True  # in the file
        self.groups = []
        self.options = {}  # further keys of its port

    def address(self, family):
        return self.ip4 if family == 4 else self.ip6

    def wire(self, quiet):
        """A veth to the host. A quiet workload has no addresses and says nothing by itself."""
        self.sysctl("net/ipv6/conf/default/disable_ipv6", int(quiet))
        for key in ("router_solicitations", "accept_ra"):
            self.sysctl(f"net/ipv6/conf/default/{key}", 0)
        self.host.ip(f"link add {self.interface} type veth peer name eth0 netns {self.name}",
                     f"link set {self.interface} mtu {self.mtu} up")
        self.configure(quiet)
        self.wait_carrier(["eth0"])
        self.host.wait_carrier([self.interface])

    def configure(self, quiet):
        lines = ["link set lo up", f"link set eth0 address {self.mac} mtu {self.mtu}"]
        if not quiet:
            lines += [f"addr add {self.ip4}/16 dev eth0", f"addr add {self.ip6}/64 dev eth0 nodad"]
        self.ip(*lines, "link set eth0 up")

    def row(self):
        row = {"name": self.port, "node": self.host.node, "interface": self.interface,
               "network": self.network.name, "mac": self.mac, "addresses": [self.ip4, self.ip6]}
        if self.groups:
            row["groups"] = self.groups
        return {**row, **self.options}


class Host(Namespace):
    """A host of the lab, with its uplink; the weft on it is driven from here."""

    def __init__(self, lab, index, label, families, xdp):
        super().__init__(f"{lab.name}-{label}")
        self.lab = lab
        self.index = index
        self.label = label
        self.node = self.name
        self.families = families
        self.xdp = xdp
        self.runs_weft = True
        self.agent = None  # agent.py
        self.workloads = []
        self.sysctl("net/ipv6/conf/default/accept_ra", 0)

    def vtep(self, family):
        return f"192.0.2.{self.index}" if family == 4 else f"2001:db8::{self.index}"

    def underlay(self):
        """Addresses for an uplink that has just been made. Ports stay without IPv6 of the host's."""
        self.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        self.ip("link set lo up", "link set ul up",
                *(f"addr add {self.vtep(f)}/{24 if f == 4 else '64 nodad'} dev ul"
                  for f in self.families))

    def row(self):
        row = {"name": self.node, "vtep": [self.vtep(f) for f in self.families]}
        if self.runs_weft:
            row["uplinks"] = [{"interface": "ul", "xdp": self.xdp}]
        return row

    def weft(self, verb, *args, status=OK, binary=WEFT, **kwargs):
        """Run weft for this node; its exit status must be as said, and success is silent."""
        p = run(binary, verb, *args, "--node", self.node, "--netns", self.path, check=False, **kwargs)
        assert p.returncode == status, (f"weft {verb} {args}: exit status {p.returncode}, not "
                                        f"{status}\n{p.stdout}{p.stderr}")
        assert status != OK or not p.stderr, f"weft {verb}: {p.stderr}"
        return p

    def apply(self, file=None, **kwargs):
        """Return: what weft says it has changed."""
        p = self.weft("apply", file or self.lab.file, "--json", **kwargs)
        return json.loads(p.stdout) if p.returncode == OK else None

    def show(self, what):
        return json.loads(self.weft("show", what, "--json").stdout)[what]

    def status(self):
        return json.loads(self.weft("status", "--json").stdout)

    def drops(self):
        """Packets lost so far, by (port, reason)."""
        return collections.Counter({(d["port"], d["reason"]): d["packets"]
                                    for d in self.show("drops")})


class KernelHost(Host):
    """A host whose bridge and vxlan device do what weft does elsewhere; remote MACs are static."""

    def __init__(self, *args):
        super().__init__(*args)
        self.runs_weft = False

    def join(self, network, family, remotes):
        """Make the network's bridge. remotes: the weft hosts, each with its workloads."""
        br, vx = f"br{network.index}", f"vx{network.index}"
        mtu = UNDERLAY_MTU - OVERHEAD[family]
        zero = "udp6zerocsumrx" if family == 6 else ""
        self.ip(f"link add name {br} type bridge mcast_snooping 0",
                f"link add name {vx} type vxlan id {network.vni} local {self.vtep(family)} dstport 4789 "
                f"nolearning {zero}",
                f"link set {vx} mtu {mtu} master {br} up", f"link set {br} up",
                *(f"link set {w.interface} master {br}" for w in self.workloads))
        fdb = [f"fdb append 00:00:00:00:00:00 dev {vx} dst {h.vtep(family)}" for h in remotes]
        fdb += [f"fdb append {w.mac} dev {vx} dst {h.vtep(family)} self"
                for h in remotes for w in h.workloads]
        run("bridge", "-n", self.name, "-batch", "-", input="\n".join(fdb) + "\n")
        self.wait_carrier([vx, br])


class Lab:
    """Hosts, networks, workloads, and the one file that describes them all."""

    live = []  # labs that exist, for conftest.py

    def __init__(self, name, families=(4,)):
        self.name = name
        self.families = families
        self.hosts = []
        self.networks = []
        self.workloads = []
        self.namespaces = []
        self.top = {}  # further keys of the file
        self.dir = tempfile.mkdtemp(prefix=unique(name) + "-")
        self.file = os.path.join(self.dir, "weft.yaml")
        self.seen = collections.Counter()
        Lab.live.append(self)

    # -- building ------------------------------------------------------------------------------

    def _add(self, namespace, *lists):
        for where in (self.namespaces, *lists):
            where.append(namespace)
        return namespace

    def host(self, label, xdp="native", families=None, kind=Host):
        return self._add(kind(self, len(self.hosts) + 1, label, families or self.families, xdp),
                         self.hosts)

    def kernel_host(self, label, families=None):
        return self.host(label, "off", families, KernelHost)

    def wire(self):
        """Join all hosts' uplinks."""
        if len(self.hosts) == 1:
            self.hosts[0].ip("link add ul type veth peer name nowhere", "link set nowhere up")
        elif len(self.hosts) == 2:
            a, b = self.hosts
            a.ip(f"link add ul type veth peer name ul netns {b.name}")
            if b.xdp == "native":
                a.run("ethtool", "-K", "ul", "tx", "off")
            if a.xdp == "native":
                b.run("ethtool", "-K", "ul", "tx", "off")
        else:
            self._switch()
        for host in self.hosts:
            host.underlay()
        for host in self.hosts:
            host.wait_carrier(["ul"])

    def _switch(self):
        switch = self._add(Namespace(f"{self.name}-switch"))
        switch.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        switch.ip("link add name bridge type bridge mcast_snooping 0", "link set bridge up")
        for h in self.hosts:
            switch.ip(f"link add ul-{h.label} type veth peer name ul netns {h.name}",
                      f"link set ul-{h.label} master bridge up")
            switch.run("ethtool", "-K", f"ul-{h.label}", "tx", "off")
            h.run("ethtool", "-K", "ul", "tx", "off")

    def network(self, name="web", **options):
        self.networks.append(Network(len(self.networks) + 1, name, options))
        return self.networks[-1]

    def workload(self, host, network=None, mtu=None, quiet=False, kind=Workload):
        """A workload on a host; in the lab's first network if not said otherwise."""
        number = len(host.workloads) + 1
        mtu = mtu or UNDERLAY_MTU - OVERHEAD[max(self.families)]
        w = self._add(kind(host, network or self.networks[0], number, mtu,
                           f"{self.name}-{host.label}{number}"), host.workloads, self.workloads)
        w.wire(quiet)
        return w

    # -- the file ------------------------------------------------------------------------------

    def document(self):
        return {**self.top, "nodes": [h.row() for h in self.hosts],
                "networks": [n.row() for n in self.networks],
                "ports": [w.row() for w in self.workloads if w.listed]}

    def write(self, name="weft.yaml", document=None):
        """Write the file (JSON is YAML). Return: its path."""
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document or self.document(), f, indent=1)
        return path

    def apply(self):
        """Apply the file on all hosts, at the same time as the verifier takes most of it."""
        self.write()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: host.apply(), self.weft_hosts()))

    def weft_hosts(self):
        return [h for h in self.hosts if h.runs_weft]

    # -- drops ---------------------------------------------------------------------------------

    def drops(self):
        """Packets lost on all hosts, by (port, reason)."""
        lost = collections.Counter()
        for h in self.weft_hosts():
            if glob.glob(f"{PINS}/v*/{h.node}"):
                for (port, reason), n in h.drops().items():
                    lost[port if port != "ul" else f"{h.label}.ul", reason] += n
        return lost

    def new_drops(self):
        """What was lost since the last call."""
        now = self.drops()
        new = now - self.seen
        self.seen = now
        return new

    # -- the end -------------------------------------------------------------------------------

    def close(self):
        if self in Lab.live:
            Lab.live.remove(self)
        for host in self.weft_hosts():
            if host.agent:
                host.agent.close()
            run(WEFT, "down", "--node", host.node, "--netns", host.path, check=False)
        for namespace in self.namespaces:
            namespace.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def two_hosts(name, ports=1, family=4, xdp="native", mtu=None, quiet=False, **options):
    """The usual lab: two hosts with the same number of workloads in one network. Not yet applied."""
    lab = Lab(name, (family,))
    a, b = lab.host("a", xdp), lab.host("b", xdp)
    lab.wire()
    lab.network(**options)
    for host in (a, b):
        for _ in range(ports):
            lab.workload(host, mtu=mtu, quiet=quiet)
    lab.write()
    return lab
