# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The BPF programs on host a of a topology, and running them on frames (progrun.c).

Programs are found by hook and interface: TC by the links that a contender has pinned, XDP by what the interface says
it has.
"""
import contextlib
import dataclasses
import json

from contenders import Floor
from packets import from_c1, vxlan_frame
from system import run, spawn, stop, tool, two_cpus


def progrun_argv(netns, *argv):
    return [str(a) for a in (tool("progrun"), "-c", two_cpus()[1], "-n", netns, *argv)]


def tool_progrun(netns, *argv, timeout=60):
    return json.loads(run(progrun_argv(netns, *argv), timeout=timeout))


@dataclasses.dataclass(frozen=True)
class Attached:
    """A program on a hook of a host: how progrun is told which, and what it says of it."""
    host: str
    selector: tuple
    info: dict


def _tc_programs(contender, topology):
    for vtep, directory in contender.pins(topology):
        for pin in sorted(directory.glob("*tc_*")):  # weft's other pins there only mark interfaces
            info = tool_progrun(vtep.path, pin)
            if info["type"] == "tc" and info["ifindex"]:
                yield Attached(vtep.netns, (str(pin),), info)


def _xdp_programs(topology):
    """The interface knows its XDP program, whether a link holds it or not."""
    for vtep in topology.vteps if topology.place.hosts == 2 else []:
        shown = json.loads(run(["ip", "-n", vtep.netns, "-j", "link", "show", "u0"]))[0]
        if "xdp" in shown:
            selector = ("-d", str(shown["xdp"]["prog"]["id"]))
            info = tool_progrun(vtep.path, *selector)
            yield Attached(vtep.netns, selector, {**info, "ifindex": shown["ifindex"]})


def attached(contender, topology):
    return [*_xdp_programs(topology), *_tc_programs(contender, topology)]


def empty_programs(topology):
    """Pin the floor's empty programs, the zero of all times. The directory."""
    directory = Floor().pins(topology)[0][1].with_name(f"{topology.tag}-empty")
    if not directory.is_dir():
        Floor.load(topology, 0, directory, topology.ports[0][1], ["floor_tc_nop", "floor_xdp_nop"])
    return directory


@contextlib.contextmanager
def statistics_on(seconds=120):
    """BPF run-time statistics are kept meanwhile."""
    holder = spawn([tool("progrun"), "-S", str(seconds)])
    holder.stdout.readline()
    try:
        yield
    finally:
        stop(holder)


class HostA:
    """The entries of host a, by name: port (c1's), other port (c2's, on the same host), uplink, and uplink-xdp."""

    def __init__(self, contender, topology):
        self.topology = topology
        self.netns = topology.vteps[0].path
        empty = empty_programs(topology)
        self._empty = {"tc": empty / "floor_tc_nop", "xdp": empty / "floor_xdp_nop"}
        self._entries = {}
        host = topology.vteps[0].netns
        found = {(a.info["type"], a.info["ifindex"]): a.selector for a in attached(contender, topology)
                 if a.host == host}
        for entry, hook, interface in self._hooks():
            ifindex = topology.ifindex(host, interface)
            if (hook, ifindex) in found:
                self._entries[entry] = (hook, ifindex, found[hook, ifindex])

    def _hooks(self):
        yield "port", "tc", self.topology.ports[0][1]
        if self.topology.place.hosts == 1:
            yield "other port", "tc", self.topology.ports[1][1]
        else:
            yield "uplink", "tc", "u0"
            yield "uplink-xdp", "xdp", "u0"

    def has(self, entry):
        return entry in self._entries

    def arriving(self, frame):
        """(entry, how it looks there) of a frame between c1 and c2."""
        if from_c1(frame, self.topology):
            return "port", frame
        if self.topology.place.hosts == 1:
            return "other port", frame
        return "uplink", vxlan_frame(self.topology.vteps[1], self.topology.vteps[0], frame)

    def options(self, entry, frame, samples, *options):
        """What to tell progrun of @samples runs of the program at an entry."""
        _, ifindex, selector = self._entries[entry]
        return ("-x", frame.hex(), "-i", str(ifindex), "-s", str(samples), *options, *selector)

    def run(self, entry, frame, samples, *options):
        """What progrun says of them."""
        return tool_progrun(self.netns, *self.options(entry, frame, samples, *options), timeout=120)

    def run_empty(self, entry, frame, samples, *options):
        """The same of a program that does nothing."""
        hook, ifindex, _ = self._entries[entry]
        return tool_progrun(self.netns, "-x", frame.hex(), "-i", str(ifindex), "-s", str(samples), *options,
                            str(self._empty[hook]), timeout=120)

    def info(self, entry):
        return tool_progrun(self.netns, *self._entries[entry][2])
