# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft capture: what it shows is what was sent, with what became of it; whatever happens to it, the
datapath goes on, and nothing of it stays."""
import json
import os
import re
import signal
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.utils import PcapNgReader

from lab import BUSY, FAILED, INVALID, OK, WEFT, two_hosts
from netns import PINS, Process, run, wait_until
from test_refusals import REFUSED, Wire
from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp

SPOOFED = "02:00:00:00:00:99"
DEADLINE = 2.0  # seconds after which a capture that is not renewed is over


class Capture:
    """weft capture on a host, in the background."""

    def __init__(self, host, *args, begins=True):
        self.process = Process(WEFT, "capture", *args, "--node", host.node, "--netns", host.path)
        host.processes.append(self.process)
        self.popen = self.process.popen
        if begins:
            line = self.popen.stderr.readline()
            assert line == f"capturing on node {host.node}; Ctrl-C ends it\n", line

    def end(self, sig=signal.SIGTERM, status=OK):
        """Return: its standard output and standard error."""
        if sig:
            self.popen.send_signal(sig)
        out, err = self.popen.communicate(timeout=20)
        assert self.popen.returncode == status, (self.popen.returncode, out, err)
        return out, err

    def lines(self, sig=signal.SIGTERM):
        """End it. Return: the packets, one a line."""
        return self.end(sig)[0].splitlines()

    def packets(self, sig=signal.SIGTERM):
        """End one with --json."""
        return [json.loads(line) for line in self.lines(sig)]


def conf(host):
    """What the datapath believes to be wanted."""
    (path,) = [f"{PINS}/{v}/{host.node}/maps/weft_cap_conf" for v in os.listdir(PINS)
               if os.path.exists(f"{PINS}/{v}/{host.node}")]
    return json.loads(run("bpftool", "-j", "map", "lookup", "pinned", path, "key", 0, 0, 0, 0).stdout)[
        "formatted"]["value"]


def stat(host):
    path = next(f"{PINS}/{v}/{host.node}/maps/weft_cap_stat" for v in os.listdir(PINS)
                if os.path.exists(f"{PINS}/{v}/{host.node}"))
    cpus = json.loads(run("bpftool", "-j", "map", "lookup", "pinned", path, "key", 0, 0, 0, 0).stdout)[
        "formatted"]["values"]
    return {key: sum(cpu["value"][key] for cpu in cpus) for key in cpus[0]["value"]}


def tshark(path, *fields):
    """What tshark makes of a file, a tuple a packet; it must have no complaint."""
    p = run("tshark", "-r", path, "-T", "fields", "-E", "separator=|",
            *(arg for field in fields for arg in ("-e", field)))
    complaints = [line for line in p.stderr.splitlines() if "Running as user" not in line]
    assert not complaints, p.stderr
    return [tuple(line.split("|")) for line in p.stdout.splitlines()]


def read(path):
    """(frame, interface, comment) of each packet: bytes by scapy, which cannot read comments."""
    rows = tshark(path, "frame.interface_name", "frame.comment")
    frames = [p.original for p in PcapNgReader(path)]
    assert len(rows) == len(frames)
    return [(f, *row) for f, row in zip(frames, rows)]


@pytest.fixture(scope="module", params=("native", "off"), ids=lambda x: f"xdp-{x}")
def wire(request):
    made = Wire(4, request.param)
    yield made
    made.lab.close()


@pytest.fixture(scope="module")
def two():
    """Workloads a1, a2, b1, b2 of one lab, for what is the same in all."""
    lab = two_hosts("capture", ports=2)
    lab.apply()
    yield lab.workloads
    lab.close()


@pytest.fixture
def path(lab_name, tmp_path):
    return str(tmp_path / f"{lab_name}.pcapng")


# -- what is shown ---------------------------------------------------------------------------------

def test_a_frame_is_shown_as_it_was_sent(four, path):
    """At both ends of a tunnel: without the tunnel's headers, whole, and with what became of it."""
    a1, a2, b1, _ = four
    a, b = a1.host, b1.host
    other = path + "2"
    at_a = Capture(a, "-w", path, "--snaplen", "2000", "--network", "web")
    at_b = Capture(b, "-w", other, "--snaplen", "2000", "--network", "web")
    source, sent = Frames(a1), {}
    for what, dst, to in ("remote", b1.mac, b1), ("local", a2.mac, a2), ("flooded", BROADCAST, b1):
        payload = mark()
        sent[what] = [frame(dst, a1.mac, payload), frame(dst, a1.mac, payload.ljust(1000, b"x"), 0x88b6),
                      bytes(Ether(dst=dst, src=a1.mac) / IP(src=a1.ip4, dst=to.ip4) / UDP() / payload),
                      bytes(Ether(dst=dst, src=a1.mac) / IPv6(src=a1.ip6, dst=to.ip6) / UDP() / payload)]
        source.send(*sent[what])
    settle(source, [Frames(b1)])
    out, _ = at_a.end()
    assert re.fullmatch(rf"{a.node}: (\d+) packets seen, \1 written\n", out), out
    at_b.end()
    became = {"remote": f"sent to node {b.node}", "local": "delivered to a2", "flooded": "flooded"}
    shown = read(path)
    for what, frames in sent.items():
        for f in frames:
            assert [s[1:] for s in shown if s[0] == f] == [
                ("a1", f"network web, port a1, from_port, {became[what]}")], what
    shown = [(f.rstrip(b"\0"), *rest) for f, *rest in read(other)]
    became = {"remote": "delivered to b1", "flooded": "flooded"}
    for what in became:
        for f in sent[what]:
            assert [s[1:] for s in shown if s[0] == f.rstrip(b"\0")] == [
                ("ul", f"network web, port ul, from_underlay, from node {a.node}, {became[what]}")], what


def test_tshark_reads_a_file(two, path):
    a1, _, b1, _ = two
    capture = Capture(a1.host, "--write", path, "--snaplen", "54")
    began = time.time()
    ping(a1, b1.ip4, count=2)
    tcp(a1, b1, 4, 1 << 20)
    Frames(a1).send(frame(b1.mac, a1.mac, mark().ljust(500, b"x")))
    wait_until("the last frame", lambda: stat(a1.host)["recorded"] == stat(a1.host)["seen"] > 20)
    capture.end()
    rows = tshark(path, "frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_name",
                  "frame.packet_flags_direction", "frame.verdict.ebpf_tc", "frame.comment", "icmp.type")
    assert [row[7] for row in rows if row[7]] == ["8", "0", "8", "0"]
    assert all(began <= float(row[0]) <= time.time() for row in rows)
    assert sorted(rows, key=lambda row: float(row[0])) == rows
    assert {"a1", "ul"} <= {row[3] for row in rows} <= {"a1", "a2", "ul"}  # a2's kernel may speak up, too
    assert {row[4] for row in rows} == {"0x00000001"}
    assert {row[5] for row in rows} == {"7"}  # TC_ACT_REDIRECT
    assert all(int(row[1]) == min(int(row[2]), 54) for row in rows)
    assert any(re.search(r", \d+ segments of \d+ bytes$", row[6]) and int(row[2]) > 2000 for row in rows)
    info = run("capinfos", path).stdout
    assert re.search(r"Capture application: +weft ", info) and "nanoseconds" in info
    assert re.search(r"Strict time order: +True", info)


def test_a_line_says_it_in_words(two):
    a1, a2, b1, _ = two
    capture = Capture(a1.host)
    ping(a1, b1.ip4, count=1)
    ping(a1, a2.ip6, count=1)
    lines = [re.sub(r"^\d\d:\d\d:\d\d\.\d{6} ", "", line) for line in capture.lines(signal.SIGINT)]
    for expected in (
            f"a1 from_port {a1.ip4} > {b1.ip4} ICMP echo request, 98 bytes: sent to node {b1.host.node}",
            f"ul from_underlay {b1.ip4} > {a1.ip4} ICMP echo reply, 98 bytes: delivered to a1",
            f"a1 from_port {a1.ip6} > {a2.ip6} ICMPv6 echo request, 118 bytes: delivered to a2",
            f"a2 from_port {a2.ip6} > {a1.ip6} ICMPv6 echo reply, 118 bytes: delivered to a1"):
        assert lines.count(expected) == 1, "\n".join([expected, *lines])


def test_the_answer_to_a_question_is_shown(two):
    a1, _, b1, _ = two
    a1.ip("neigh flush dev eth0")
    capture = Capture(a1.host, "--json", "--port", "a1")
    ping(a1, b1.ip4, count=1)
    answers = [p for p in capture.packets() if p["verdict"] == "answered"]
    assert [(p["frame"], p["port"], p["direction"]) for p in answers if p["frame"].startswith("ARP")] == [
        (f"ARP {b1.ip4} is at {b1.mac}", "a1", "from_port")]


def test_standard_output_takes_a_file(two, path):
    a1, _, b1, _ = two
    with open(path, "wb") as f:
        process = a1.host.spawn("sh", "-c", f'exec "$@" > {path}', "sh", WEFT, "capture", "-w", "-", "-c",
                                "2", "--node", a1.host.node)
        process.popen.stderr.readline()
        ping(a1, b1.ip4, count=1)
        _, err = process.popen.communicate(timeout=10)
    assert process.popen.returncode == OK and "2 written" in err, err
    assert len(list(PcapNgReader(path))) == 2


# -- drops -----------------------------------------------------------------------------------------

def test_drops_from_the_wire(wire, path):
    """Each with its reason; those that XDP or TC drops before decapsulation with the outer headers."""
    capture = Capture(wire.a, "--drops", "-w", path, "--snaplen", "2000")
    expected = []
    for what, (build, reason) in REFUSED.items():
        payload = mark()
        outer = bytes(build(wire, payload))
        wire.frames.send(outer)
        expected.append((what, reason, outer))
    receiver, last = Frames(wire.a1), mark()
    wire.frames.send(bytes(wire.outer() / wire.vxlan() / wire.inner(last)))
    receiver.expect(last)
    capture.end()
    assert wire.lab.new_drops().total() == len(expected)
    shown = read(path)
    assert len(shown) == len(expected), shown
    for (what, reason, outer), (f, interface, comment) in zip(expected, shown):
        assert interface == "ul" and "port ul, from_underlay, " in comment, what
        assert f"dropped: {reason} (" in comment, (what, comment)
        inner = outer[50:]
        if inner[12:16] == b"\x81\x00\x00\x00":  # VLAN 0: no tag
            inner = inner[:12] + inner[16:]
        assert f.rstrip(b"\0") in (outer.rstrip(b"\0"), inner.rstrip(b"\0")), what
    verdicts = set(tshark(path, "frame.verdict.ebpf_tc", "frame.verdict.ebpf_xdp"))
    assert verdicts <= {("2", ""), ("", "1")}  # TC_ACT_SHOT, XDP_DROP
    assert (("", "1") in verdicts) == (wire.a.xdp == "native")


def test_drops_from_a_port(wire):
    """In text, with the meaning; a VLAN tag that the kernel has taken off is back in its place."""
    a1, a2 = wire.a1, wire.a2
    capture = Capture(wire.a, "--drops", "--port", "a1")
    source, payload = Frames(a1), mark()
    source.send(frame(a2.mac, SPOOFED, payload), frame(a1.mac, a1.mac, payload), frame(a2.mac, a1.mac, payload),
                bytes(Ether(src=a1.mac, dst=a2.mac) / Dot1Q(vlan=5) / IP(src=a1.ip4, dst=a2.ip4) / UDP()))
    settle(source, [Frames(a2)])
    lines = [line.split(" ", 1)[1] for line in capture.lines()]
    reasons = json.loads(run(WEFT, "show", "drops", "--reasons", "--json").stdout)["reasons"]
    means = {row["reason"]: f"dropped: {row['reason']} ({row['meaning']})" for row in reasons}
    assert lines == [
        f"a1 from_port {SPOOFED} > {a2.mac} ethertype 0x88b5, 60 bytes: {means['MAC_SPOOFED']}",
        f"a1 from_port {a1.mac} > {a1.mac} ethertype 0x88b5, 60 bytes: {means['HAIRPIN']}",
        f"a1 from_port VLAN 5 {a1.ip4}:53 > {a2.ip4}:53 UDP, 46 bytes: {means['VLAN_UNEXPECTED']}"]
    assert wire.lab.new_drops() == {("a1", r): 1 for r in ("MAC_SPOOFED", "HAIRPIN", "VLAN_UNEXPECTED")}


def test_a_tagged_frame_is_whole(wire, path):
    a1, a2 = wire.a1, wire.a2
    tagged = bytes(Ether(src=a1.mac, dst=a2.mac) / Dot1Q(vlan=77, prio=3) / IP() / UDP() / mark())
    for snaplen, expected in (2000, tagged), (20, tagged[:24]), (14, tagged[:18]):
        capture = Capture(wire.a, "--reason", "vlan_unexpected", "-w", path, "--snaplen", snaplen, "-c", "1")
        Frames(a1).send(tagged)
        capture.end(sig=None)
        (shown,) = PcapNgReader(path)
        assert shown.original == expected
        assert tshark(path, "frame.len") == [(str(len(tagged)),)]
    assert wire.lab.new_drops() == {("a1", "VLAN_UNEXPECTED"): 3}


@pytest.mark.parametrize("family", (4, 6))
def test_what_does_not_fit_is_shown_before_it_becomes_the_answer(four, family):
    a1, _, b1, _ = four
    size = 2000
    a1.host.ip(f"link set {a1.interface} mtu 3000")
    a1.ip("link set eth0 mtu 3000")
    capture = Capture(a1.host, "--json", "--network", "web")
    header = IP(src=a1.ip4, dst=b1.ip4) if family == 4 else IPv6(src=a1.ip6, dst=b1.ip6)
    source, payload = Frames(a1), mark()
    source.send(bytes(Ether(src=a1.mac, dst=b1.mac) / header / UDP(sport=9, dport=9) / payload.ljust(size)))
    source.expect(payload)
    lost, answer = [p for p in capture.packets() if p["verdict"] in ("dropped", "refused")]
    a1.ip(f"link set eth0 mtu {a1.mtu}")
    a1.host.ip(f"link set {a1.interface} mtu {a1.mtu}")
    l3 = 20 if family == 4 else 40
    assert (lost["verdict"], lost["reason"], lost["bytes"]) == ("dropped", "PKT_TOO_BIG", 14 + l3 + 8 + size)
    assert lost["frame"].endswith("9 UDP")
    assert (answer["verdict"], answer["reason"]) == ("refused", None)
    assert answer["frame"].endswith("fragmentation needed" if family == 4 else "packet too big")
    assert a1.host.lab.new_drops() == {("a1", "PKT_TOO_BIG"): 1}


def line_of(path, text):
    """Where a rule begins in the lab's file: the line of the brace before the one line like this."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    (number,) = [n for n, line in enumerate(lines) if line.strip().rstrip(",") == text]
    while lines[number].strip() != "{":
        number -= 1
    return number + 1


def test_policies_are_named(pair):
    """Who denied it, by which rule, where that stands in the file; and what was told to the sender."""
    lab = pair(ports=2, quiet=True, apply=False)
    a, (a1, a2, b1, _) = lab.hosts[0], lab.workloads
    lab.top["policies"] = [
        {"name": "out", "applies_to": {"ports": ["a1"]}, "direction": "egress", "default": "none",
         "rules": [{"to": {"networks": "web"}, "protocol": "tcp", "ports": 1},
                   {"to": {"networks": "web"}, "protocol": "udp", "ports": 7, "action": "deny"}]},
        {"name": "in", "applies_to": {"ports": ["a2"]}, "direction": "ingress", "default": "deny",
         "rules": [{"from": {"networks": "web"}, "protocol": "tcp", "ports": 80, "action": "reject"}]}]
    lab.apply()
    capture = Capture(a, "--json", "--drops")
    everything = [Frames(w) for w in (a1, b1)]

    def send(source, src, dst, l4):
        everything[source].send(bytes(Ether(src=src.mac, dst=dst.mac) / IP(src=src.ip4, dst=dst.ip4) / l4))

    send(0, a1, b1, UDP(sport=9, dport=7))
    send(0, a1, a2, UDP(sport=9, dport=9))
    send(0, a1, a2, TCP(sport=9, dport=80, flags="S"))
    send(1, b1, a2, UDP(sport=9, dport=9))
    wait_until("four drops", lambda: stat(a)["seen"] == 4)
    shown = [(p["port"], p["to_port"], p["reason"], p["rule"]) for p in capture.packets()]
    deny, reject = line_of(lab.file, '"ports": 7'), line_of(lab.file, '"ports": 80')
    default = shown[1][3]
    assert default["name"] == "in#default"
    assert shown == [
        ("a1", None, "POLICY_DENY_EGRESS", {"name": "out#1", "line": deny}),
        ("a1", "a2", "POLICY_DENY_INGRESS", default),
        ("a1", "a2", "POLICY_REJECT_INGRESS", {"name": "in#0", "line": reject}),
        ("ul", "a2", "POLICY_DENY_INGRESS", default)]
    assert lab.new_drops() == {("a1", "POLICY_DENY_EGRESS"): 1, ("a2", "POLICY_DENY_INGRESS"): 2,
                               ("a2", "POLICY_REJECT_INGRESS"): 1}
    capture = Capture(a)
    send(0, a1, a2, TCP(sport=10, dport=80, flags="S"))
    wait_until("the answer", lambda: stat(a)["seen"] == 2)
    lines = [line.split(" ", 1)[1] for line in capture.lines()]
    assert lines == [
        f"a1 from_port {a1.ip4}:10 > {a2.ip4}:80 TCP SYN, 54 bytes: dropped at a2: POLICY_REJECT_INGRESS (the "
        f"policies of the receiving port deny it; the sender is told), rule in#0 line {reject}",
        f"a1 from_port {a2.ip4}:80 > {a1.ip4}:10 TCP RST,ACK, 54 bytes: refused with this, the packet is lost, "
        f"rule in#0 line {reject}"]
    lab.new_drops()


@pytest.mark.drops("REPLICA_LOST")
def test_a_lost_copy_is_shown_beside_the_flooded_frame(pair):
    """From within the flooding: the frame may have a tunnel's header in front already."""
    lab = pair(ports=3, quiet=True)
    a, (a1, a2, a3, b1, *_) = lab.hosts[0], lab.workloads
    a.ip(f"link del {a2.interface}")
    capture, source, payload = Capture(a, "--json"), Frames(a1), mark()
    source.send(frame(BROADCAST, a1.mac, payload))
    for w in (a3, b1):
        Frames(w)
    wait_until("the drop", lambda: lab.new_drops() == {("a1", "REPLICA_LOST"): 1})
    shown = [(p["verdict"], p["reason"], p["frame"], p["bytes"]) for p in capture.packets()]
    words = f"{a1.mac} > {BROADCAST} ethertype 0x88b5"
    assert shown == [("dropped", "REPLICA_LOST", words, 60), ("flooded", None, words, 60)]


# -- filters ---------------------------------------------------------------------------------------

def test_filters(wire):
    a, (a1, a2, a3) = wire.a, (wire.a1, wire.a2, wire.a3)
    frames = {"a1 to a2": frame(a2.mac, a1.mac, mark()), "a2 to a1": frame(a1.mac, a2.mac, mark()),
              "a1 spoofs": frame(a2.mac, SPOOFED, mark()), "a1 to itself": frame(a1.mac, a1.mac, mark()),
              "a3 to all": frame(BROADCAST, a3.mac, mark()), "a2 spoofs": frame(a1.mac, SPOOFED, mark()),
              "b to a1": bytes(wire.outer() / wire.vxlan() / wire.inner(mark())),
              "nobody's": bytes(wire.outer() / wire.vxlan(999) / wire.inner(mark()))}
    everything = set(frames)
    spoofs = {"a1 spoofs", "a2 spoofs"}
    drops = spoofs | {"a1 to itself", "nobody's"}
    for args, expected in {
            (): everything,
            ("--drops",): drops,
            ("--reason", "MAC_SPOOFED"): spoofs,
            ("--network", "web"): everything - {"a3 to all", "nobody's"},
            ("--network", "other"): {"a3 to all"},
            ("--port", "a1"): {"a1 to a2", "a2 to a1", "a1 spoofs", "a1 to itself", "b to a1"},
            ("--port", "ul"): {"b to a1", "nobody's"},
            ("--port", "a1", "--network", "web", "--reason", "hairpin"): {"a1 to itself"},
            ("--port", "a3", "--reason", "hairpin"): set()}.items():
        capture = Capture(a, *args, "--json")
        for what, f in frames.items():
            sender = {"a1": a1, "a2": a2, "a3": a3}.get(what[:2])
            Frames(sender).send(f) if sender else wire.frames.send(f)
        shown = {what_is(p, wire) for p in _settled(capture, wire)}
        assert shown == expected, args
    wire.lab.new_drops()


def what_is(packet, wire):
    """Which of the frames of test_filters a packet is."""
    if packet["port"] == "ul":
        return "nobody's" if packet["reason"] else "b to a1"
    if packet["reason"] == "MAC_SPOOFED":
        return f"{packet['port']} spoofs"
    if packet["reason"] == "HAIRPIN":
        return f"{packet['port']} to itself"
    to = "all" if packet["network"] == "other" else packet["to_port"]
    return f"{packet['port']} to {to}"


def _settled(capture, wire):
    """The packets of a capture, once all that was sent is through."""
    receiver, last = Frames(wire.a1), frame(wire.a1.mac, wire.a2.mac, mark())
    wire.frames.send(bytes(wire.outer() / wire.vxlan() / wire.inner(last)))
    receiver.expect(last[14:30])
    time.sleep(0.05)
    return capture.packets()


def test_count_and_duration_end_it(two):
    a1, _, b1, _ = two
    capture = Capture(a1.host, "--count", "3", "--json", "--network", "web")
    ping(a1, b1.ip4, count=3)
    assert len(capture.packets(sig=None)) == 3
    began = time.monotonic()
    capture = Capture(a1.host, "--duration", "0.3", "--reason", "MAC_SPOOFED")
    assert capture.lines(sig=None) == []
    assert 0.3 <= time.monotonic() - began
    assert conf(a1.host)["until_ns"] == 0


def test_one_in_some(two):
    a1, a2, _, _ = two
    capture = Capture(a1.host, "--sample", "4", "--rate", "0", "--reason", "MAC_SPOOFED", "--json")
    Frames(a1).send(*[frame(a2.mac, SPOOFED, mark())] * 1000)
    wait_until("1000 drops", lambda: a1.host.drops()["a1", "MAC_SPOOFED"] >= 1000)
    out, err = capture.end()
    a1.host.lab.new_drops()
    chosen = len(out.splitlines())
    assert 150 <= chosen <= 350  # 250; seven standard deviations
    assert err == f"{a1.host.node}: 1000 packets seen, {chosen} written, {1000 - chosen} left out by --sample\n"


@pytest.mark.parametrize("args, message", (
    (("--reason", "MAC_SPOOF"), "did you mean MAC_SPOOFED?"),
    (("--snaplen", "13"), "a number from 14 to 32768"),
    (("--rate", "-1"), "a number from 0 to"),
    (("--count", "0"), "a number from 1 to"),
    (("--duration", "soon"), "seconds, from 0.001"),
    (("--json", "-w", "-"), "both want standard output")))
def test_wrong_command_lines(two, args, message):
    p = two[0].host.weft("capture", *args, status=INVALID)
    assert message in p.stderr


def test_names_that_are_not_there(two):
    host = two[0].host
    assert 'did you mean "web"?' in host.weft("capture", "--network", "wbe", status=FAILED).stderr
    assert 'no port is called "zz"' in host.weft("capture", "--port", "zz", status=FAILED).stderr


# -- load ------------------------------------------------------------------------------------------

def test_a_flood_is_sampled_and_goes_on(pair, path):
    """More than --rate: what is left out is counted, and the traffic does not suffer."""
    n, rate = 20000, 200
    lab = pair(quiet=True)
    a, (a1, b1) = lab.hosts[0], lab.workloads
    capture = Capture(a, "-w", path, "--rate", rate, "--port", "a1", "--json")
    source, receiver, payload = Frames(a1), Frames(b1), mark()
    began = time.monotonic()
    for _ in range(n // 100):
        source.send(*[frame(b1.mac, a1.mac, payload)] * 100)
        receiver.poll()
    took = time.monotonic() - began
    assert len(receiver.expect(payload, n)) == n
    told = json.loads(capture.end()[0])
    assert told["seen"] == n
    assert told["limited"] > 0 and told["limited"] + told["recorded"] + told["lost"] == n
    assert told["written"] == told["recorded"] <= rate * (took + 0.1) + 2
    missed = sum(int(row[0] or 0) for row in tshark(path, "frame.drop_count"))
    assert 0 < missed <= told["limited"] + told["lost"]


def test_a_flood_says_so_in_words(two):
    a1, a2, _, _ = two
    capture = Capture(a1.host, "--rate", "10", "--reason", "MAC_SPOOFED")
    Frames(a1).send(*[frame(a2.mac, SPOOFED, mark())] * 500)
    wait_until("500 drops", lambda: a1.host.drops()["a1", "MAC_SPOOFED"] >= 500)
    _, err = capture.end()
    a1.host.lab.new_drops()
    assert re.search(r": 500 packets seen, \d+ written, \d+ skipped: sampled under load \(--rate 10\)\n", err), err


def test_a_full_buffer_loses_records_and_no_packets(two):
    """A capture that does not get to read: its buffer fills up, which is counted and hurts nobody."""
    a1, a2, _, _ = two
    capture = Capture(a1.host, "--rate", "0", "--snaplen", "32768", "--port", "a1", "--json")
    source, receiver, payload = Frames(a1), Frames(a2), mark()
    capture.popen.send_signal(signal.SIGSTOP)
    for _ in range(30):
        source.send(*[frame(a2.mac, a1.mac, payload.ljust(1400, b"x"))] * 100)
        receiver.poll()
    assert len(receiver.expect(payload, 3000)) == 3000
    lost = stat(a1.host)["lost"]
    capture.popen.send_signal(signal.SIGCONT)
    _, err = capture.end()
    assert lost and f", {lost} lost: the buffer was full" in err, (lost, err)


# -- who captures ----------------------------------------------------------------------------------

def test_one_at_a_time(two):
    a1, _, b1, _ = two
    first = Capture(a1.host, "--json")
    p = a1.host.weft("capture", status=BUSY)
    assert f"process {first.popen.pid} captures on node" in p.stderr and "--force" in p.stderr
    ping(a1, b1.ip4, count=1)
    assert any("echo request" in p["frame"] for p in first.packets())
    Capture(a1.host).end()


def test_another_node_is_another_capture(two):
    a1, _, b1, _ = two
    first, second = Capture(a1.host), Capture(b1.host)
    ping(a1, b1.ip4, count=1)
    assert first.lines() and second.lines()


def test_taking_over(two):
    a1, _, b1, _ = two
    first = Capture(a1.host)
    second = Capture(a1.host, "--force", "--json")
    _, err = first.end(sig=None, status=FAILED)
    assert f"process {second.popen.pid} has taken over" in err
    ping(a1, b1.ip4, count=1)
    assert any("echo request" in p["frame"] for p in second.packets())
    assert conf(a1.host)["until_ns"] == 0


def test_killed_it_leaves_nothing(two):
    """Its buffers go with it at once; the datapath forgets it at the first packet after the deadline."""
    a1, _, b1, _ = two
    capture = Capture(a1.host)
    ping(a1, b1.ip4, count=1)
    assert stat(a1.host)["recorded"] > 0
    capture.popen.kill()
    capture.popen.wait()
    killed = time.monotonic()
    before = stat(a1.host)
    ping(a1, b1.ip4, count=1)
    if time.monotonic() < killed + 0.5:  # before the deadline for sure
        after = stat(a1.host)
        assert after["recorded"] == before["recorded"] and after["lost"] > before["lost"]
    time.sleep(max(0, killed + DEADLINE + 0.1 - time.monotonic()))
    ping(a1, b1.ip4, count=1)
    assert conf(a1.host)["until_ns"] == 0
    after = stat(a1.host)
    ping(a1, b1.ip4, count=1)
    assert stat(a1.host) == after
    Capture(a1.host).end()


def test_after_a_kill_nobody_has_to_use_force(two):
    capture = Capture(two[0].host)
    capture.popen.kill()
    capture.popen.wait()
    Capture(two[0].host).end()


def test_stopped_it_falls_silent_and_may_be_followed(two):
    """Ctrl-Z: after the deadline another one may begin, and the first one ends when it goes on."""
    a1, _, b1, _ = two
    first = Capture(a1.host)
    first.popen.send_signal(signal.SIGSTOP)
    second = Capture(a1.host, "--json")
    first.popen.send_signal(signal.SIGCONT)
    _, err = first.end(sig=None, status=FAILED)
    assert "has taken over" in err
    ping(a1, b1.ip4, count=1)
    assert any("echo request" in p["frame"] for p in second.packets())


@pytest.mark.parametrize("sig", (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
def test_ends_cleanly(two, path, sig):
    a1, _, b1, _ = two
    capture = Capture(a1.host, "-w", path)
    assert conf(a1.host)["until_ns"] > time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    ping(a1, b1.ip4, count=1)
    out, err = capture.end(sig)
    assert re.search(r"\d+ packets seen, \d+ written\n", out) and not err
    assert len(list(PcapNgReader(path))) >= 2
    assert conf(a1.host)["until_ns"] == 0
    assert os.stat(path).st_mode & 0o777 == 0o600


# -- what may go wrong -----------------------------------------------------------------------------

def test_a_full_disk_is_an_error(two):
    a1, _, b1, _ = two
    capture = Capture(a1.host, "-w", "/dev/full")
    ping(a1, b1.ip4, count=1)
    _, err = capture.end(sig=None, status=FAILED)
    assert "/dev/full: No space left on device" in err
    assert conf(a1.host)["until_ns"] == 0


def test_a_reader_that_goes_away_ends_it(two):
    a1, _, b1, _ = two
    capture = Capture(a1.host)
    capture.popen.stdout.close()
    ping(a1, b1.ip4, count=1)
    assert capture.popen.wait(timeout=10) == FAILED
    assert conf(a1.host)["until_ns"] == 0


def test_a_reader_that_sleeps_does_not_keep_it_from_ending(two):
    """Its pipe is full; a signal ends it all the same."""
    a1, a2, _, _ = two
    capture = Capture(a1.host, "--rate", "0")
    Frames(a1).send(*[frame(a2.mac, a1.mac, mark())] * 2000)
    time.sleep(0.3)  # 200 KB of lines into a pipe of 64 KB
    capture.popen.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    capture.popen.send_signal(signal.SIGTERM)
    assert capture.popen.wait(timeout=10) == FAILED
    assert conf(a1.host)["until_ns"] == 0


def test_no_file_is_touched_if_it_cannot_begin(two, path):
    with open(path, "w", encoding="ascii") as f:
        f.write("mine")
    first = Capture(two[0].host)
    two[0].host.weft("capture", "-w", path, status=BUSY)
    with open(path, encoding="ascii") as f:
        assert f.read() == "mine"
    first.end()
    assert "No such file" in two[0].host.weft("capture", "-w", "/nowhere/x", status=FAILED).stderr
    assert conf(two[0].host)["until_ns"] == 0


def test_apply_and_down_while_it_runs(pair):
    """It goes on through an apply, and learns new names; it ends when the node goes down."""
    lab = pair(ports=1)
    a, (a1, b1) = lab.hosts[0], lab.workloads
    capture = Capture(a, "--json")
    a2 = lab.workload(a)
    lab.apply()
    time.sleep(1.5)
    ping(a2, b1.ip4, count=1)
    time.sleep(0.3)
    a.weft("down")
    out, err = capture.end(sig=None, status=FAILED)
    assert "was taken down" in err
    packets = [json.loads(line) for line in out.splitlines()]
    assert {p["port"] for p in packets if "echo" in p["frame"]} == {"a2", "ul"}
