# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ns per packet of each program alone, by BPF_PROG_TEST_RUN (progrun.c says how), against the floor's program.

Every path of a packet is one Case: where it enters, which packet, what the program has to answer. A program that
answers anything else (a drop, say) is reported as such and not timed, so that a fast refusal never looks like a
fast datapath. Programs are found by hook and interface: TC by the links pinned for a topology, XDP by what the
interface says it has. What XDP hands to TC in metadata cannot be given to a test run; that path is measured under
traffic (in_traffic). A test run's packet has 64 bytes of headroom. A workload's datagram has about 16, so that
under traffic an encapsulation also pays for a new buffer, unless something has raised the port's headroom as a
bridge with a vxlan device does.
"""
import dataclasses
import ipaddress
import json
import statistics
import struct

from contenders import VNI, Floor
from system import BenchError, progress, run, spawn, stop, tool, two_cpus
from workloads import WORKLOADS, ratio, sample

REDIRECT, XDP_PASS = 7, 2
PAYLOAD = b"w" * 18  # a 64-byte frame, with the checksum that no one sees


@dataclasses.dataclass(frozen=True)
class Case:
    path: str
    place: str
    hook: str  # xdp or tc
    at: str  # uplink or port
    floor: str
    answer: int


CASES = (
    Case("local delivery", "same", "tc", "port", "floor_tc_local", REDIRECT),
    Case("VXLAN encap, IPv4 underlay", "gso", "tc", "port", "floor_tc_encap4", REDIRECT),
    Case("VXLAN encap, IPv6 underlay", "gso6", "tc", "port", "floor_tc_encap6", REDIRECT),
    Case("VXLAN decap at XDP, IPv4", "wire", "xdp", "uplink", "floor_xdp4", XDP_PASS),
    Case("VXLAN decap at XDP, IPv6", "wire6", "xdp", "uplink", "floor_xdp6", XDP_PASS),
    Case("VXLAN decap at TC, IPv4", "gso", "tc", "uplink", "floor_tc_decap4", REDIRECT),
    Case("VXLAN decap at TC, IPv6", "gso6", "tc", "uplink", "floor_tc_decap6", REDIRECT),
)


def _sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def udp_frame(source, target, sport, dport, payload, checksum=True):
    """Ethernet + IPv4 or IPv6 + UDP between two topology.End."""
    src, dst = (ipaddress.ip_address(end.address).packed for end in (source, target))
    length = 8 + len(payload)
    udp = struct.pack("!HHHH", sport, dport, length, 0) + payload
    if checksum:
        udp = udp[:6] + struct.pack("!H", _sum(src + dst + struct.pack("!HH", 17, length) + udp)) + udp[8:]
    if len(src) == 4:
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0x4000, 64, 17, 0, src, dst)
        ip = ip[:10] + struct.pack("!H", _sum(ip)) + ip[12:]
        return _mac(target.mac) + _mac(source.mac) + b"\x08\x00" + ip + udp
    ip = struct.pack("!IHBB16s16s", 6 << 28, length, 17, 64, src, dst)
    return _mac(target.mac) + _mac(source.mac) + b"\x86\xdd" + ip + udp


def vxlan_frame(source, target, inner):
    header = struct.pack("!II", 1 << 27, VNI << 8)
    return udp_frame(source, target, 0xC123, 4789, header + inner, checksum=False)


def _packet(case, topology):
    """From c1 to c2 where a port sends; from c2 to c1, arriving at host a, where the uplink receives."""
    c1, c2 = topology.containers
    if case.at == "port":
        return udp_frame(c1, c2, 40000, 5201, PAYLOAD)
    return vxlan_frame(topology.vteps[1], topology.vteps[0], udp_frame(c2, c1, 40000, 5201, PAYLOAD))


def tool_progrun(netns, *argv):
    cpu = two_cpus()[1]
    return json.loads(run([tool("progrun"), "-c", str(cpu), "-n", netns, *argv]))


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


def _find(case, contender, topology):
    """(ifindex, selector or None) of the program that a case enters by, on host a."""
    host, interface = _entry(case, topology)
    ifindex = topology.ifindex(host, interface)
    for program in attached(contender, topology):
        if (program.host, program.info["type"], program.info["ifindex"]) == (host, case.hook, ifindex):
            return ifindex, program.selector
    return ifindex, None


def _entry(case, topology):
    return topology.ports[0] if case.at == "port" else (topology.vteps[0].netns, "u0")


class Measurement:
    """One program on one path, over the rounds."""

    def __init__(self, case, contender, topology, ifindex, selector, empty):
        self.case, self.contender, self.topology = case, contender, topology
        self.ifindex, self.selector, self.empty = ifindex, selector, (str(empty),)
        self.packet = _packet(case, topology).hex()
        self.net_ns, self.hot_ns, self.last, self.note = [], [], None, None

    def _once(self, selector, samples):
        return tool_progrun(self.topology.vteps[0].path, "-x", self.packet, "-i", str(self.ifindex),
                            "-s", str(samples), *selector)

    def turn(self, samples):
        """Time the empty program and this one, one after the other, and keep the difference."""
        self.last = self._once(self.selector, samples)
        if self.last["retval"] != self.case.answer:
            self.note = f"answers {self.last['retval']}, not {self.case.answer}: not timed"
            return
        empty = self._once(self.empty, samples)
        self.net_ns.append(self.last["single_ns"]["mean"] - empty["single_ns"]["mean"])
        if "repeat_ns" in self.last:
            self.hot_ns.append(self.last["repeat_ns"] - empty["repeat_ns"])

    def result(self):
        ns = None
        if self.net_ns:
            ns = {"median": statistics.median(self.net_ns), "min": min(self.net_ns), "max": max(self.net_ns),
                  "samples": self.net_ns}
        facts = ("size_out", "xlated_insns", "verified_insns", "jited_bytes")
        return {"path": self.case.path, "contender": self.contender.name, "program": self.last["name"], "ns": ns,
                "repeat_ns": statistics.median(self.hot_ns) if self.hot_ns else None, "note": self.note,
                **{fact: self.last[fact] for fact in facts}}


def _empty_programs(topology):
    """Pin the floor's empty programs, the zero of all times. The directory."""
    directory = Floor().pins(topology)[0][1].with_name(f"{topology.tag}-empty")
    if not directory.is_dir():
        Floor.load(topology, 0, directory, topology.ports[0][1], ["floor_tc_nop", "floor_xdp_nop"])
    return directory


def _measurements(field):
    found, missing = [], {}
    for case in CASES:
        there = [(c, t) for c, t in field.at(case.place) if c.pins(t)]
        floor_topology = next((t for c, t in there if isinstance(c, Floor)), None)
        if not floor_topology:
            raise BenchError("prog-run needs the floor contender, whose empty programs are its zero")
        empty = _empty_programs(floor_topology) / f"floor_{case.hook}_nop"
        for contender, topology in there:
            ifindex, selector = _find(case, contender, topology)
            if selector:
                found.append(Measurement(case, contender, topology, ifindex, selector, empty))
            else:
                where = " ".join(_entry(case, topology))
                missing[f"{contender.name} prog-run, {case.path}"] = f"no {case.hook} program found on {where}"
    return found, missing


def alone(field, rounds, samples):
    """All programs of all contenders in turns. Returns (results, what could not be found)."""
    measurements, missing = _measurements(field)
    for turn in range(rounds):
        for m in measurements:
            progress(f"progrun round {turn + 1}/{rounds} {m.contender.name}: {m.case.path}")
            m.turn(samples)
    progress()
    results = [m.result() for m in measurements]
    floors = {r["path"]: r["ns"] for r in results if r["contender"] == "floor"}
    for r in results:
        if r["ns"] and floors.get(r["path"]):
            r["vs_floor"] = ratio(r["ns"], floors[r["path"]])
    return results, missing


def in_traffic(field, places, seconds):
    """What the kernel's own statistics say a run of each program took, while UDP flows from c1 to c2.

    Timing every run slows the path, so these samples' rates are not used.
    """
    results = []
    for place in places:
        for contender, topology in field.at(place):
            before = attached(contender, topology)
            if not before:
                continue
            holder = spawn([tool("progrun"), "-S", str(int(seconds) + 30)])
            holder.stdout.readline()
            try:
                sample(WORKLOADS["udp"], topology, seconds)
            finally:
                stop(holder)
            for old, new in zip(before, attached(contender, topology)):
                runs = new.info["run_cnt"] - old.info["run_cnt"]
                if runs > 1000:
                    ns = (new.info["run_time_ns"] - old.info["run_time_ns"]) / runs
                    results.append({"contender": contender.name, "place": place, "host": new.host.rpartition("-")[2],
                                    "program": new.info["name"], "runs": runs, "ns": ns})
    return results
