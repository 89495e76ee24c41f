# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ns per packet of each program alone, by BPF_PROG_TEST_RUN (progrun.c says how), against the floor's program.

Every path of a packet is one Case: where it enters, of which connection, what the program has to answer. The
connection is opened first, by frames of both directions through the programs of the same host, so that what is timed
is a packet of an established one. A program that answers anything else than the case says (a drop, say) is reported
as such and not timed, so that a fast refusal never looks like a fast datapath; nor is one that judged packets anew.

A test run's packet has 64 bytes of headroom. A workload's datagram has about 16, so that under traffic an
encapsulation also pays for a new buffer, unless something has raised the port's headroom as a bridge with a vxlan
device does.

What XDP hands to TC in metadata cannot be given to a test run. Those cases send live frames through the XDP program
and read TC's time from BPF's statistics; it is that of a hot loop.
"""
import dataclasses
import statistics

from packets import ACK, PAYLOAD, SYN, tcp_frame, udp_frame
from programs import HostA, attached, statistics_on
from system import progress
from topology import GHOST
from weft_state import flow_stat
from workloads import WORKLOADS, ratio, sample

REDIRECT, XDP_PASS = 7, 2
FIREWALL_FACTOR = 1.5  # of the floor, to reach


@dataclasses.dataclass(frozen=True)
class Case:
    path: str
    place: str
    entry: str  # of programs.HostA
    floor: str
    answer: int
    protocol: str = "udp"
    live: bool = False  # through the XDP program; the time is TC's
    part: str = "progrun"


CASES = (
    Case("local delivery", "same", "port", "floor_tc_local", REDIRECT),
    Case("VXLAN encap, IPv4 underlay", "gso", "port", "floor_tc_encap4", REDIRECT),
    Case("VXLAN encap, IPv6 underlay", "gso6", "port", "floor_tc_encap6", REDIRECT),
    Case("VXLAN decap at XDP, IPv4", "wire", "uplink-xdp", "floor_xdp4", XDP_PASS),
    Case("VXLAN decap at XDP, IPv6", "wire6", "uplink-xdp", "floor_xdp6", XDP_PASS),
    Case("VXLAN decap at TC, IPv4", "gso", "uplink", "floor_tc_decap4", REDIRECT),
    Case("VXLAN decap at TC, IPv6", "gso6", "uplink", "floor_tc_decap6", REDIRECT),
    Case("UDP, local delivery", "same", "port", "floor_tc_local", REDIRECT, part="fw-progrun"),
    Case("TCP, local delivery", "same", "port", "floor_tc_local", REDIRECT, "tcp", part="fw-progrun"),
    Case("UDP, encap, IPv4", "gso", "port", "floor_tc_encap4", REDIRECT, part="fw-progrun"),
    Case("TCP, encap, IPv4", "gso", "port", "floor_tc_encap4", REDIRECT, "tcp", part="fw-progrun"),
    Case("UDP, decap at TC, IPv4", "gso", "uplink", "floor_tc_decap4", REDIRECT, part="fw-progrun"),
    Case("TCP, decap at TC, IPv4", "gso", "uplink", "floor_tc_decap4", REDIRECT, "tcp", part="fw-progrun"),
    Case("UDP, TC after decap at XDP", "wire", "uplink", "floor_tc_meta", REDIRECT, live=True, part="fw-progrun"),
)


def _conversation(case, topology):
    """(frames that open a connection from c1 to c2, the one to time)."""
    c1, c2 = topology.containers
    if case.live:  # all the frames reach c1's stack, which must not answer
        c1 = dataclasses.replace(c1, address=GHOST)
    there, back = (c1, c2, 40000, 5201), (c2, c1, 5201, 40000)
    if case.protocol == "udp":
        frames = [udp_frame(*there), udp_frame(*back), udp_frame(*there)]
        return frames, udp_frame(*(there if case.entry == "port" else back))
    frames = [tcp_frame(*there, 1000, 0, SYN), tcp_frame(*back, 2000, 1001, SYN | ACK),
              tcp_frame(*there, 1001, 2001, ACK)]
    timed = (*there, 1001, 2001) if case.entry == "port" else (*back, 2001, 1001)
    return frames, tcp_frame(*timed, ACK, PAYLOAD[:6])


class Measurement:
    """One program on one path, over the rounds."""

    def __init__(self, case, contender, topology, host):
        self.case, self.contender, self.topology, self.host = case, contender, topology, host
        opening, frame = _conversation(case, topology)
        self.opening = [host.arriving(f) for f in opening]
        self.packet = host.arriving(frame)[1]
        self.net_ns, self.hot_ns, self.last, self.note = [], [], None, None

    def _open(self):
        for entry, frame in self.opening:
            if self.case.live and entry == "uplink":
                self.host.run("uplink-xdp", frame, 1, "-L")
            elif self.host.has(entry):
                self.host.run(entry, frame, 1)

    def turn(self, samples):
        """Time the empty program and this one, one after the other, and keep the difference."""
        self._open()
        judged = self._judged()
        (self._live if self.case.live else self._alone)(samples)
        judged = self._judged() - judged
        if judged > 10:
            self.note = f"judged {judged} packets anew"

    def _judged(self):
        return flow_stat(self.contender, self.topology).get("judged", 0)

    def _alone(self, samples):
        self.last = self.host.run(self.case.entry, self.packet, samples)
        if self._unusual():
            return
        empty = self.host.run_empty(self.case.entry, self.packet, samples)
        self.net_ns.append(self.last["single_ns"]["mean"] - empty["single_ns"]["mean"])
        if "repeat_ns" in self.last:
            self.hot_ns.append(self.last["repeat_ns"] - empty["repeat_ns"])

    def _live(self, samples):
        """XDP's frames go up the stack to TC. An empty program's statistics are the cost of keeping them."""
        received = self._received()
        with statistics_on():
            before = self.host.info(self.case.entry)
            frames = self.host.run("uplink-xdp", self.packet, samples, "-L")["live"]
            after = self.host.info(self.case.entry)
            empty = self.host.run_empty(self.case.entry, self.packet, samples)
        self.last = {**after, "size_out": len(self.packet)}
        received = self._received() - received
        if received < frames:
            self.note = f"{received} of {frames} frames delivered: not timed"
            return
        runs = after["run_cnt"] - before["run_cnt"]
        self.net_ns.append((after["run_time_ns"] - before["run_time_ns"]) / runs - empty["stat_ns"])

    def _received(self):
        c1 = self.topology.containers[0]
        return self.topology.counters(c1.netns, c1.interface)["rx"]["packets"]

    def _unusual(self):
        if self.last["retval"] != self.case.answer:
            self.note = f"answers {self.last['retval']}, not {self.case.answer}: not timed"
        elif self.last["strays"]:
            self.note = f"answers {self.last['strays']} runs differently: not timed"
        return self.note

    def result(self):
        ns = None
        if self.net_ns:
            ns = {"median": statistics.median(self.net_ns), "min": min(self.net_ns), "max": max(self.net_ns),
                  "samples": self.net_ns}
        facts = ("size_out", "xlated_insns", "verified_insns", "jited_bytes")
        return {"path": self.case.path, "part": self.case.part, "contender": self.contender.name,
                "program": self.last["name"], "ns": ns,
                "repeat_ns": statistics.median(self.hot_ns) if self.hot_ns else None, "note": self.note,
                **{fact: self.last[fact] for fact in facts}}


class Hosts:
    """HostA of every topology, looked up once."""

    def __init__(self):
        self._known = {}

    def of(self, contender, topology):
        if topology.tag not in self._known:
            self._known[topology.tag] = HostA(contender, topology)
        return self._known[topology.tag]


def _takes_part(case, contender):
    """Decap at XDP is for those that have it."""
    if case.live or case.entry == "uplink-xdp":
        return getattr(contender, "xdp", "native") == "native"
    return getattr(contender, "xdp", "auto") == "auto"


def _measurements(field, parts):
    found, missing, hosts = [], {}, Hosts()
    for case in (c for c in CASES if c.part in parts):
        for contender, topology in field.at(case.place, case.part):
            if not contender.pins(topology) or not _takes_part(case, contender):
                continue
            host = hosts.of(contender, topology)
            if host.has(case.entry) and (not case.live or host.has("uplink-xdp")):
                found.append(Measurement(case, contender, topology, host))
            else:
                missing[f"{contender.name} prog-run, {case.path}"] = f"no program found at host a's {case.entry}"
    return found, missing


def alone(field, parts, rounds, samples):
    """All programs of all contenders in turns. Returns (results, what could not be found)."""
    measurements, missing = _measurements(field, parts)
    for turn in range(rounds):
        for m in measurements:
            progress(f"progrun round {turn + 1}/{rounds} {m.contender.name}: {m.case.path}")
            m.turn(samples)
    progress()
    results = [m.result() for m in measurements]
    floors = {(r["part"], r["path"]): r["ns"] for r in results if r["contender"] == "floor"}
    for r in results:
        floor = floors.get((r["part"], r["path"]))
        if r["ns"] and floor:
            r["vs_floor"] = ratio(r["ns"], floor)
            if r["part"] == "fw-progrun" and r["contender"] != "floor":
                r["reached"] = r["vs_floor"] <= FIREWALL_FACTOR
    return results, missing


def in_traffic(field, places, seconds):
    """What the kernel's own statistics say a run of each program took, while UDP flows from c1 to c2.

    Timing every run slows the path, so these samples' rates are not used.
    """
    results = []
    for place in places:
        for contender, topology in field.at(place, "stats"):
            before = {a.info["id"]: a for a in attached(contender, topology)}  # one program may be on several hooks
            if not before:
                continue
            with statistics_on(int(seconds) + 30):
                sample(WORKLOADS["udp"], topology, seconds)
            after = {a.info["id"]: a for a in attached(contender, topology)}
            for old, new in ((before[i], after[i]) for i in before if i in after):
                runs = new.info["run_cnt"] - old.info["run_cnt"]
                if runs > 1000:
                    ns = (new.info["run_time_ns"] - old.info["run_time_ns"]) / runs
                    results.append({"contender": contender.name, "place": place, "host": new.host.rpartition("-")[2],
                                    "program": new.info["name"], "runs": runs, "ns": ns})
    return results
