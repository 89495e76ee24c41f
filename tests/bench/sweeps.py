# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The cost of a packet by the number of rules and of flows, for those with a firewall, under traffic and alone.

    rules   packets of one established connection, and packets that are each the first of theirs
    flows   packets of many established connections in turns

Under traffic (flows.c) the unit is ns from one received packet to the next, with all that c1 and c2 do for it; alone
(progrun.c) it is ns in weft's program at c1's port. Connections are UDP, from the ghost address to as many ports as
needed, and opened in both directions first: under traffic by the receiver's answers, alone by running the answers
through the program at the uplink.

Numbers of rules take turns as contenders do. Numbers of flows cannot: flows stay.
"""
import dataclasses
import time

from firewall import PORTS, RULES
from packets import udp_frame
from programs import HostA
from system import BenchError, Conntrack, progress, tool, two_cpus
from topology import GHOST
from weft_state import flow_stat
from workloads import TAIL, WARMUP, Row, calm, pair, ratio

RULE_COUNTS = (0, 10, 100, 1000, 10000)
FLOW_COUNTS = (1, 10, 100, 1000, 10000, 100000, 1000000)
PLACE = "gso"
REDIRECT = 7
CLIENT_PORTS = 62500  # FLOW_PORTS in flow_ports.h
CLIENT_PORT = 1024
FLOW_MAX = 64 * CLIENT_PORTS
PORT_OFFSETS = "34,36"  # of client's and server's port in a frame from c1
OUTER = 50  # bytes of tunnel headers, IPv4
STRIDE = 7919  # prime, so that any number of samples is spread over all flows
OPEN_SECONDS = 240  # at most
OPEN_ATTEMPTS, OPEN_SHARE = 3, 0.99
STREAM_AGE = 2.1  # seconds; both conntrack and weft then keep a flow of datagrams for longer
ANEW = 0.02  # share of packets that may have been judged again where all should be established


class Traffic:
    """Many flows from c1 to c2 of a topology."""

    def __init__(self, topology):
        self.topology = topology
        self.c1, self.c2 = topology.containers
        ghost = dataclasses.replace(self.c1, address=GHOST)
        self.frame = udp_frame(ghost, self.c2, CLIENT_PORT, PORTS[0], checksum=False)
        self.answer = udp_frame(self.c2, ghost, PORTS[0], CLIENT_PORT, checksum=False)
        self._next = 0

    def _halves(self, flows, seconds, send, receive):
        sender_cpu, receiver_cpu = two_cpus()
        ports = -(-flows // CLIENT_PORTS)
        return ([tool("flows"), "-n", self.c2.path, "-c", str(receiver_cpu), "-a", self.c2.address, "-p", str(PORTS[0]),
                 "-P", str(ports), "-w", str(WARMUP), "-t", str(seconds), *receive, "receive"],
                [tool("flows"), "-n", self.c1.path, "-c", str(sender_cpu), "-i", self.c1.interface, "-x",
                 self.frame.hex(), "-f", str(flows), "-w", str(WARMUP), "-t", str(seconds + TAIL), *send])

    def open(self, flows):
        """Every flow in both directions, and again when it is old enough to count as a stream."""
        self.prime(flows)
        time.sleep(STREAM_AGE)
        self.prime(flows)

    def prime(self, flows):
        """Once each; what gets lost on a busy machine, another time."""
        for _ in range(OPEN_ATTEMPTS):
            said = pair(*self._halves(flows, OPEN_SECONDS, ("prime",), ("-e",)), "send", OPEN_SECONDS + 60)
            if said.get("answered", 0) >= OPEN_SHARE * flows:
                break
        else:
            raise BenchError(f"{self.topology.tag}: {said.get('answered', 0)} of {flows} flows were answered")

    def _ns(self, flows, seconds, send):
        said = pair(*self._halves(flows, seconds, send, ()), "receive", seconds + 20)
        if not said.get("packets"):
            raise BenchError(f"{self.topology.tag}: nothing came through")
        return 1e9 * said["seconds"] / said["packets"]

    def established(self, flows, seconds):
        """ns a packet, all flows in turns."""
        return self._ns(flows, seconds, ("send",))

    def first(self, seconds):
        """ns a packet, each packet of a new flow."""
        return self._ns(FLOW_MAX, seconds, ("-F", str(self.new_flows(FLOW_MAX // 4)), "send"))

    def new_flows(self, count):
        """Number of the first of @count flows that were not used lately."""
        first, self._next = self._next, (self._next + count) % FLOW_MAX
        return first


class Alone:
    """The same frames through weft's programs on host a. Lengths of samples are numbers of packets."""

    def __init__(self, contender, traffic):
        self.traffic = traffic
        self.host = HostA(contender, traffic.topology)
        self.answer = self.host.arriving(traffic.answer)[1]

    def open(self, flows):
        offsets = {"port": PORT_OFFSETS, "uplink": f"{OUTER + 36},{OUTER + 34}"}
        for entry, frame in (("port", self.traffic.frame), ("uplink", self.answer), ("port", self.traffic.frame)):
            self._run(entry, frame, flows, "-f", str(flows), "-o", offsets[entry])

    def established(self, flows, samples):
        return self._net(samples, flows, "-j", str(STRIDE))

    def first(self, samples):
        return self._net(samples, FLOW_MAX, "-F", str(self.traffic.new_flows(samples)))

    def _run(self, entry, frame, samples, *options):
        said = self.host.run(entry, frame, samples, *options)
        if said["retval"] != REDIRECT or said["strays"]:
            raise BenchError(f"{self.traffic.topology.tag}: the program at {entry} answers {said['retval']}, and "
                             f"something else to {said['strays']} of {samples} packets")
        return said

    def _net(self, samples, flows, *options):
        options = ("-f", str(flows), "-o", PORT_OFFSETS, *options)
        ns = self._run("port", self.traffic.frame, samples, *options)["single_ns"]["mean"]
        return ns - self.host.run_empty("port", self.traffic.frame, samples, *options)["single_ns"]["mean"]


class Member:
    """A contender in a sweep, until it fails."""

    def __init__(self, contender, topology):
        self.contender, self.topology = contender, topology
        self.traffic = Traffic(topology)
        self.alone = Alone(contender, self.traffic) if contender.pins(topology) else None
        self.failed = None

    @property
    def ways(self):
        """(how, what to call, whether its samples are numbers of packets)"""
        yield "traffic", self.traffic, False
        if self.alone:
            yield "alone", self.alone, True

    def refreshed(self):
        """Programs may be others after an apply."""
        if self.alone:
            self.alone = Alone(self.contender, self.traffic)
        return self


class Sweep:
    """Results of one part: rows of samples by (kind, how, contender, count)."""

    def __init__(self, part, counts, seconds, samples):
        self.part, self.counts, self.seconds, self.samples = part, counts, seconds, samples
        self.rows, self.notes = {}, []

    def take(self, member, kind, count, measure):
        """Measure one member in all its ways. @measure: called with what to call and the length of a sample."""
        for how, subject, by_packets in member.ways:
            length = self.samples if by_packets else self.seconds
            before = flow_stat(member.contender, member.topology)
            value, disturbed = calm(lambda: measure(subject, length))
            row = self.rows.setdefault((kind, how), {}).setdefault(member.contender.name, {})
            row.setdefault(count, Row()).add(value, disturbed)
            self._check(member, kind, before, length if by_packets else 1e9 * length / value, count)

    def _check(self, member, kind, before, packets, count):
        """weft says itself how many connections were new."""
        new = flow_stat(member.contender, member.topology).get("judged", 0) - before.get("judged", 0)
        name = member.contender.name
        if before and kind == "established" and new > ANEW * packets:
            self.notes.append(f"{name}, {count} {self.part}: {new} of some {packets:.0f} packets were judged anew")
        if before and kind == "first" and new < (1 - ANEW) * packets:
            self.notes.append(f"{name}, {count} {self.part}: only {new} of some {packets:.0f} packets were first ones")

    def attempt(self, member, steps):
        """Run a function of a member; one that fails is out from there."""
        if member.failed:
            return
        try:
            steps(member)
        except BenchError as err:
            member.failed = err
            self.notes.append(str(err))

    def results(self, targets):
        found = []
        for (kind, how), contenders in self.rows.items():
            named = {name: {count: row.summary() for count, row in rows.items()}
                     for name, rows in contenders.items()}
            low, high, factor = targets[kind]
            growth = {name: ratio(rows[high], rows[low]) for name, rows in named.items()
                      if low in rows and high in rows and len(rows[low]["samples"]) == len(rows[high]["samples"])}
            found.append({"part": self.part, "kind": kind, "how": how, "unit": "ns", "counts": self.counts,
                          "contenders": named, "growth": growth, "from": low, "to": high, "factor": factor,
                          "reached": growth["weft-fw"] <= factor if "weft-fw" in growth else None})
        return found, sorted(set(self.notes))


def _members(field, part):
    return [Member(contender, topology) for contender, topology in field.at(PLACE, part)]


def rules(field, rounds, seconds, samples, quick):
    """The cost of a packet by the number of rules. (results, notes)"""
    counts = RULE_COUNTS if not quick else (0, 10, 10000)
    sweep, members = Sweep("rules", counts, seconds, samples), _members(field, "rules")

    def steps(member, count):
        member.contender.rules(member.topology, count)
        member.contender.forget(member.topology)
        for _, subject, _ in member.refreshed().ways:
            subject.open(1)
        sweep.take(member, "established", count, lambda subject, length: subject.established(1, length))
        sweep.take(member, "first", count, lambda subject, length: subject.first(length))

    with Conntrack(1 << 21):
        for turn, count in ((t, c) for t in range(rounds) for c in counts):
            for member in members:
                progress(f"rules round {turn + 1}/{rounds} {member.contender.name}: {count} rules")
                sweep.attempt(member, lambda m: steps(m, count))
        for member in members:
            sweep.attempt(member, lambda m: m.contender.rules(m.topology, RULES))
            sweep.attempt(member, lambda m: m.contender.forget(m.topology))
    progress()
    return sweep.results({"established": (10, 10000, 1.05), "first": (10, 10000, 2.0)})


def flows(field, rounds, seconds, samples, quick):
    """The cost of a packet by the number of established flows. (results, notes)"""
    counts = FLOW_COUNTS if not quick else (1, 1000, 100000)
    sweep, members = Sweep("flows", counts, seconds, samples), _members(field, "flows")

    def open_all(member, count):
        for _, subject, _ in member.ways:
            subject.open(count)

    def room(member, count):
        member.contender.room(member.topology, count)
        member.refreshed()

    with Conntrack(2 * counts[-1]):
        for member in members:
            sweep.attempt(member, lambda m: room(m, 2 * counts[-1]))
        for count in counts:
            for member in members:
                progress(f"flows: {member.contender.name} opens {count}")
                sweep.attempt(member, lambda m: open_all(m, count))
            for turn in range(rounds):
                for member in members:
                    progress(f"flows round {turn + 1}/{rounds} {member.contender.name}: {count} flows")
                    sweep.attempt(member, lambda m: sweep.take(
                        m, "established", count, lambda subject, length: subject.established(count, length)))
        for member in members:
            sweep.attempt(member, lambda m: m.contender.forget(m.topology))
    progress()
    return sweep.results({"established": (counts[0], counts[-1], 2.0)})
