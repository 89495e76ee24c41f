# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Workloads and hosts that speak tagged: vlanwire.c stands for their VLAN interfaces.

    t1 [eth0]--10--+
    t2 [eth0]--20--+-- vlanwire --[trunk]
    t3 [eth0]------+
"""
import functools
import os

from lab import BUILD, Workload

VLANWIRE = os.path.join(BUILD, "tests/e2e/vlanwire")


class Tagged(Workload):
    """A workload whose frames have tags on an interface that it shares with others."""

    def __init__(self, *args, trunk, tags):
        super().__init__(*args)
        self.interface = trunk.interface
        self.tags = tags
        trunk.members.append(self)

    def wire(self, quiet):
        """Its tap comes with the trunk."""
        self.sysctl("net/ipv6/conf/default/disable_ipv6", int(quiet))
        for key in ("router_solicitations", "accept_ra"):
            self.sysctl(f"net/ipv6/conf/default/{key}", 0)

    def row(self):
        service, dot, vlan = self.tags.rpartition(".")
        row = super().row()
        if dot:
            row["service_vlan"] = int(service)
        if vlan not in ("", "-"):
            row["vlan"] = int(vlan)
        return row


class Trunk:
    """An interface in a namespace, and who is behind it. It is a tap unless it is there already."""

    def __init__(self, namespace, interface):
        self.namespace = namespace
        self.interface = interface
        self.members = []

    def member(self, host, network, tags, **options):
        """A workload of host's behind it; tags as vlanwire takes them."""
        return host.lab.workload(host, network, kind=functools.partial(Tagged, trunk=self, tags=tags),
                                 **options)

    def start(self, quiet=False):
        args = [a for m in self.members for a in (m.tags, m.path, "eth0")]
        wire = self.namespace.spawn(VLANWIRE, self.namespace.path, self.interface, *args)
        assert wire.read_line() == "ready", wire.finish()
        self.namespace.ip(f"link set {self.interface} up")
        for m in self.members:
            m.configure(quiet)
            m.wait_carrier(["eth0"])
        self.namespace.wait_carrier([self.interface])
