# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft applied, restarted and upgraded while policies are in force: what is allowed loses nothing,
and nothing that is denied slips through in between.

    client a1 = a [ul]====[ul] b = b1 server     a1 may open connections to b1; nobody to a1
    mute   a2 =                = b2 deaf         a2 may open none, and nobody may open any to b2

Meanwhile: 2,000 numbered datagrams a second from b1 to a1, which only the connection lets by that a1
has opened; as many the other way; TCP connections, in which b1 speaks first after each change, and
TCP that finds a packet missing would say so; and every 5 ms a new connection of a kind that policies
allow, which is answered, and one of a kind that they deny.
"""
import collections
import contextlib
import json
import os
import signal
import socket
import struct
import threading
import time

import pytest

from lab import WEFT, two_hosts
from netns import Process
from traffic import SEQ, Connections, Stream

TCP_PORT, STREAM, ALLOWED, DENIED, PORT = 8000, 9000, 9001, 9002, 9003
CONNECTIONS = 40
PACE = 0.005
OPEN = 200  # questions that wait for an answer
IN = {"name": "server-in", "applies_to": "server", "direction": "ingress", "rules": [
    {"from": "client", "protocol": "tcp", "ports": TCP_PORT},
    {"from": "client", "protocol": "udp", "ports": [f"{STREAM}-{ALLOWED}", "20000-60000"]}]}
CLIENT_IN = {"name": "client-in", "applies_to": "client", "direction": "ingress", "rules": []}
MUTE = {"name": "mute-out", "applies_to": "mute", "direction": "egress", "rules": []}
DEAF = {"name": "deaf-in", "applies_to": "deaf", "direction": "ingress", "rules": []}
OTHER = {"name": "other", "applies_to": "server", "direction": "ingress", "tier": 0,
         "default": "none", "rules": [{"action": "deny", "protocol": "sctp"}]}
LIMITS = {"flows": 8192, "half_open": 4096, "rules": 64, "policy_ranges": 1024, "ports": 32,
          "networks": 16, "policy_matches": 64, "address_blocks": 64, "fragments": 64}


@pytest.fixture(scope="module")
def lab():
    made = two_hosts("fwapply", ports=2, quiet=True)
    for w, group in zip(made.workloads, ("client", "mute", "server", "deaf")):
        w.groups = [group]
        w.ip(f"addr add {w.ip4}/16 dev eth0")
    for w in made.workloads:
        w.ip(*(f"neigh add {other.ip4} lladdr {other.mac} dev eth0" for other in made.workloads
               if other is not w))
    made.top["policies"] = [IN, CLIENT_IN, MUTE, DEAF]
    made.apply()
    made.limits = made.write("limits.yaml", {**made.document(), "limits": LIMITS})
    made.fewer = made.write("fewer.yaml", {**made.document(), "ports": [
        w.row() for w in made.workloads if w.port in ("a1", "b1")]})
    made.other = made.write("other.yaml", {**made.document(), "policies": [OTHER, *made.top["policies"]]})
    made.write()
    yield made
    made.close()


class Probes:
    """A new connection of either kind every 5 ms, of one datagram with its number, which is sent
    back.
    """

    def __init__(self, src, dst):
        self.src, self.address = src, dst.ip4
        self.servers = {port: dst.socket(socket.AF_INET, socket.SOCK_DGRAM) for port in (ALLOWED, DENIED)}
        for port, s in self.servers.items():
            s.bind((dst.ip4, port))
            s.settimeout(0.1)
        self.open = collections.deque()  # what waits for an answer
        self.arrived = {ALLOWED: set(), DENIED: set()}
        self.answered = set()
        self.sent = 0
        self.enough, self.halt = threading.Event(), threading.Event()
        self.asker = threading.Thread(target=self.ask)
        self.answerers = [threading.Thread(target=self.answer, args=each)
                          for each in self.servers.items()]
        for thread in (*self.answerers, self.asker):
            thread.start()

    def ask(self):
        with self.src.entered():
            due = time.monotonic()
            while not self.enough.is_set():
                for port in self.servers:
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    s.settimeout(0)
                    s.sendto(struct.pack("!I", self.sent), (self.address, port))
                    self.open.append(s)
                self.sent += 1
                while len(self.open) > OPEN:
                    self.hear()
                due = max(due + PACE, time.monotonic() - 0.1)
                time.sleep(max(0, due - time.monotonic()))

    def hear(self):
        """The oldest has had its time."""
        with self.open.popleft() as s, contextlib.suppress(BlockingIOError):
            self.answered.add(struct.unpack("!I", s.recv(100))[0])

    def answer(self, port, s):
        while not self.halt.is_set():
            with contextlib.suppress(TimeoutError):
                question, peer = s.recvfrom(100)
                self.arrived[port].add(struct.unpack("!I", question)[0])
                s.sendto(question, peer)

    def finish(self):
        """Return: how many were sent; which of the allowed ones did not arrive, which had no answer,
        and which of the denied ones did arrive.
        """
        self.enough.set()
        self.asker.join()
        time.sleep(0.2)
        self.halt.set()
        for thread in self.answerers:
            thread.join()
        while self.open:
            self.hear()
        for s in self.servers.values():
            s.close()
        sent, arrived = set(range(self.sent)), self.arrived[ALLOWED]
        return (self.sent, sorted(sent - arrived), sorted(arrived - self.answered),
                sorted(self.arrived[DENIED]))


@contextlib.contextmanager
def no_gap(lab, resized=False):
    """All the while nothing allowed is lost and nothing denied arrives. Yields the connections.

    While flow tables are copied and programs change over to them, the answer to a question that
    has just been asked may be taken for one that nobody asked: docs/flows.md.
    """
    a1, _, b1, _ = lab.workloads
    streams = [Stream(b1, a1, rate=2000, from_port=STREAM),
               Stream(a1, b1, rate=2000)]
    probes, connections = Probes(a1, b1), Connections(a1, b1, TCP_PORT, CONNECTIONS)
    try:
        time.sleep(0.2)
        connections.exchange()
        yield connections
        connections.exchange()
        time.sleep(0.1)
    finally:
        sent, missing, unanswered, slipped = probes.finish()
        connections.close()
    for stream in streams:
        stream.assert_nothing_lost()
    wrong = (missing, [] if resized else unanswered, slipped)
    told = [(len(which), which[:20]) for which in wrong]
    assert sent > 20 and not any(wrong), \
        f"of {sent} probes: did not arrive, had no answer, should not have arrived: {told}"


def established(host):
    rows = json.loads(host.weft("show", "flows", "--protocol", "tcp", "--state", "established",
                                "--json").stdout)["flows"]
    return {(r["origin"]["address"], r["origin"]["port"]) for r in rows if r["table"] == "established"}


@pytest.fixture
def both(lab):
    """Hosts a and b, with the first file in force before and after."""
    for host in lab.hosts:
        host.apply()
    yield lab.hosts
    for host in lab.hosts:
        host.apply()


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_applied_again(lab, both):
    with no_gap(lab):
        for _ in range(5):
            for host in both:
                assert host.apply()["changes"] is False


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_other_policies(lab, both):
    """That decide the same: every flow is judged anew, many times."""
    with no_gap(lab) as connections:
        for i in range(10):
            for host in both:
                host.apply(lab.other if i % 2 == 0 else lab.file)
            connections.exchange()


@pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS")
def test_guarded_ports_come_and_go(lab, both):
    """From their first packet to their last they are judged: not one slips through."""
    a1, a2, b1, b2 = lab.workloads
    receivers = {dst: dst.spawn(SEQ, "recv", PORT) for dst in (b1, b2)}
    senders = [src.spawn(SEQ, "send", dst.ip4, PORT, 5000, 64) for src, dst in ((a2, b1), (a1, b2))]
    for receiver in receivers.values():
        assert receiver.read_line() == "ready"
    for _ in range(8):
        for file in (lab.fewer, lab.file):
            for host in both:
                host.apply(file)
    assert all(json.loads(sender.finish())["sent"] > 1000 for sender in senders)
    for dst, receiver in receivers.items():
        assert json.loads(receiver.finish())["received"] == 0, dst.port


@pytest.mark.drops("POLICY_DENY_INGRESS")
@pytest.mark.parametrize("back", (False, True), ids=("comes", "goes"))
def test_guarded_port_half_there(lab, both, back):
    """Whatever of an apply has been done: what is sent to a port that comes or goes is lost by the
    rule, or does not find it, but not for want of an address that it does have.
    """
    a1, _, _, b2 = lab.workloads
    host = lab.hosts[1]
    files = (lab.file, lab.fewer) if back else (lab.fewer, lab.file)
    with a1.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for step in range(1, 100):
            host.apply(files[0])
            with contextlib.closing(Process(
                    WEFT, "apply", files[1], "--node", host.node, "--netns", host.path,
                    env={**os.environ, "WEFT_TEST_KILL_STEP": str(step)})) as weft:
                if weft.popen.wait(30) == 0:
                    break
            for port in range(3):
                s.sendto(b"?", (b2.ip4, PORT + 3 * step + port))
    assert 5 < step < 90


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_upgraded(lab, both, other_build):
    """All programs are replaced, there and back."""
    with no_gap(lab) as connections:
        before = [established(host) for host in both]
        for binary in (other_build, WEFT):
            for host in both:
                assert host.apply(binary=binary)["programs"]["replaced"] >= 2
            connections.exchange()
        assert [established(host) >= b for host, b in zip(both, before)] == [True, True]


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_tables_of_another_size(lab, both):
    """The flow tables are copied, there and back, and the policies with them."""
    with no_gap(lab, resized=True) as connections:
        before = [established(host) for host in both]
        assert len(before[1]) >= CONNECTIONS
        for file in (lab.limits, lab.file):
            for host in both:
                assert host.apply(file)["maps"]["resized"] >= 5
                connections.exchange()
        assert [established(host) >= b for host, b in zip(both, before)] == [True, True]


STEPS = {"other": (1, 2, 3, 4), "limits": (10, 40, 52, 56)}  # within an apply of that file


@pytest.mark.drops("POLICY_DENY_INGRESS")
@pytest.mark.parametrize("what", STEPS)
def test_killed_and_applied_again(lab, both, what):
    """Kill -9 in the middle of an apply, which the next one completes; test_kill.py has every step."""
    file, killed = getattr(lab, what), 0
    with no_gap(lab, resized=what == "limits") as connections:
        for host, step in zip(2 * both, STEPS[what]):
            weft = Process(WEFT, "apply", file, "--node", host.node, "--netns", host.path,
                           env={**os.environ, "WEFT_TEST_KILL_STEP": str(step)})
            killed += weft.popen.wait(30) == -signal.SIGKILL
            weft.close()
            connections.exchange()
            host.apply(file)
            connections.exchange()
            assert host.apply(file)["changes"] is False
            host.apply()
    assert killed >= 2
