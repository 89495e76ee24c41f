# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The contenders that take part in a run, and their topologies."""
from contenders import (Floor, FloorDrop, Kernel, KernelLean, Raw, Weft, WeftGeneve, WeftIpv6, WeftNvgre, WeftVlan,
                        WeftTagged, WeftXdp)
from firewall import KernelFw, KernelFwSet, WeftFw, WeftFwXdp
from peers import MetaVxlan, Ovs, OvsVlan
from system import BenchError
from topology import PLACES

CONTENDERS = {c.name: c for c in (Raw(), Kernel(), KernelLean(), KernelFw(), KernelFwSet(), MetaVxlan(),
                                  Ovs(), OvsVlan(), Floor(), FloorDrop(), Weft(), WeftXdp(), WeftTagged(),
                                  WeftFw(), WeftFwXdp(), WeftGeneve(), WeftNvgre(), WeftVlan(), WeftIpv6())}


class Field:
    """A topology for each contender and place, built when first needed and kept to the end."""

    def __init__(self, names):
        self.skipped = {}
        self.members = []
        self._built = {}
        for name in names:
            reason = CONTENDERS[name].missing()
            if reason:
                self.skipped[name] = reason
            else:
                self.members.append(CONTENDERS[name])

    def at(self, place_name, part):
        """[(contender, topology)] for a part of the bench at a place; one that fails to set up is left out, with the
        reason kept.
        """
        there = []
        for contender in self.members:
            if part not in contender.parts or not contender.differs(PLACES[place_name]):
                continue
            key = (contender.name, place_name)
            if key not in self._built:
                try:
                    self._built[key] = contender.build(PLACES[place_name])
                except BenchError as err:
                    self._built[key] = None
                    self.skipped[f"{contender.name} {place_name}"] = f"FAILED: {err}"
            if self._built[key]:
                there.append((contender, self._built[key]))
        return there

    @property
    def failed(self):
        return any(reason.startswith("FAILED") for reason in self.skipped.values())

    def leave(self):
        for (name, _), topology in self._built.items():
            if topology:
                CONTENDERS[name].leave(topology)
