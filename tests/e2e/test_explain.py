# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft explain: what it says is what then happens, it says by which entry and rule, and it leaves no
trace.

    a1, a2 (web), a3, a4 (dark, does not flood; a4 learns) = a [ul]====[ul] b = b1, b2 (web)

Workloads are quiet: what moves in the tables is what a test does.
"""
import json
import os
import socket
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter

from lab import FAILED, INVALID, NOT_APPLIED, OK, WEFT, Lab
from netns import PINS, run, unique, wait_until
from test_capture import Capture
from traffic import Frames

DROPPED, PASSED = 5, 6
ARP = b"\x08\x06"  # with which hosts look for each other on the wire
POLICIES = [
    {"name": "out", "applies_to": {"ports": ["a1"]}, "direction": "egress", "default": "none",
     "rules": [{"action": "deny", "protocol": "udp", "ports": [53]}, {"action": "allow"}]},
    {"name": "in", "applies_to": {"ports": ["a2", "b1"]}, "direction": "ingress",
     "rules": [{"protocol": "tcp", "ports": [443]}, {"protocol": "udp", "ports": [7]},
               {"action": "reject", "protocol": "tcp", "ports": [22]},
               {"action": "reject", "protocol": "udp", "ports": [23]}, {"protocol": "icmp"}]}]

LIMITS = {"networks": 8, "ports": 16, "endpoints": 64, "vteps": 8, "rules": 64, "policy_ranges": 128,
          "policy_matches": 64}  # so that all tables can be dumped at once


class World:
    """The lab, and what it is asked."""

    def __init__(self, xdp):
        self.lab = lab = Lab(f"explain{xdp}")
        self.a, self.b = lab.host("a", xdp), lab.host("b", xdp)
        lab.wire()
        web, dark = lab.network("web"), lab.network("dark", flood=False)
        self.a1, self.a2 = (lab.workload(self.a, web, mtu=1500, quiet=True) for _ in range(2))
        self.a3, self.a4 = (lab.workload(self.a, dark, quiet=True) for _ in range(2))
        self.b1, self.b2 = (lab.workload(self.b, web, quiet=True) for _ in range(2))
        row = {**self.a4.row(), "learning": True}
        self.a4.row = lambda: row
        lab.top["policies"] = POLICIES
        lab.top["limits"] = LIMITS
        lab.apply()

    def path(self, name):
        return os.path.join(self.lab.dir, name)

    def pcap(self, *packets, name="x.pcap"):
        with PcapWriter(self.path(name), linktype=1) as w:
            for p in packets:
                w.write(p)
        return self.path(name)


def explain(host, *args, status=OK):
    """Return: the document, which agrees with the exit status."""
    doc = json.loads(host.weft("explain", *args, "--json", status=status).stdout)
    assert doc["node"] == host.node
    by = {"dropped": DROPPED, "refused": DROPPED, "passed": PASSED}
    assert by.get(doc["verdict"], OK) == status, doc["verdict"]
    return doc


def steps(doc, stage):
    return [s for r in doc["runs"] for s in r["steps"] if s["stage"] == stage]


def only(rows):
    (row,) = rows
    return row


def policy(doc):
    """(direction, port, verdict, rule) of each verdict."""
    return [(d["direction"], d["port"], d["verdict"], d["rule"] and d["rule"]["name"])
            for d in (s["detail"] for s in steps(doc, "policy") if "verdict" in s.get("detail", {}))]


def line_of(path, *words):
    """Line of the rule with this text: where its brace opens."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    number = next(n for n, line in enumerate(lines) if all(w in line for w in words))
    while lines[number].strip() != "{":
        number -= 1
    return number + 1


@pytest.fixture(scope="module")
def worlds():
    made = {}

    def get(xdp):
        if xdp not in made:
            made[xdp] = World(xdp)
        return made[xdp]
    yield get
    for w in made.values():
        w.lab.close()


@pytest.fixture
def world(worlds):
    return worlds("native")


@pytest.fixture(params=("native", "off"), ids=lambda x: f"xdp-{x}")
def any_world(worlds, request):
    return worlds(request.param)


# -- it happens as it was said ---------------------------------------------------------------------

def udp(port):
    return ("--udp", str(port), "--source-port", "1000")


def port_cases(w):
    """Name -> arguments, and verdict."""
    to = ("--port", "a1", "--to")
    return {
        "local": ((*to, "a2", *udp(7)), "delivered", None),
        "remote": ((*to, w.b2.ip4, *udp(9)), "sent", None),
        "remote IPv6": ((*to, w.b2.ip6, *udp(9), "--size", "1400"), "sent", None),
        "denied here": ((*to, w.b2.ip4, *udp(53)), "dropped", "POLICY_DENY_EGRESS"),
        "denied there": ((*to, "a2", *udp(9)), "dropped", "POLICY_DENY_INGRESS"),
        "reset": ((*to, "a2", "--tcp", "22"), "refused", "POLICY_REJECT_INGRESS"),
        "prohibited": ((*to, "a2", *udp(23)), "refused", "POLICY_REJECT_INGRESS"),
        "too big": ((*to, w.b2.ip4, *udp(10), "--size", "1500"), "refused", "PKT_TOO_BIG"),
        "spoofed": ((*to, "a2", *udp(7), "--from-mac", "02:00:00:00:00:99"), "dropped",
                    "MAC_SPOOFED"),
        "another's address": ((*to, "a2", "--from", w.b1.ip4, *udp(7)), "dropped", "ADDR_SPOOFED"),
        "ARP": ((*to, w.b1.ip4, "--arp"), "answered", None),
        "solicitation": ((*to, w.b1.ip6, "--arp"), "answered", None),
        "unknown MAC": ((*to, w.b1.ip4, "--icmp", "--to-mac", "02:00:00:00:00:77"), "flooded", None),
        "nobody's address": ((*to, "10.1.77.77", "--arp"), "flooded", None),
        "broadcast": (("--port", "a1", "--broadcast", *udp(7)), "flooded", None),
        "dark": (("--port", "a3", "--to", "a4", "--to-mac", "02:00:00:00:00:77"), "dropped",
                 "UNKNOWN_UNICAST"),
        "dark broadcast": (("--port", "a3", "--broadcast"), "dropped", "BROADCAST_REFUSED"),
        "to itself": ((*to, "a1", *udp(7)), "dropped", "HAIRPIN"),
    }


CASES = port_cases(type("W", (), {n: type("N", (), {"ip4": "", "ip6": ""}) for n in ("b1", "b2")}))


@pytest.mark.drops(*{reason for _, _, reason in CASES.values() if reason})
@pytest.mark.parametrize("case", CASES)
def test_port(worlds, case):
    """From a port: the frame that it describes is sent, and meets what was foretold, to the byte."""
    w = worlds("off")
    args, verdict, reason = port_cases(w)[case]
    doc = explain(w.a, *args, status=DROPPED if reason else OK)
    assert (doc["verdict"], doc["reason"]) == (verdict, reason)
    sender = w.a3 if "a3" in args else w.a1
    ears = {x.port: Frames(x) for x in (w.a1, w.a2, w.a3, w.a4)}
    wire = Frames(w.b, "ul")
    before = w.a.drops()
    ears[sender.port].send(bytes.fromhex(doc["runs"][0]["frame"]["hex"]))
    for out in doc["outputs"]:
        frame = bytes.fromhex(out["frame"]["hex"])
        if out["to"] == "node":
            # the kernel writes the outer MAC addresses, and a tap sees what that has made of it
            wait_until("it on the wire", lambda f=frame: any(
                seen[14:] == f[14:] for seen in wire.poll()))
        else:
            name = sender.port if out["to"] == "sender" else out["name"]
            wait_until(f"it at {name}", lambda n=name, f=frame: f in ears[n].poll())
    if reason:
        wait_until("the drop", lambda: w.a.drops() - before == {(doc["at"], reason): 1})
    reached = {out["name"] for out in doc["outputs"] if out["to"] == "port"}
    for port, ear in ears.items():
        if port not in reached and port != sender.port:
            assert not ear.poll()


def test_remote_end(any_world):
    """From the underlay, by XDP and TC or by TC alone: delivered, refused, answered for."""
    w = any_world
    native = w.b.xdp == "native"
    doc = explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--tcp", "443")
    assert doc["direction"] == "from_underlay"
    assert [r["program"] for r in doc["runs"]] == ["xdp_underlay"] * native + ["tc_underlay"]
    assert doc["verdict"] == "delivered"
    assert policy(doc) == [("egress", None, "allow", None), ("ingress", "b1", "allow", "in#0")]
    assert only(doc["outputs"])["name"] == "b1"
    doc = explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--tcp", "22",
                  status=DROPPED)
    assert (doc["verdict"], doc["reason"], doc["at"]) == ("refused", "POLICY_REJECT_INGRESS", "b1")
    assert doc["runs"][-1]["program"] == "tc_from_port" and doc["runs"][-1]["answer"]
    out = only(doc["outputs"])
    assert (out["to"], out["name"]) == ("node", w.a.node)
    assert out["inner"]["text"] == f"{w.b1.ip4}:22 > {w.a1.ip4}:40000 TCP RST,ACK"
    doc = explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b2", "--broadcast")
    assert [o["name"] for o in doc["outputs"]] == ["b1", "b2"]


UNDERLAY = {  # arguments that are wrong about a frame from a1 to b1, and what becomes of it
    "unknown VTEP": (("--vtep", "192.0.2.99"), "VTEP_UNKNOWN"),
    "unknown VNI": (("--vni", "9999"), "VXLAN_VNI_NOT_FOUND"),
    "a local MAC": (("--vtep", "192.0.2.1", "--from-mac", "02:00:00:01:02:02"), "LOCAL_MAC"),
    "back into a tunnel": (("--vtep", "192.0.2.1", "--to-mac", "02:00:00:01:01:02"),
                           "SPLIT_HORIZON"),
}


@pytest.mark.parametrize("case", UNDERLAY)
def test_underlay_refuses(any_world, case):
    w = any_world
    args, reason = UNDERLAY[case]
    doc = explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--icmp", *args,
                  status=DROPPED)
    assert (doc["verdict"], doc["reason"], doc["outputs"]) == ("dropped", reason, [])
    assert doc["at"] == "ul"


def test_not_for_weft(any_world):
    """What the host is to have."""
    w = any_world
    path = w.pcap(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") /
                  IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=5, dport=53))
    doc = explain(w.b, "--underlay", "ul", "--pcap", path, status=PASSED)
    assert doc["reason"] is None and only(doc["outputs"])["to"] == "host"
    assert {s["text"] for s in steps(doc, "classify")} == {
        "not for this node's VTEP 192.0.2.2, VXLAN at UDP port 4789", "its tags name no network of ul"}


# -- by what ---------------------------------------------------------------------------------------

def test_entries_and_rules(world):
    """Each stage with its table; the rule with its name and line."""
    w = world
    doc = explain(w.a, "--port", "a1", "--to", "a2", "--tcp", "22", status=DROPPED)
    reject = line_of(w.lab.file, "22")
    assert [(s["stage"], s["table"]) for s in only(doc["runs"])["steps"]] == [
        ("parse", None), ("classify", "weft_ports"), ("forward", "weft_networks"),
        ("forward", "weft_fdb"), ("flow", None), ("policy", "weft_rule_info"),
        ("policy", "weft_rule_info"), ("policy", "weft_neigh"), ("drop", None), ("answer", None)]
    assert policy(doc) == [("egress", "a1", "allow", "out#1"), ("ingress", "a2", "reject", "in#2")]
    assert (doc["rule"]["name"], doc["rule"]["file"], doc["rule"]["line"]) == ("in#2", w.lab.file, reject)
    text = w.a.weft("explain", "--port", "a1", "--to", "a2", "--tcp", "22", status=DROPPED).stdout
    assert text.splitlines() == [
        f"{w.a1.ip4}:40000 > {w.a2.ip4}:22 TCP SYN, 54 bytes",
        "tc_from_port at wa1",
        f"  classify  wa1 is port a1, network web, {w.a1.mac}  [weft_ports]",
        f"  forward   {w.a2.mac} is at port a2  [weft_fdb]",
        "  flow      none yet: this is a first packet",
        f"  policy    egress of a1: allow by out#1 ({w.lab.file}:{line_of(w.lab.file, 'allow')})  [weft_rule_info]",
        f"  policy    ingress of a2: reject by in#2 ({w.lab.file}:{reject})  [weft_rule_info]",
        "  drop      POLICY_REJECT_INGRESS at a2: the policies of the receiving port deny it; the "
        "sender is told",
        "  answer    back to port a1",
        f"refused: POLICY_REJECT_INGRESS at a2 by in#2 ({w.lab.file}:{reject})",
        "  sender a1, by wa1:",
        f"    {w.a2.ip4}:22 > {w.a1.ip4}:40000 TCP RST,ACK, 54 bytes"]


def test_every_copy(world):
    """A flooded packet: each member's own policies decide about its copy."""
    w = world
    doc = explain(w.a, "--port", "a1", "--to", w.b1.ip4, "--to-mac", "02:00:00:00:00:77", *udp(9))
    assert [s["text"] for s in steps(doc, "flood")] == [f"a copy to node {w.b.node}"]
    assert only(steps(doc, "drop"))["detail"]["port"] == "a2"
    out = only(doc["outputs"])
    assert out["inner"]["text"] == f"{w.a1.ip4}:1000 > {w.b1.ip4}:9 UDP"


def test_verbose(world):
    """Bytes, on request, and steps that decide nothing."""
    w = world
    doc = explain(w.a, "--port", "a1", "--to", "a2", "--tcp", "443")
    args = ("--port", "a1", "--to", "a2", "--tcp", "443")
    plain, hexed, verbose = (w.a.weft("explain", *args, *more).stdout
                             for more in ((), ("--hex",), ("--verbose",)))
    first = doc["runs"][0]["frame"]["hex"][:32]
    row = "    0000  " + " ".join(first[i:i + 2] for i in range(0, 32, 2))
    assert row in hexed and row in verbose and row not in plain
    assert "weft_networks" in verbose and "weft_networks" not in hexed


# -- flows -----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def connection(worlds):
    """Of a client in a1 to port 443 of b1. Once it is established, nothing more is said."""
    w = worlds("native")
    for x, other in ((w.a1, w.b1), (w.b1, w.a1)):
        x.ip(f"addr add {x.ip4}/16 dev eth0", f"neigh replace {other.ip4} lladdr {other.mac} dev eth0")
    listener = w.b1.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((w.b1.ip4, 443))
    listener.listen()
    client = w.a1.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect((w.b1.ip4, 443))
    server, _ = listener.accept()
    client.send(b"question")
    assert server.recv(100) == b"question"
    server.send(b"answer")
    assert client.recv(100) == b"answer"
    time.sleep(0.1)  # the last acknowledgement
    yield w, client.getsockname()[1]
    server.close()


def flow_of(doc):
    return only([s for s in steps(doc, "flow") if s.get("detail")])["detail"]


def test_established(connection):
    """A packet of a connection that there is meets its flow, both ends, both directions; no other
    does. It takes the sequence numbers that are due."""
    w, port = connection
    args = ("--port", "a1", "--to", w.b1.ip4, "--tcp", "443", "--flags", "ACK,PSH")
    doc = explain(w.a, *args, "--source-port", str(port))
    assert (doc["verdict"], doc["live"]) == ("sent", 1)
    flow = flow_of(doc)
    assert (flow["table"], flow["state"], flow["origin"]) == ("weft_flows", "ESTABLISHED", w.a1.ip4)
    assert (flow["egress"]["name"], flow["ingress"]) == ("out#1", None)
    assert not steps(doc, "policy")  # one look-up is all
    doc = explain(w.a, *args, "--source-port", "1")
    assert doc["live"] == 0 and policy(doc)
    doc = explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--tcp", "443", "--flags",
                  "ACK", "--source-port", str(port))
    assert flow_of(doc)["ingress"]["name"] == "in#0" and not steps(doc, "policy")
    doc = explain(w.b, "--port", "b1", "--to", w.a1.ip4, "--tcp", str(port), "--source-port", "443",
                  "--flags", "ACK")
    assert doc["verdict"] == "sent" and flow_of(doc)["origin"] == w.a1.ip4


def test_related(connection):
    """An ICMP error about it passes, one about another does not."""
    w, port = connection

    def error(sport):
        return (Ether(src=w.a1.mac, dst=w.b1.mac) / IP(src=w.a1.ip4, dst=w.b1.ip4) / ICMP(type=3, code=1) /
                IP(src=w.b1.ip4, dst=w.a1.ip4) / TCP(sport=443, dport=sport))
    path = w.pcap(error(port), error(1))
    doc = explain(w.a, "--port", "a1", "--pcap", path)
    assert only(steps(doc, "related"))["detail"]["state"] == "ESTABLISHED"
    doc = explain(w.a, "--port", "a1", "--pcap", path + ":2", status=DROPPED)
    assert doc["reason"] == "ICMP_UNRELATED"


def test_live_under_new_policies(connection):
    """Would a connection survive the next file?"""
    w, port = connection
    args = ("--port", "a1", "--to", w.b1.ip4, "--tcp", "443", "--flags", "ACK", "--source-port",
            str(port))
    document = w.lab.document()
    document["policies"] = [{**POLICIES[0], "rules": [{"action": "deny", "protocol": "tcp"}]}]
    path = w.lab.write("next.yaml", document)
    doc = explain(w.a, *args, "--config", path, status=DROPPED)
    assert (doc["reason"], doc["rule"]["file"]) == ("POLICY_DENY_EGRESS", path)
    assert doc["rule"]["line"] == line_of(path, "deny")
    assert flow_of(doc)["state"] == "ESTABLISHED"
    assert policy(doc) == [("egress", "a1", "deny", "out#0")]
    document["policies"] = []
    doc = explain(w.a, *args, "--config", w.lab.write("next.yaml", document))
    assert policy(doc) == [("egress", "a1", "allow", None), ("ingress", None, "allow", None)]
    assert explain(w.a, *args)["verdict"] == "sent"


def test_fragments(world):
    """A later fragment follows the first, if that has passed on the wire."""
    w = world
    a1 = Frames(w.a1)
    pieces = [Ether(src=w.a1.mac, dst=w.a2.mac) / p for p in fragment(
        IP(src=w.a1.ip4, dst=w.a2.ip4, id=77) / UDP(sport=5, dport=7) / (b"z" * 1000), 600)]
    path = w.pcap(*pieces)
    doc = explain(w.a, "--port", "a1", "--pcap", path + ":2", status=DROPPED)
    assert doc["reason"] == "FRAG_FIRST_MISSING"
    ear = Frames(w.a2)
    a1.send(bytes(pieces[0]))
    wait_until("the first", lambda: bytes(pieces[0]) in ear.poll())
    doc = explain(w.a, "--port", "a1", "--pcap", path + ":2")
    assert (doc["verdict"], doc["live"]) == ("delivered", 2)


@pytest.mark.drops("BROADCAST_REFUSED")
def test_learned(world):
    """A learned address is found; one that would be learned is not, for all that."""
    w = world
    to = ("--port", "a3", "--to", "10.2.1.78", "--to-mac", "02:00:00:00:00:78", "--icmp")
    assert explain(w.a, *to, status=DROPPED)["reason"] == "UNKNOWN_UNICAST"
    args = ("--port", "a4", "--from-mac", "02:00:00:00:00:78", "--from", "10.2.1.78", "--broadcast")
    learn = only(steps(explain(w.a, *args, status=DROPPED), "learn"))
    assert (learn["table"], learn["found"]) == ("weft_learned", False)
    assert learn["text"] == "source 02:00:00:00:00:78 would be learned at port a4"
    assert explain(w.a, *to, status=DROPPED)["reason"] == "UNKNOWN_UNICAST"
    Frames(w.a4).send(bytes(Ether(src="02:00:00:00:00:78", dst="ff:ff:ff:ff:ff:ff") / (b"x" * 60)))
    wait_until("the drop", lambda: w.a.drops()["a4", "BROADCAST_REFUSED"])
    doc = explain(w.a, *to)
    assert [s["text"] for s in steps(doc, "forward")][-1] == "02:00:00:00:00:78 was learned at port a4"
    assert only(doc["outputs"])["name"] == "a4"
    learn = only(steps(explain(w.a, *args, status=DROPPED), "learn"))
    assert learn["text"] == "source 02:00:00:00:00:78 was learned at port a4"


# -- frames of a file ------------------------------------------------------------------------------

@pytest.mark.drops("POLICY_DENY_INGRESS", "MAC_SPOOFED")
def test_capture_file(world):
    """What weft capture has recorded of drops can be asked for as it is: the file says the port."""
    w = world
    path = w.path("drops.pcapng")
    capture = Capture(w.a, "--drops", "-w", path, "--snaplen", "2000")
    a1 = Frames(w.a1)
    a1.send(bytes(Ether(src=w.a1.mac, dst=w.a2.mac) / IP(src=w.a1.ip4, dst=w.a2.ip4) / UDP(dport=9)),
            bytes(Ether(src=w.a2.mac, dst=w.a2.mac) / IP(src=w.a1.ip4, dst=w.a2.ip4) / UDP(dport=7)))
    wait_until("both", lambda: sum(w.a.drops().values()) and os.path.getsize(path) > 0)
    time.sleep(0.2)
    capture.end()
    for number, reason in (1, "POLICY_DENY_INGRESS"), (2, "MAC_SPOOFED"):
        doc = explain(w.a, "--pcap", f"{path}:{number}", status=DROPPED)
        assert (doc["reason"], doc["runs"][0]["interface"]) == (reason, "wa1")
    w.lab.new_drops()


# -- a file that is not applied --------------------------------------------------------------------

def test_config(world):
    """A port that there will be, with an interface that there is not yet."""
    w = world
    document = w.lab.document()
    document["ports"].append({"name": "a9", "node": w.a.node, "interface": "wa9", "network": "web",
                              "mac": "02:00:00:01:01:09", "addresses": ["10.1.1.9"]})
    path = w.lab.write("more.yaml", document)
    p = w.a.weft("explain", "--port", "a9", "--to", "a2", "--tcp", "22", "--json", "--config", path,
                 status=DROPPED)
    doc = json.loads(p.stdout)
    assert (doc["file"], doc["reason"]) == (path, "POLICY_REJECT_INGRESS")
    assert (doc["rule"]["file"], doc["rule"]["line"]) == (path, line_of(path, "22"))
    assert doc["runs"][0]["interface"] == "wa9"
    assert "note: " in p.stderr and "(1 missing)" in p.stderr
    text = w.a.weft("explain", "--port", "a9", "--to", "a2", "--tcp", "22", "--config", path,
                    status=DROPPED).stdout
    assert f"by in#2 ({path}:{line_of(path, '22')})" in text
    w.a.weft("explain", "--port", "a9", "--to", "a2", status=FAILED)


@pytest.mark.parametrize("encap, outer", (
    ("vxlan", "UDP VXLAN VNI 5000"), ("vxlan-gbp", "UDP VXLAN VNI 5000"), ("geneve", "UDP Geneve VNI 5000"),
    ("nvgre", "NVGRE VSID 5000")))
def test_config_of_nobody(encap, outer):
    """On a machine with nothing of what the file says, where nothing was ever applied."""
    node = unique("explain-none")
    document = {"nodes": [{"name": node, "vtep": "192.0.2.1", "uplinks": ["no-such-if"]},
                          {"name": "far", "vtep": "192.0.2.2"}],
                "networks": [{"name": "web", "vni": 5000, "encap": encap}],
                "ports": [{"name": "here", "node": node, "interface": "nope", "network": "web",
                           "mac": "02:00:00:00:00:01", "addresses": ["10.9.0.1"]},
                          {"name": "there", "node": "far", "network": "web", "mac": "02:00:00:00:00:02",
                           "addresses": ["10.9.0.2"]}]}
    args = ("--config", "-", "--node", node, "--json")
    p = run(WEFT, "explain", "--port", "here", "--to", "10.9.0.2", *args, check=False,
            input=json.dumps(document))
    assert p.returncode == OK, p.stderr
    out = only(json.loads(p.stdout)["outputs"])
    assert (out["name"], out["interface"], out["frame"]["text"].split(" ")[0].split(":")[0]) == (
        "far", "no-such-if", "192.0.2.1")
    assert out["frame"]["text"].endswith(outer)
    assert out["inner"]["text"] == "10.9.0.1 > 10.9.0.2 ICMP echo request"
    p = run(WEFT, "explain", "--underlay", "no-such-if", "--from", "10.9.0.2", "--to", "here", *args,
            check=False, input=json.dumps(document))
    assert p.returncode == OK and json.loads(p.stdout)["verdict"] == "delivered", p.stderr
    assert not os.path.exists(f"{PINS}/v1/{node}")
    document["ports"][0]["network"] = "wbe"
    p = run(WEFT, "explain", "--port", "here", "--to", "10.9.0.2", *args, check=False,
            input=json.dumps(document, indent=1))
    assert p.returncode == INVALID and 'did you mean "web"?' in p.stderr


def test_tags():
    """Ports of a trunk, and a network that lives on the uplink as a VLAN: frames with their tags."""
    node = unique("explain-tags")

    def port(name, host, network, n, **more):
        return {"name": name, "node": host, "network": network, "mac": f"02:00:00:00:00:0{n}",
                "addresses": [f"10.9.0.{n}"], **more}
    document = {
        "nodes": [{"name": node, "vtep": "192.0.2.1", "uplinks": ["no-such-if"]},
                  {"name": "far", "vtep": "192.0.2.2"}],
        "networks": [{"name": "web", "vni": 100}, {"name": "lan", "encap": "vlan", "vlan": 7}],
        "ports": [port("plain", node, "web", 1, interface="nope"),
                  port("t70", node, "web", 2, interface="no-trunk", vlan=70),
                  port("t80", node, "lan", 3, interface="no-trunk", vlan=80),
                  port("far-web", "far", "web", 4), port("far-lan", "far", "lan", 5)]}

    def ask(*args, status=OK):
        p = run(WEFT, "explain", "--config", "-", "--node", node, "--json", *args, check=False,
                input=json.dumps(document))
        assert p.returncode == status, (args, p.stdout, p.stderr)
        return json.loads(p.stdout)

    def way(doc):
        """The frame that came in, the last that went out, and where to."""
        out = only(doc["outputs"])
        return doc["runs"][0]["frame"]["text"], out["frame"]["text"], (out["to"], out["name"])
    echo = " ICMP echo request"
    assert way(ask("--port", "t70", "--to", "plain")) == (
        f"VLAN 70 10.9.0.2 > 10.9.0.1{echo}", f"10.9.0.2 > 10.9.0.1{echo}", ("port", "plain"))
    assert way(ask("--port", "plain", "--to", "t70")) == (
        f"10.9.0.1 > 10.9.0.2{echo}", f"VLAN 70 10.9.0.1 > 10.9.0.2{echo}", ("port", "t70"))
    doc = ask("--port", "t80", "--to", "10.9.0.5")
    assert way(doc) == (f"VLAN 80 10.9.0.3 > 10.9.0.5{echo}", f"VLAN 7 10.9.0.3 > 10.9.0.5{echo}",
                        ("wire", "no-such-if.7"))
    assert [s["text"] for s in steps(doc, "classify")] == [
        "no-trunk is a trunk", "its tags name port t80, network lan"]
    assert way(ask("--underlay", "no-such-if", "--network", "lan", "--from", "10.9.0.5", "--to", "t80")) == (
        f"VLAN 7 10.9.0.5 > 10.9.0.3{echo}", f"VLAN 80 10.9.0.5 > 10.9.0.3{echo}", ("port", "t80"))
    copies = ask("--port", "plain", "--broadcast")["outputs"]
    assert [(o["to"], o["name"], o["frame"]["text"].startswith("VLAN 70 ")) for o in copies] == [
        ("port", "t70", True), ("node", "far", False)]


# -- nothing is changed ----------------------------------------------------------------------------

def dump(host):
    """Every entry of every map of a node."""
    (maps,) = [f"{PINS}/{v}/{host.node}/maps" for v in os.listdir(PINS)
               if os.path.exists(f"{PINS}/{v}/{host.node}")]
    out = {}
    for name in sorted(os.listdir(maps)):
        if name != "weft_cap_out":  # holds descriptors, which cannot be read
            out[name] = run("bpftool", "-j", "map", "dump", "pinned", f"{maps}/{name}",
                            timeout=60).stdout
    return out


def settled(hosts):
    """Wait until nobody says anything any more, such as a late acknowledgement."""
    last, now = None, [dump(h) for h in hosts]
    while now != last:
        time.sleep(0.3)
        last, now = now, [dump(h) for h in hosts]


def test_nothing_is_changed(connection):
    """Neither a table nor a counter, nor does anybody see a packet or a capture a record."""
    w, port = connection
    path = w.pcap(*(Ether(src=w.a1.mac, dst=w.a2.mac) / p for p in fragment(
        IP(src=w.a1.ip4, dst=w.a2.ip4, id=78) / UDP(sport=5, dport=7) / (b"z" * 1000), 600)))
    document = w.lab.document()
    document["policies"] = []
    other = w.lab.write("other.yaml", document)
    hosts = (w.a, w.b)
    settled(hosts)
    captures = [Capture(h, "--json") for h in hosts]
    renewed = {"weft_cap_conf"}  # by the captures themselves
    before = [dump(h) for h in hosts]
    ears = [Frames(x) for x in (w.a1, w.a2, w.a3, w.a4, w.b1, w.b2)]
    wire = Frames(w.b, "ul")
    names = ("local", "remote", "denied here", "reset", "too big", "spoofed", "ARP", "unknown MAC",
             "broadcast", "dark")
    for name in names:
        args, _, reason = port_cases(w)[name]
        explain(w.a, *args, status=DROPPED if reason else OK)
    flow = ("--source-port", str(port), "--flags", "ACK")
    for flags in "ACK", "FIN,ACK", "RST", "SYN":  # each would change the flow
        w.a.weft("explain", "--port", "a1", "--to", w.b1.ip4, "--tcp", "443", "--source-port",
                 str(port), "--flags", flags)
    explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--tcp", "443", *flow)
    explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b1", "--tcp", "22", status=DROPPED)
    explain(w.b, "--underlay", "ul", "--from", w.a1.ip4, "--to", "b2", "--broadcast")
    explain(w.a, "--port", "a1", "--pcap", path)
    explain(w.a, "--port", "a1", "--to", w.b1.ip4, "--tcp", "443", *flow, "--config", other)
    for host, was in zip(hosts, before):
        now = dump(host)
        assert now.keys() == was.keys()
        changed = {name for name in now if now[name] != was[name]} - renewed
        assert not changed, {name: (was[name], now[name]) for name in changed}
    assert [c.packets() for c in captures] == [[], []]
    heard = [ear.poll() for ear in ears] + [[f for f in wire.poll() if f[12:14] != ARP]]
    assert not any(heard), heard


# -- what is asked wrongly -------------------------------------------------------------------------

WRONG = [  # arguments, exit status, what is said
    ((), INVALID, "say where it goes"),
    (("--to", "10.1.1.2"), INVALID, "say where it comes from"),
    (("--port", "a1", "--underlay", "ul", "--to", "a2"), INVALID, "not both"),
    (("--port", "a1", "--to", "a2", "--vni", "5"), INVALID, "go with --underlay"),
    (("--port", "a1", "--to", "a2", "--tcp", "70000"), INVALID, "from 0 to 65535"),
    (("--port", "a1", "--to", "a2", "--tcp", "1", "--udp", "1"), INVALID, "one of --tcp"),
    (("--port", "a1", "--to", "a2", "--udp", "1", "--flags", "SYN"), INVALID, "goes with --tcp"),
    (("--port", "a1", "--to", "a2", "--tcp", "1", "--flags", "SIN"), INVALID, "--flags SIN"),
    (("--port", "a1", "--to", "a2", "--tcp", "1", "--size", "39"), INVALID, "take 40 bytes"),
    (("--port", "a1", "--to", "a2", "--from-mac", "1:2"), INVALID, "a MAC address"),
    (("--port", "a1", "--to", "a2", "--icmp=x"), INVALID, "a type"),
    (("--port", "a1", "--to", "nowhere"), INVALID, "neither an address nor a port"),
    (("--port", "a1", "--to", "a3"), INVALID, "in another network"),
    (("--port", "a1", "--to", "10.1.77.77"), INVALID, "--to-mac"),
    (("--port", "a1", "--from", "10.1.1.1", "--to", "fd00:1::2:1"), INVALID, "IP versions"),
    (("--port", "a11", "--to", "a2"), FAILED, 'did you mean "a1"?'),
    (("--port", "ul", "--to", "a2"), FAILED, "no port of a network"),
    (("--underlay", "wa1", "--to", "a2", "--network", "web"), FAILED, "no uplink"),
    (("--underlay", "ul", "--to", "a2"), INVALID, "in which --network"),
    (("--underlay", "ul", "--to", "a2", "--network", "web"), INVALID, "--from ADDRESS"),
    (("--underlay", "ul", "--to", "a2", "--network", "web", "--from", "10.1.77.77"), INVALID,
     "--from-mac"),
    (("--from", "10.1.2.1", "--network", "web", "--to", "a2"), FAILED, "--underlay"),
    (("--port", "a1", "--pcap", "/nowhere"), FAILED, "No such file"),
    (("--port", "a1", "--pcap", WEFT), INVALID, "neither pcap nor pcapng"),
    (("--pcap", "x", "--tcp", "5"), INVALID, "--pcap has the whole frame"),
    (("--config", "/nowhere.yaml", "--port", "a1", "--to", "a2"), FAILED, "No such file"),
]


@pytest.mark.parametrize("args, status, says", WRONG, ids=lambda x: " ".join(x) or "nothing"
                         if isinstance(x, tuple) else "")
def test_wrong(world, args, status, says):
    p = world.a.weft("explain", *args, status=status)
    assert says in " ".join(p.stderr.split()), p.stderr
    assert not p.stdout


def test_no_node():
    p = run(WEFT, "explain", "--node", unique("explain-no"), "--port", "x", "--to", "10.1.1.1", check=False)
    assert p.returncode == NOT_APPLIED, p.stderr
