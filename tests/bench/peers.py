# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Contenders that are built of others' parts: BPF programs that steer the kernel's vxlan device, and Open vSwitch."""
import ipaddress
import os
import shutil
import struct
import time

from contenders import ESTABLISHED, SWITCH, VLAN, VNI, Contender
from system import BPFFS, BenchError, built, run, spawn, tool
from topology import NETNS
from weft_state import BPFTOOL


class MetaVxlan(Contender):
    """metavxlan.bpf.c: a collect-metadata vxlan device behind TC programs, as container networks have it."""
    name, title = "bpf-vxlan", "BPF steering a vxlan device"
    parts = SWITCH | ESTABLISHED  # it has no firewall; its numbers stand beside those of whom has one

    def missing(self):
        return None if tool("metavxlan.bpf.o").exists() else "metavxlan.bpf.o is not built"

    def join(self, topology):
        for number, vtep in enumerate(topology.vteps):
            if topology.place.hosts == 2:
                self._vxlan(topology, vtep)
            self._programs(topology, number)

    @staticmethod
    def _vxlan(topology, vtep):
        checksum = "udp6zerocsumtx udp6zerocsumrx" if topology.place.family == 6 else "noudpcsum"
        run(["ip", "-n", vtep.netns, "link", "add", "vx0", "mtu", topology.place.inner_mtu, "type", "vxlan", "external",
             "dstport", "4789", *checksum.split()])
        run(["ip", "-n", vtep.netns, "link", "set", "vx0", "addrgenmode", "none", "up"])

    def _programs(self, topology, number):
        host = topology.vteps[number].netns
        pins = BPFFS / f"{topology.tag}-{number}"
        topology.inside(host, BPFTOOL, "prog", "loadall", tool("metavxlan.bpf.o"), pins, "pinmaps", pins / "maps")
        hooks = [(port, "meta_from_port") for where, port in topology.ports if where == host]
        for port, _ in hooks:
            self._update(pins / "maps" / "meta_vni", struct.pack("=I", topology.ifindex(host, port)),
                         struct.pack("=I", VNI))
        if topology.place.hosts == 2:
            hooks.append(("vx0", "meta_from_vxlan"))
        for (where, port), end in zip(topology.ports, topology.containers):
            self._update(pins / "maps" / "meta_fdb", *self._entry(topology, number, where, port, end))
        for interface, program in hooks:
            topology.inside(host, "tc", "qdisc", "add", "dev", interface, "clsact")
            topology.inside(host, "tc", "filter", "add", "dev", interface, "ingress", "bpf", "direct-action",
                            "object-pinned", pins / program)

    @staticmethod
    def _entry(topology, number, where, port, end):
        """struct meta_key and struct meta_value of metavxlan.h."""
        here, there = topology.vteps[number], topology.vteps[-1 - number]
        key = struct.pack("=I6s2x", VNI, bytes.fromhex(end.mac.replace(":", "")))
        if where == here.netns:
            return key, struct.pack("=IBB2x16x", topology.ifindex(where, port), 1, 0)
        remote = ipaddress.ip_address(there.address)
        address = struct.pack("=I12x", int(remote)) if remote.version == 4 else remote.packed
        return key, struct.pack("=IBB2x", topology.ifindex(here.netns, "vx0"), 0, remote.version == 6) + address

    @staticmethod
    def _update(pin, key, value):
        run([BPFTOOL, "map", "update", "pinned", pin, "key", "hex", *key.hex(" ").split(),
             "value", "hex", *value.hex(" ").split()])


class Ovs(Contender):
    """Open vSwitch with its userspace datapath: veths by packet sockets, VXLAN by itself. What it offers where its
    kernel module is not there. Workloads fill in their checksums, or it would pass broken ones on.
    """
    name, title, parts = "ovs", "Open vSwitch, userspace", SWITCH
    gso = False
    loses = True
    schema = "/usr/share/openvswitch/vswitch.ovsschema"

    def missing(self):
        for program in ("ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "setpriv"):
            if not shutil.which(program):
                return f"{program} is not installed (package openvswitch-switch)"
        return None if os.path.exists("/dev/net/tun") else "there is no /dev/net/tun"

    def join(self, topology):
        for end in topology.containers:
            topology.inside(end.netns, "ethtool", "-K", end.interface, "tx", "off")
        for number, vtep in enumerate(topology.vteps):
            switch = _Switch(topology, vtep)
            ports = [port for where, port in topology.ports if where == vtep.netns]
            switch.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev",
                         *(word for port in ports for word in ("--", "add-port", "br-int", port)))
            if topology.place.hosts == 2:
                self._tunnel(topology, switch, vtep, topology.vteps[1 - number])
            if number == 0:
                self._tags(topology, switch)

    def _tags(self, topology, switch):
        """Nothing: no VLAN."""

    def leave(self, topology):
        for vtep in topology.vteps:
            shutil.rmtree(_directory(topology, vtep), ignore_errors=True)

    @staticmethod
    def _tunnel(topology, switch, here, there):
        switch.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev",
                     f"other-config:hwaddr={here.mac}", "--", "add-port", "br-phy", "u0")
        plen = f"{here.address}/{here.prefix}"
        run(["ip", "-n", here.netns, "-batch", "-"],
            f"address del {plen} dev u0\nlink set br-phy addrgenmode none up\n"
            f"address add {plen} dev br-phy{' nodad' if ':' in plen else ''}\n")
        switch.vsctl("add-port", "br-int", "vx0", "--", "set", "interface", "vx0", "type=vxlan",
                     f"options:remote_ip={there.address}", f"options:local_ip={here.address}", f"options:key={VNI}")
        switch.appctl("ovs/route/add", f"{there.address}/{32 if topology.place.family == 4 else 128}", "br-phy")
        switch.appctl("tnl/neigh/set", "br-phy", there.address, there.mac)


class OvsVlan(Ovs):
    """The same with a trunk to c1, whose VLAN goes untagged into the tunnel."""
    name, title, parts, vlan = "ovs-vlan", "Open vSwitch, VLAN and VXLAN", frozenset(("xdp",)), VLAN

    def differs(self, place):
        return place.wire

    def _tags(self, topology, switch):
        switch.vsctl("set", "port", topology.ports[0][1], f"trunks={VLAN}", "--", "set", "port", "vx0", f"tag={VLAN}")


def _directory(topology, vtep):
    return built("bench", "ovs", f"{topology.tag}-{vtep.netns[-1]}")


class _Switch:
    """Database and daemon of one host. They end with the bench, however that ends."""

    def __init__(self, topology, vtep):
        self.directory = _directory(topology, vtep)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.netns = vtep.netns
        run(["ovsdb-tool", "create", self._path("conf.db"), Ovs.schema])
        self._start("ovsdb-server", self._path("conf.db"), f"--remote=punix:{self._path('db.sock')}")
        self._wait("db.sock")
        self.vsctl("--no-wait", "init")
        self._start("ovs-vswitchd", f"unix:{self._path('db.sock')}")
        self._wait("ovs-vswitchd.ctl")

    def _path(self, name):
        return self.directory / name

    def _start(self, daemon, *argv):
        """As a child that the kernel ends with us; what it says goes to its log."""
        with_us = ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={NETNS / self.netns}"]
        where = [f"OVS_{kind}DIR={self.directory}" for kind in ("RUN", "LOG", "DB", "SYSCONF")]
        spawn([*with_us, "env", *where, daemon, *argv, f"--pidfile={self._path(daemon)}.pid",
               f"--unixctl={self._path(daemon)}.ctl", "-vconsole:off", f"--log-file={self._path(daemon)}.log"])

    def _wait(self, name):
        for _ in range(100):
            if self._path(name).exists():
                return
            time.sleep(0.05)
        raise BenchError(f"Open vSwitch: no {name} in {self.directory}")

    def vsctl(self, *argv):
        return run(["ovs-vsctl", f"--db=unix:{self._path('db.sock')}", "--timeout=20", *argv])

    def appctl(self, *argv):
        return run(["ovs-appctl", "-t", self._path("ovs-vswitchd.ctl"), *argv])
