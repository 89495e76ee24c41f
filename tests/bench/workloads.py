# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What is measured under traffic, and the turns: A B C D, A B C D, so that what disturbs one disturbs everybody.

One sample is one receiving and one sending half of traffic.c, the sender on one CPU and the receiver on another,
the same two for every contender. On veths the sender's CPU also does the path up to the receiver's socket (in
softirq), for every contender alike.
"""
import dataclasses
import json
import statistics
import subprocess
import typing

from system import BenchError, Disturbance, progress, spawn, stop, tool, two_cpus
from topology import PLACES

WARMUP = 0.2
STARTING = 0.2  # what a sample takes besides, about
TAIL = 1.0  # the half that does not measure goes on until the other one is done
CALM = 0.04  # others' share of the machine up to which a sample stands
ATTEMPTS = 3
BASES = ("raw", "kernel", "kernel-fw")  # that the others are compared with


@dataclasses.dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    higher_is_better: bool
    read: typing.Callable


@dataclasses.dataclass(frozen=True)
class Target:
    """A ratio to reach: @name at least (if more is better, else at most) @factor times @base."""
    name: str
    base: str
    factor: float
    places: tuple


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    mode: str  # of the tool
    metrics: tuple
    sender_measures: bool = False
    options: tuple = ()
    tool: str = "traffic"
    targets: tuple = ()  # for its first metric
    both: bool = False  # the same from the receiver to the sender at the same time; counted together
    bases: tuple = BASES
    hosts: tuple = (1, 2)  # numbers of hosts where it tells something


def _rate(field, scale):
    return lambda out: out[field] / scale / out["seconds"] if out["seconds"] else 0.0


def _latency(percentile):
    return lambda out: out["ns"][percentile] / 1000 if out["ns"] else 0.0


_GOODPUT = Metric("goodput", "Gbit/s", True, _rate("bytes", 125e6))
_RECEIVED = Metric("received", "kpps", True, _rate("packets", 1e3))
_LATENCY = (Metric("p50", "us", False, _latency("p50")), Metric("p99", "us", False, _latency("p99")))
_COMPLETED = Metric("completed", "connections/s", True, _rate("packets", 1))
_TCP, _UDP, _POLL = ("-g", "cubic"), ("-s", "18"), ("-g", "cubic", "-b")
_ACROSS = ("gso", "wire")

WORKLOADS = {w.name: w for w in (
    Workload("tcp", "TCP stream, one connection", "tcp", (_GOODPUT,), options=_TCP),
    Workload("udp", "UDP, 64-byte frames, one sender", "udp", (_RECEIVED,), options=_UDP),
    Workload("tcp8", "TCP stream, eight connections", "tcp", (_GOODPUT,), options=(*_TCP, "-f", "8")),
    Workload("udp8", "UDP, 64-byte frames, eight flows", "udp", (_RECEIVED,), options=(*_UDP, "-f", "8")),
    Workload("udp-both", "UDP, 64-byte frames, both directions at once", "udp", (_RECEIVED,), options=_UDP, both=True),
    Workload("rr", "TCP request/response, 1 byte", "tcp-rr", _LATENCY, sender_measures=True, options=_TCP),
    Workload("rrpoll", "TCP request/response, 1 byte, polling", "tcp-rr", _LATENCY, sender_measures=True,
             options=_POLL),
    Workload("fw-tcp", "TCP stream, one connection, 100 rules", "tcp", (_GOODPUT,), options=_TCP,
             targets=(Target("weft-fw", "kernel", 1.2, ("gso",)), Target("weft-fw", "raw", 0.85, ("gso",)),
                      Target("weft-fw", "kernel", 1.0, ("wire",)))),
    Workload("fw-udp", "UDP, 64-byte frames, one sender, 100 rules", "udp", (_RECEIVED,), options=_UDP,
             targets=(Target("weft-fw", "kernel-fw", 2.5, _ACROSS), Target("weft-fw", "kernel", 1.8, _ACROSS))),
    Workload("fw-rr", "TCP request/response, 1 byte, polling, 100 rules", "tcp-rr", _LATENCY, sender_measures=True,
             options=_POLL, targets=(Target("weft-fw", "kernel", 0.85, _ACROSS),)),
    Workload("conns", "TCP connect, request, response, close; 100 rules", "conns", (_COMPLETED,),
             sender_measures=True, tool="conns"),
    Workload("encap-tcp", "Encapsulations: TCP stream, one connection", "tcp", (_GOODPUT,), options=_TCP,
             bases=("weft",), hosts=(2,)),
    Workload("encap-udp", "Encapsulations: UDP, 64-byte frames, one sender", "udp", (_RECEIVED,), options=_UDP,
             bases=("weft",), hosts=(2,)),
    Workload("encap-rr", "Encapsulations: TCP request/response, 1 byte, polling", "tcp-rr", _LATENCY,
             sender_measures=True, options=_POLL, bases=("weft",), hosts=(2,)),
)}


def planned(parts, places):
    """[(workload, Place)] of the parts that are workloads."""
    return [(WORKLOADS[part], PLACES[place]) for part in parts if part in WORKLOADS for place in places
            if PLACES[place].hosts in WORKLOADS[part].hosts]


def _halves(workload, topology, seconds, back=False):
    """The command lines of the receiving and the sending half; @back: of the opposite direction, on the same CPUs."""
    sender_cpu, receiver_cpu = two_cpus()
    receiver, sender = topology.receiver, topology.sender
    if back:
        receiver, sender, sender_cpu, receiver_cpu = sender, receiver, receiver_cpu, sender_cpu
    common = ["-a", receiver.address, "-w", str(WARMUP), *workload.options]

    def half(end, cpu, measures, role):
        length = seconds if measures else seconds + TAIL
        return [tool(workload.tool), "-n", end.path, "-c", str(cpu), "-t", str(length), *common,
                f"{workload.mode}-{role}"]
    return (half(receiver, receiver_cpu, not workload.sender_measures, "receive"),
            half(sender, sender_cpu, workload.sender_measures, "send"))


def _listen(argv):
    """Start a receiving half, and wait until it listens."""
    receiver = spawn(argv)
    if receiver.stdout.readline().strip() != "ready":
        errors = receiver.stderr.read().strip()
        stop(receiver)
        raise BenchError(f"{argv[0].name}: receiver: {errors}")
    return receiver


def _said(name, child, timeout):
    try:
        output, errors = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as err:
        raise BenchError(f"{name}: still running after {timeout} s") from err
    if errors.strip():
        raise BenchError(f"{name}: {errors.strip()}")
    return json.loads(output) if output.strip() else {}


def pairs(halves, measures, timeout):
    """Run pairs of halves of a tool, given as command lines (receiving, sending), at once, and return what the
    measuring one ("send" or "receive") of each says, or {}.
    """
    children = []
    try:
        receivers = []
        for receive, _ in halves:
            receivers.append(_listen(receive))
            children.append(receivers[-1])
        senders = []
        for _, send in halves:
            senders.append(spawn(send))
            children.append(senders[-1])
        return [_said(halves[0][0][0].name, child, timeout)
                for child in (senders if measures == "send" else receivers)]
    finally:
        for child in children:
            stop(child)


def pair(receive, send, measures, timeout):
    """One of them."""
    return pairs([(receive, send)], measures, timeout)[0]


def sample(workload, topology, seconds):
    """One measurement: {metric: value}. Raises BenchError if nothing came through."""
    halves = [_halves(workload, topology, seconds, back) for back in ((False, True) if workload.both else (False,))]
    results = pairs(halves, "send" if workload.sender_measures else "receive", seconds + 20)
    values = {m.name: sum(m.read(r) for r in results) for m in workload.metrics} if all(results) else {}
    result = results[0]
    if not values or not all(values.values()):
        raise BenchError(f"{workload.name}: nothing came through {topology.tag}")
    if result.get("failed", 0) > result.get("packets", 0) / 100:
        raise BenchError(f"{workload.name}: {result['failed']} failed, {result['packets']} did not ({topology.tag})")
    return values


def calm(take):
    """(what @take returns, disturbed): a disturbed sample is taken again, ATTEMPTS times at most, and the calmest
    counts.
    """
    best = None
    for _ in range(ATTEMPTS):
        others = Disturbance()
        values = take()
        share = others.share()
        if best is None or share < best[1]:
            best = values, share
        if share < CALM:
            break
    return best[0], best[1] >= CALM


class Row:
    """All samples of one contender at one workload, place and metric."""

    def __init__(self):
        self.samples = []
        self.disturbed = 0

    def add(self, value, disturbed):
        self.samples.append(value)
        self.disturbed += disturbed

    def summary(self):
        return {"median": statistics.median(self.samples), "min": min(self.samples), "max": max(self.samples),
                "disturbed": self.disturbed, "samples": self.samples}


def ratio(summary, base):
    """Median of the ratios round by round: a machine that changes pace during the run changes both sides of each."""
    return statistics.median(ours / theirs for ours, theirs in zip(summary["samples"], base["samples"]))


def _wire_packet_size(topology, before):
    packets, size = (now - then for now, then in zip(topology.wire_counters(), before))
    return size / packets if packets else 0.0


def _note_wire(workload, contender, topology, before, notes):
    """The wire must be what its name says, or the comparison is not the one in the table."""
    size, place = _wire_packet_size(topology, before), topology.place
    if place.wire and size > 1514:
        notes.append(f"{topology.tag}: {size:.0f} bytes a packet on a 1500-byte wire")
    elif not place.wire and contender.gso and workload.mode == "tcp" and size < 1514:
        notes.append(f"{topology.tag}: {size:.0f} bytes a packet: GSO does not cross the underlay")


def _targets(workload, place, metric, contenders):
    """What there is to reach here, and whether it is."""
    found = []
    for t in workload.targets if metric is workload.metrics[0] else ():
        if place.name in t.places and t.name in contenders and t.base in contenders:
            now = contenders[t.name][f"vs_{t.base}"]
            found.append({"name": t.name, "base": t.base, "factor": t.factor, "now": now,
                          "reached": now >= t.factor if metric.higher_is_better else now <= t.factor})
    return found


def compare(workload, place, field, rounds, seconds):
    """Run one workload at one place over all rounds. Returns a list of results, one a metric, for report.py."""
    rows, notes, present, out = {}, [], field.at(place.name, workload.name), set()
    for turn in range(rounds):
        for contender, topology in (it for it in present if it[0].name not in out):
            progress(f"{workload.name} {place.name} round {turn + 1}/{rounds} {contender.name}")
            before = topology.wire_counters() if place.hosts == 2 else None
            try:
                values, disturbed = calm(lambda: sample(workload, topology, seconds))
            except BenchError as err:
                notes.append(str(err))
                out.add(contender.name)
                continue
            for name, value in values.items():
                rows.setdefault((name, contender.name), Row()).add(value, disturbed)
            if before and turn == 0:
                _note_wire(workload, contender, topology, before, notes)
    progress()
    results = []
    for metric in workload.metrics:
        contenders = {name: row.summary() for (of, name), row in rows.items() if of == metric.name}
        for summary in contenders.values():
            for base in workload.bases:
                if base in contenders:
                    summary[f"vs_{base}"] = ratio(summary, contenders[base])
        results.append({"workload": workload.name, "title": workload.title, "place": place.name,
                        "place_title": place.title, "metric": metric.name, "unit": metric.unit,
                        "higher_is_better": metric.higher_is_better, "bases": workload.bases, "contenders": contenders,
                        "targets": _targets(workload, place, metric, contenders), "notes": sorted(set(notes))})
    return results
