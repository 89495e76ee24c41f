# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The packets whose instructions are counted (executed.py), in the order in which a guest runs them (guest.py).

A journey is what happens on host a of one place: packets of an established connection, or all packets of one that
opens and closes. Those with a name are counted; the others only prepare.
"""
import dataclasses
import typing

from packets import ACK, FIN, PAYLOAD, SYN, tcp_frame, udp_frame
from progrun import REDIRECT, XDP_PASS
from sweeps import STREAM_AGE

CONTENDERS = ("floor", "weft-fw", "weft-fw-xdp")
SERVER = 5201
SAMPLES = 5  # runs of an established connection's packet: the least is counted
TIMES = 3  # connections that are opened and closed: the least of their first runs is counted


@dataclasses.dataclass(frozen=True)
class Step:
    """One packet. @entry: of programs.HostA; None where it arrives by itself. @after: seconds."""
    frame: bytes
    name: str = None
    samples: int = 1
    answer: int = REDIRECT
    entry: str = None
    after: float = 0


def _established(protocol, back, name, topology, _number=0, **more):
    """Steps: a connection is opened, and a packet of it counted, from c1 or (@back) to it."""
    c1, c2 = topology.containers
    there, answer = (c1, c2, 40000, SERVER), (c2, c1, SERVER, 40000)
    if protocol == "udp":
        opening = [udp_frame(*there), udp_frame(*answer), udp_frame(*there)]
        again = [Step(opening[0], after=STREAM_AGE)]
        frame = udp_frame(*(answer if back else there))
    else:
        again = []
        opening = [tcp_frame(*there, 1000, 0, SYN), tcp_frame(*answer, 2000, 1001, SYN | ACK),
                   tcp_frame(*there, 1001, 2001, ACK)]
        frame = tcp_frame(*((*answer, 2001, 1001) if back else (*there, 1001, 2001)), ACK, PAYLOAD[:6])
    return [*(Step(f) for f in opening), *again, Step(frame, name, SAMPLES, **more)]


def _life(topology, number):
    """Steps: all packets of a connection that c1 opens and c2 closes first, as in conns.c."""
    c1, c2 = topology.containers
    there, back = (c1, c2, 41000 + number, SERVER), (c2, c1, SERVER, 41000 + number)
    packets = (("SYN out", there, 1000, 0, SYN, b""), ("SYN-ACK in", back, 2000, 1001, SYN | ACK, b""),
               ("ACK out", there, 1001, 2001, ACK, b""), ("request out", there, 1001, 2001, ACK, b"w"),
               ("ACK in", back, 2001, 1002, ACK, b""), ("answer in", back, 2001, 1002, ACK, b"w"),
               ("FIN in", back, 2002, 1002, FIN | ACK, b""), ("ACK out of FIN", there, 1002, 2003, ACK, b""),
               ("FIN out", there, 1002, 2003, FIN | ACK, b""), ("last ACK in", back, 2003, 1003, ACK, b""))
    return [Step(tcp_frame(*ends, seq, ack, flags, data), f"new TCP, {name}")
            for name, ends, seq, ack, flags, data in packets]


@dataclasses.dataclass(frozen=True)
class Journey:
    place: str
    contenders: tuple
    steps: typing.Callable  # (topology, number) to [Step]
    times: int = 1


def _each(place, contenders, protocol, back, name, **more):
    return Journey(place, contenders, lambda topology, number: _established(protocol, back, name, topology, **more))


_BOTH = ("floor", "weft-fw")
JOURNEYS = (
    _each("same", _BOTH, "udp", False, "UDP, local delivery"),
    _each("same", _BOTH, "tcp", False, "TCP, local delivery"),
    _each("gso", _BOTH, "udp", False, "UDP, encap"),
    _each("gso", _BOTH, "tcp", False, "TCP, encap"),
    _each("gso", _BOTH, "udp", True, "UDP, decap at TC"),
    _each("gso", _BOTH, "tcp", True, "TCP, decap at TC"),
    _each("wire", ("floor", "weft-fw-xdp"), "udp", True, "UDP, decap at XDP", answer=XDP_PASS, entry="uplink-xdp"),
    Journey("gso", ("weft-fw",), _life, TIMES),
)
