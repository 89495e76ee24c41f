# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Floods that should cost little, and frames at full pace: packets a second from a source as fast as XDP is.

    unknown VTEP, unknown VNI    tunnel packets for host b that nobody wants: how many a second it can refuse
    forwarded                    frames of c1, through a tunnel to c2
    gateway                      the same where c1 is in a VLAN; and back, from the tunnel to the VLAN. The kernel's
                                 bridge does it without a tag, which spares it work: not every kernel has VLANs

The source is a program on the other side of the wire which redirects live frames of BPF_PROG_TEST_RUN to it (progrun
-L, floor_xdp_send), what xdp-trafficgen does, with any frame. The same CPU then does the receiver's work, so that a
rate is that of sending and refusing together, for everybody alike. Rates are of what the receiving interface took in;
what is meant to be refused must not arrive, and what is meant to arrive must. Only Open vSwitch in userspace has a CPU
and a queue of its own, and loses what does not fit: its rate is of what arrived.
"""
import dataclasses
import time

from contenders import Floor
from packets import tagged, udp_frame, vxlan_frame
from programs import tool_progrun
from system import BenchError, progress
from topology import GHOST, Topology
from workloads import BASES, Row, calm, ratio

PLACE = "wire"
PACE = 500000  # frames for each second asked for
FRAMES_MAX = 1000000  # that progrun takes
STRANGER = "198.51.100.77"  # to where no host has a route
OTHER_VNI = 4242
TC_ACT_SHOT = 2
ARRIVE = 0.9  # of the frames at least; a veth's ring may overflow


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    contenders: tuple
    arrives: int = None  # at which container
    from_port: bool = False  # of c1, instead of from the underlay
    start: int = 0  # host whose end of the wire they enter at
    touched: bool = False  # the frames are written to on their way


GATEWAYS = ("kernel", "ovs-vlan", "weft-tagged")
CASES = (
    Case("drop-vtep", "Flood from an unknown VTEP: refused", ("raw", "floor-drop", "weft-xdp")),
    Case("drop-vni", "Flood with an unknown VNI: refused", ("kernel", "floor-drop", "weft-xdp")),
    Case("forward", "Frames of a workload: through a tunnel, delivered", ("kernel", "floor", "weft-xdp"), arrives=1,
         from_port=True),
    Case("to-tunnel", "Gateway: frames of a VLAN, through a tunnel, delivered", GATEWAYS, arrives=1, from_port=True),
    Case("to-vlan", "Gateway: frames of a tunnel, to a VLAN", GATEWAYS, arrives=0, start=1, touched=True),
)


class Source:
    """Where the frames of a case enter, and what they look like."""

    def __init__(self, case, contender, topology):
        self.case, self.topology = case, topology
        self.loses = contender.loses
        here, there = topology.vteps[case.start], topology.vteps[1 - case.start]
        self.start = topology.containers[0] if case.from_port else here
        self.end = there if case.arrives is None else topology.containers[case.arrives]
        if case.arrives == 0:
            self._drop_at(self.end)
        frame, name = self._inner(), "floor_xdp_send"
        if case.from_port:
            self.frame = frame
            if hasattr(contender, "vlan"):
                self.frame, name = tagged(frame, contender.vlan), "floor_xdp_send_tagged"
            topology.inside(topology.ports[0][0], "ethtool", "-K", topology.ports[0][1], "gro", "on")
        else:
            source = dataclasses.replace(here, address=STRANGER) if case.name == "drop-vtep" else here
            self.frame = vxlan_frame(source, there, frame, *([OTHER_VNI] if case.name == "drop-vni" else []))
        self.program = self._load(name)
        self.ifindex = topology.ifindex(self.start.netns, self.start.interface)

    @staticmethod
    def _drop_at(end):
        """Before its stack, which would sort tagged frames out sooner than untagged ones."""
        Topology.inside(end.netns, "tc", "qdisc", "replace", "dev", end.interface, "clsact")
        Topology.inside(end.netns, "tc", "filter", "replace", "dev", end.interface, "ingress", "handle", "1", "prio",
                        "1", "bpf", "direct-action", "bytecode", f"1,6 0 0 {TC_ACT_SHOT}")

    def _inner(self):
        """To a port that nobody listens on, from an address that must not be answered."""
        c1, c2 = self.topology.containers
        ghost = dataclasses.replace(c1, address=GHOST)
        return udp_frame(ghost, c2, 40000, 5201) if self.case.arrives != 0 else udp_frame(c2, ghost, 5201, 40000)

    def _load(self, name):
        directory = Floor().pins(self.topology)[0][1].with_name(f"{self.topology.tag}-{self.case.name}")
        if not directory.is_dir():
            Floor.source(self.start, directory)
        return directory / name

    def _received(self, end):
        return self.topology.counters(end.netns, end.interface)["rx"]["packets"]

    def rate(self, seconds):
        """Packets a second that were taken in."""
        watched, wanted = self.end, self.case.arrives is not None
        arrived = self.topology.containers[1] if self.topology.overlay else None
        before = self._received(watched), self._received(arrived) if arrived else 0
        said = tool_progrun(self.start.path, "-x", self.frame.hex(), "-i", str(self.ifindex), "-L", "-s",
                            str(min(FRAMES_MAX, int(PACE * seconds))), *([] if self.case.touched else ["-U"]),
                            self.program, timeout=120)
        time.sleep(0.05)
        taken = self._received(watched) - before[0]
        if arrived and not wanted and self._received(arrived) - before[1] > 0:
            raise BenchError(f"{self.topology.tag}: {self.case.name}: frames arrived that had to be refused")
        if taken < (ARRIVE if not self.loses else 0.001) * said["live"]:
            raise BenchError(f"{self.topology.tag}: {self.case.name}: {taken} of {said['live']} frames arrived")
        return 1e9 * taken / said["live_ns"]


def work(field, rounds, seconds):
    """Results as those of workloads.compare()."""
    results = []
    for case in CASES:
        rows, notes, sources = {}, [], []
        for contender, topology in field.at(PLACE, "xdp"):
            try:
                if contender.name in case.contenders:
                    sources.append((contender, Source(case, contender, topology)))
            except BenchError as err:
                notes.append(str(err))
        for turn in range(rounds):
            for contender, source in list(sources):
                progress(f"xdp {case.name} round {turn + 1}/{rounds} {contender.name}")
                try:
                    value, disturbed = calm(lambda: source.rate(seconds))
                    rows.setdefault(contender.name, Row()).add(value / 1e3, disturbed)
                except BenchError as err:
                    notes.append(str(err))
                    sources.remove((contender, source))
        progress()
        contenders = {name: row.summary() for name, row in rows.items()}
        for summary in contenders.values():
            summary.update({f"vs_{base}": ratio(summary, contenders[base]) for base in BASES if base in contenders})
        results.append({"workload": f"xdp-{case.name}", "title": case.title, "place": PLACE,
                        "place_title": "frames from XDP, 64 bytes inside", "metric": "taken in", "unit": "kpps",
                        "higher_is_better": True, "bases": BASES, "contenders": contenders, "targets": [],
                        "notes": sorted(set(notes))})
    return results
