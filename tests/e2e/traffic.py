# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Traffic between the workloads of a lab: each function sends, and asserts that it arrived.

Sockets are opened in a workload's namespace and used from here, so nothing waits for a process to
start. Raw frames (Frames) are for what the kernel would not send; Stream is seq.c's numbered sender
and receiver.
"""
import contextlib
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time

from lab import BUILD
from netns import wait_until

SEQ = os.path.join(BUILD, "tests/e2e/seq")
BROADCAST = "ff:ff:ff:ff:ff:ff"
ETH_P_TEST = 0x88B5  # IEEE 802 local experimental
ETH_P_ARP = 0x0806
ETH_P_IP = 0x0800
PACKET_OUTGOING = 4
TIMEOUT = 5.0  # seconds; nothing here takes a tenth of it unless it is lost

INET = {4: socket.AF_INET, 6: socket.AF_INET6}


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def frame(dst, src, payload, proto=ETH_P_TEST):
    """An Ethernet frame of at least the minimal length."""
    return (mac_bytes(dst) + mac_bytes(src) + struct.pack("!H", proto) + payload).ljust(60, b"\0")


def _csum(words):
    total = sum(struct.unpack(f"!{len(words) // 2}H", words))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4_frame(src, dst, proto, payload, src_ip=None, dst_ip=None, ident=1, frag=0):
    """A frame between two workloads, with IPv4 addresses that may be others. frag: as in the header."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, frag, 64, proto, 0,
                     socket.inet_aton(src_ip or src.ip4), socket.inet_aton(dst_ip or dst.ip4))
    ip = ip[:10] + struct.pack("!H", _csum(ip)) + ip[12:]
    return mac_bytes(dst.mac) + mac_bytes(src.mac) + struct.pack("!H", ETH_P_IP) + ip + payload


def datagram(src, dst, sport, dport, payload=b"", **options):
    """UDP, without a checksum."""
    udp = struct.pack("!4H", sport, dport, 8 + len(payload), 0) + payload
    return ip4_frame(src, dst, socket.IPPROTO_UDP, udp, **options)


def segment(src, dst, sport, dport, flags, seq=1, ack=0, **options):
    """TCP, with a checksum that nobody on the way asks for."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    return ip4_frame(src, dst, socket.IPPROTO_TCP, tcp, **options)


# -- ping, TCP, UDP --------------------------------------------------------------------------------

def ping(src, address, count=3, size=56, df=True, interval=0.01):
    """All of count echo requests are answered. Return: what ping(8) printed."""
    p = src.run("ping", "-n", "-q", "-c", count, "-i", interval, "-W", 3, "-s", size,
                "-M", "do" if df else "dont", address, check=False)
    assert f" {count} received" in p.stdout and "duplicates" not in p.stdout, \
        f"ping {address} from {src.name}: {p.stdout}{p.stderr}"
    return p.stdout


def unreachable(src, address):
    """Nobody answers for an address."""
    p = src.run("ping", "-n", "-q", "-c", 1, "-W", 0.5, address, check=False)
    src.ip("neigh flush all")
    assert " 0 received" in p.stdout, p.stdout


def _receive_all(listener, out):
    digest, size = hashlib.blake2b(), 0
    try:
        connection, _ = listener.accept()
        connection.settimeout(TIMEOUT)
        with connection:
            while chunk := connection.recv(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except OSError as e:
        out += [e]
    out += [size, digest.hexdigest()]


def tcp_between(src, from_address, dst, to_address, port, size):
    """Send random bytes over one TCP connection; they arrive unharmed. Return: retransmissions."""
    data, got = os.urandom(size), []
    family = socket.AF_INET6 if ":" in to_address else socket.AF_INET
    with dst.socket(family, socket.SOCK_STREAM) as listener, \
            src.socket(family, socket.SOCK_STREAM) as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((to_address, port))
        listener.listen(1)
        listener.settimeout(TIMEOUT)
        receiver = threading.Thread(target=_receive_all, args=(listener, got))
        receiver.start()
        try:
            s.settimeout(TIMEOUT)
            s.bind((from_address, 0))
            s.connect(listener.getsockname()[:2])
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError as e:
            raise AssertionError(f"TCP {src.name} to {dst.name}: {e}") from None
        finally:
            receiver.join(4 * TIMEOUT)
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    assert got == [size, hashlib.blake2b(data).hexdigest()], f"{src.name} to {dst.name}: {got}"
    return struct.unpack_from("I", info, 100)[0]  # tcpi_total_retrans


def tcp(src, dst, family, size=8 << 20):
    """tcp_between() two workloads."""
    return tcp_between(src, src.address(family), dst, dst.address(family), 0, size)


@contextlib.contextmanager
def udp_pair(src, dst, family):
    """Two UDP sockets, the first connected to the second."""
    with dst.socket(INET[family], socket.SOCK_DGRAM) as r, \
            src.socket(INET[family], socket.SOCK_DGRAM) as s:
        r.bind((dst.address(family), 0))
        r.settimeout(TIMEOUT)
        s.settimeout(TIMEOUT)
        s.bind((src.address(family), 0))
        s.connect(r.getsockname()[:2])
        yield s, r


def udp(src, dst, family, sizes):
    """One datagram of each payload size, there and back."""
    with udp_pair(src, dst, family) as (s, r):
        for size in sizes:
            data = os.urandom(size)
            try:
                s.send(data)
                there, peer = r.recvfrom(1 << 16)
                r.sendto(there, peer)
                back = s.recv(1 << 16)
            except OSError as e:
                raise AssertionError(f"{size} bytes, {src.name} and {dst.name}: {e}") from None
            assert there == data and back == data, f"{size} bytes, {src.name} and {dst.name}"


class Connections:
    """Many TCP connections from one workload to another."""

    def __init__(self, src, dst, port, count):
        with dst.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((dst.ip4, port))
            listener.listen(count)
            self.pairs = [self.open(src, listener) for _ in range(count)]

    @staticmethod
    def open(src, listener):
        near = src.socket(socket.AF_INET, socket.SOCK_STREAM)
        near.settimeout(TIMEOUT)
        near.connect(listener.getsockname())
        far = listener.accept()[0]
        far.settimeout(TIMEOUT)
        return near, far

    def exchange(self):
        """Who was called speaks, and the caller answers; nothing is sent twice."""
        for a, b in [(far, near) for near, far in self.pairs] + self.pairs:
            a.sendall(b"x" * 500)
        for a, b in [(far, near) for near, far in self.pairs] + self.pairs:
            n = 0
            while n < 500:
                n += len(b.recv(500 - n))
        for s in (s for pair in self.pairs for s in pair):
            info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            assert struct.unpack_from("I", info, 100)[0] == 0, "segments were sent again"

    def close(self):
        for pair in self.pairs:
            for s in pair:
                s.close()


# -- raw frames ------------------------------------------------------------------------------------

class Frames:
    """Sees the frames that an interface receives, and sends what it is told to."""

    def __init__(self, namespace, interface="eth0"):
        self.name = f"{namespace.name}:{interface}"
        self.socket = namespace.packet_socket(interface)
        self.socket.settimeout(0)
        self.seen = []

    def send(self, *frames):
        for f in frames:
            self.socket.send(f)

    def poll(self):
        """Read what has come. Return: everything seen so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, address = self.socket.recvfrom(1 << 16)
                if address[2] != PACKET_OUTGOING:
                    self.seen.append(data)
        return self.seen

    def having(self, part):
        return [f for f in self.poll() if part in f]

    def expect(self, part, count=1, timeout=TIMEOUT):
        """Wait for count frames that contain part. Return: them."""
        try:
            return wait_until("", lambda: len(self.having(part)) >= count and self.having(part),
                              timeout)
        except AssertionError:
            raise AssertionError(f"{self.name}: {len(self.having(part))} of {count} frames with "
                                 f"{part!r} within {timeout} s") from None


_marks = iter(range(1, 1 << 30))


def mark():
    """A payload that no other frame has."""
    return b"weft-e2e-%08d-" % next(_marks)


def settle(source, receivers, dst=BROADCAST, timeout=TIMEOUT):
    """Wait until all that source has sent before is through: one more frame, that all must see."""
    last = mark()
    source.send(frame(dst, _own_mac(source), last))
    for r in receivers:
        r.expect(last, timeout=timeout)


def _own_mac(frames):
    return ":".join(f"{b:02x}" for b in frames.socket.getsockname()[4])


# -- numbered datagrams ----------------------------------------------------------------------------

class Stream:
    """Numbered datagrams from one workload to another until stop(), which says what was lost.

    With from_port they come from that port, as answers: the receiver has spoken to it first.
    """

    ports = iter(range(20000, 60000))

    def __init__(self, src, dst, family=4, rate=5000, size=64, from_port=None):
        self.src, self.dst = src, dst
        port = next(self.ports)
        answers = (src.address(family), from_port) if from_port else ()
        self.receiver = dst.spawn(SEQ, "recv", port, *answers)
        assert self.receiver.read_line() == "ready"
        self.sender = src.spawn(SEQ, "send", dst.address(family), port, rate, size, *answers[1:])

    def stop(self):
        """Return: {sent, received, gaps, ...}; gaps include what is missing at the end."""
        sent = json.loads(self.sender.finish())
        time.sleep(0.05)
        got = json.loads(self.receiver.finish())
        if got["next"] < sent["sent"]:
            got["gaps"].append([got["next"], sent["sent"] - 1])
        return {**sent, **got}

    def assert_nothing_lost(self, at_least=100):
        r = self.stop()
        told = f"{self.src.name} to {self.dst.name}: {r}\n{link_losses(self.src, self.dst)}"
        assert r["sent"] >= at_least, told
        assert not r["gaps"] and r["received"] == r["sent"], told
        assert not (r["errors"] or r["duplicates"] or r["foreign"]), told


@contextlib.contextmanager
def nothing_lost(*workloads, rate=5000):
    """Between each workload and the next, in both directions, nothing is lost meanwhile."""
    streams = [Stream(src, dst, rate=rate) for one, other in zip(workloads, workloads[1:])
               for src, dst in ((one, other), (other, one))]
    time.sleep(0.1)
    yield
    time.sleep(0.1)
    for stream in streams:
        stream.assert_nothing_lost()


def link_losses(*workloads):
    """Drops that devices on the way counted, to tell a slow machine from a fault of weft's."""
    lines = []
    for namespace in {n for w in workloads for n in (w, w.host)}:
        stats = namespace.run("ip", "-s", "-s", "link", "show").stdout
        lines += [f"{namespace.name}:", re.sub(r"^(?!\d).*link/.*\n", "", stats, flags=re.M)]
    return "\n".join(lines)
