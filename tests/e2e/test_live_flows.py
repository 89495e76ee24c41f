# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft show flows, weft show policies and weft flows flush, on flows that somebody did send: what is
shown is what was sent, and what is flushed is found again by the next packet.

    a1 = a [ul]====[ul] b = b1        b1 takes UDP from anybody, TCP, and no ping
"""
import json
import socket
import time

import pytest

from netns import run, wait_until
from test_show_flows import Node
from traffic import TIMEOUT, udp_pair, unreachable

HEADERS = {4: 14 + 20 + 8, 6: 14 + 40 + 8}  # of a datagram, from Ethernet on
POLICY = {"name": "b-in", "applies_to": {"ports": ["b1"]}, "direction": "ingress",
          "rules": [{"protocol": "udp"}, {"protocol": "tcp"}, {"action": "deny", "protocol": "icmp"},
                    {"protocol": "icmpv6"}]}  # of which workloads send some by themselves


@pytest.fixture
def nodes(pair):
    """Hosts a and b as Nodes."""
    lab = pair(apply=False)
    lab.top["policies"] = [POLICY]
    lab.apply()
    return [Node(h) for h in lab.hosts]


def only(rows):
    (row,) = rows
    return row


def counted(node, what, key):
    """An entry of an array of counters."""
    p = run("bpftool", "-j", "map", "lookup", "pinned", f"{node.maps}/{what}", "key",
            *key.to_bytes(4, "little"))
    return json.loads(p.stdout)["formatted"]["value"]


def established(node, port):
    return counted(node, "weft_flow_use", node.port[port])["established"]


@pytest.mark.parametrize("family", (4, 6))
def test_datagrams(nodes, family):
    """On the node of each side, and in the counts of the rule that let them in."""
    a, b = nodes
    a1, b1 = a.host.lab.workloads
    with udp_pair(a1, b1, family) as (s, r):
        for _ in range(5):
            s.send(b"x" * 100)
            back = r.recvfrom(1000)[1]
        for _ in range(2):
            r.sendto(b"y" * 10, back)
            s.recv(1000)
        (_, from_port), (_, to_port) = s.getsockname()[:2], r.getsockname()[:2]
    sent = {"packets": 5, "bytes": 5 * (100 + HEADERS[family])}
    got = {"packets": 2, "bytes": 2 * (10 + HEADERS[family])}
    row_a, row_b = (only(node.rows("--protocol", "udp", "--peer-port", str(to_port))) for node in nodes)
    sides = {"address": a1.address(family), "port": from_port, **sent}, \
            {"address": b1.address(family), "port": to_port, **got}
    assert row_a["origin"] == {**sides[0], "kind": "local", "at": "a1"}
    assert row_a["other"] == {**sides[1], "kind": "remote", "at": b.host.node}
    assert row_b["origin"] == {**sides[0], "kind": "remote", "at": a.host.node}
    assert row_b["other"] == {**sides[1], "kind": "local", "at": "b1"}
    for row in (row_a, row_b):
        assert (row["network"], row["protocol"], row["state"]) == ("web", "udp", "REPLIED")
        assert not row["stale"] and not row["expired"] and row["left_ms"] > 0
    assert (row_a["guarded"], row_b["guarded"]) == (False, True)
    assert row_a["rules"]["ingress"] is None and row_b["rules"]["ingress"] == "b-in#0"
    assert row_b["rules"]["egress"] is None

    rule = only(r for r in b.rows("--policy", "b-in", what="policies") if r["rule"] == 0)
    assert rule["id"] == row_b["rules"]["ingress_id"]
    assert (rule["packets"], rule["bytes"]) == (7, sent["bytes"] + got["bytes"])
    assert rule["hits"] == 1 and rule["last_hit_ms"] is not None


def test_idle_time_is_measured_by_the_kernels_ticks(nodes):
    """What putflows makes up is one clock; the other is the kernel's own."""
    a = nodes[0]
    a1, b1 = a.host.lab.workloads
    with udp_pair(a1, b1, 4) as (s, r):
        s.send(b"x")
        r.recv(10)
        time.sleep(0.5)
        row = only(a.rows("--protocol", "udp", "--port", "a1"))
        assert 400 <= row["idle_ms"] <= row["age_ms"] + 100
        s.send(b"x")
        r.recv(10)
        later = only(a.rows("--protocol", "udp", "--port", "a1"))
        assert later["age_ms"] - row["age_ms"] > later["idle_ms"] - row["idle_ms"]


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_denials(nodes):
    b = nodes[1]
    a1, b1 = b.host.lab.workloads
    assert b.rows("--denied", what="policies") == []
    unreachable(a1, b1.ip4)
    row = only(b.rows("--denied", what="policies"))
    assert (row["policy"], row["rule"], row["action"], row["hits"], row["packets"]) == (
        "b-in", 2, "deny", 1, 1)
    assert b.rows("--protocol", "icmp") == []


class Connection:
    """TCP from one workload to another."""

    def __init__(self, src, dst):
        listener = dst.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind((dst.ip4, 0))
        listener.listen(1)
        self.near = src.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.near.settimeout(TIMEOUT)
        self.near.connect(listener.getsockname())
        self.far = listener.accept()[0]
        self.far.settimeout(TIMEOUT)
        listener.close()

    def exchange(self):
        self.near.sendall(b"there")
        assert self.far.recv(100) == b"there"
        self.far.sendall(b"and back")
        assert self.near.recv(100) == b"and back"

    def close(self):
        self.near.close()
        self.far.close()


def test_a_flushed_connection_goes_on(nodes):
    """It is judged anew, and what is counted of it stays right."""
    b = nodes[1]
    connection = Connection(*b.host.lab.workloads)
    connection.exchange()
    before = only(b.rows("--protocol", "tcp"))
    assert (before["table"], before["state"], before["loose"]) == ("established", "ESTABLISHED", False)
    assert established(b, "b1") == 1
    ended = sum(v["ended"] for v in stat(b))

    assert b.flush("--port", "b1", "--peer-port", str(before["other"]["port"])) == 1
    assert b.rows("--protocol", "tcp") == [] and established(b, "b1") == 0
    assert sum(v["ended"] for v in stat(b)) == ended + 1

    connection.exchange()
    after = only(b.rows("--protocol", "tcp"))
    assert after["origin"]["address"] == before["origin"]["address"] and after["loose"]
    assert after["rules"] == before["rules"] and after["age_ms"] < before["age_ms"] + 60000
    wait_until("the opener's acknowledgement, which may be delayed", lambda: established(b, "b1") == 1)
    connection.close()
    wait_until("the end of the connection",
               lambda: only(b.rows("--protocol", "tcp"))["state"] in ("TIME_WAIT", "LAST_ACK", "CLOSE"))
    assert b.flush("--protocol", "tcp") == 1
    assert established(b, "b1") == 0


def stat(node):
    """weft_flow_stat of each CPU."""
    p = run("bpftool", "-j", "map", "lookup", "pinned", f"{node.maps}/weft_flow_stat", "key", 0, 0, 0, 0)
    return [each["value"] for each in json.loads(p.stdout)["formatted"]["values"]]


def test_flush_keeps_to_its_conditions(nodes):
    b = nodes[1]
    a1, b1 = b.host.lab.workloads
    connection = Connection(a1, b1)
    connection.exchange()
    with udp_pair(a1, b1, 4) as (s, r):
        s.send(b"x")
        r.recv(10)
    assert b.flush("--protocol", "udp") == 1
    assert b.rows("--protocol", "udp") == []
    assert len(b.rows("--protocol", "tcp")) == 1 and established(b, "b1") == 1
    assert b.flush("--address", a1.ip4, "--state", "established") == 1
    assert b.rows("--protocol", "tcp") == [] and established(b, "b1") == 0
    connection.exchange()
    connection.close()


def test_flows_are_stale_until_their_next_packet(nodes):
    """After the policies have changed."""
    b = nodes[1]
    lab = b.host.lab
    connection = Connection(*lab.workloads)
    connection.exchange()
    assert not only(b.rows("--protocol", "tcp"))["stale"]
    lab.top["policies"] = [{**POLICY, "rules": POLICY["rules"][::-1]}]
    b.host.apply(lab.write("other.yaml"))
    assert only(b.rows("--protocol", "tcp"))["stale"]
    connection.exchange()
    row = only(b.rows("--protocol", "tcp"))
    assert not row["stale"] and row["rules"]["ingress"] == "b-in#2"
    connection.close()
