# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft show flows, weft show policies and weft flows flush, on flows that nobody has sent: putflows
writes them into the maps. The workloads are quiet, so that no flow comes of itself.

    a1, a2 = a [ul]====[ul] b = b1, b2
"""
import fcntl
import glob
import json
import os
import random

import pytest

from lab import BUILD, BUSY, FAILED, INVALID, NOT_APPLIED, WEFT, two_hosts
from netns import LOCKS, PINS, run

# Of enum weft_flow_state.
SYN_SENT, ESTABLISHED, FIN_WAIT, UDP_REPLIED, ICMP_REPLIED, OTHER_UNREPLIED = 1, 4, 5, 11, 13, 14
GUARDED, KEEP = 1, 2
TIMEOUT = 60000  # of every state, in ms
TOLERANCE = 20000  # in ms; a loaded machine takes its time between writing and reading


class Node:
    """A host that is shown, with ids for putflows."""

    def __init__(self, host):
        self.host = host
        (self.maps,) = glob.glob(f"{PINS}/v*/{host.node}/maps")
        self.port = {p["port"]: p["id"] for p in host.show("ports")}
        self.network = {n["network"]: n["id"] for n in host.show("networks")}
        self.tunnel = {t["node"]: t["id"] for t in host.show("tunnels")}

    def put(self, *lines):
        """Write entries; the clock says that everything is idle as of now."""
        run(os.path.join(BUILD, "tests/e2e/putflows"), self.maps, timeout=120,
            input="\n".join((f"clock tick_ns=4000000 timeout={TIMEOUT}", *lines)) + "\n")

    def show(self, what, *args, **kwargs):
        return self.host.weft("show", what, *args, **kwargs).stdout

    def rows(self, *args, what="flows"):
        document = json.loads(self.show(what, *args, "--json"))
        assert list(document) == ["node", what] and document["node"] == self.host.node
        return document[what]

    def found(self, *args):
        """Flows by the port that they come from, which is what tells those of a test apart."""
        return sorted(row["origin"]["port"] for row in self.rows(*args))

    def counts(self, *args):
        document = json.loads(self.show("flows", "--count", *args, "--json"))
        return {row["table"]: row["flows"] for row in document["counts"]}

    def flush(self, *args):
        document = json.loads(self.host.weft("flows", "flush", *args, "--json").stdout)
        assert document["node"] == self.host.node
        return document["flows"]


def flow(**words):
    """A line for putflows: TCP in the first network, if not said otherwise."""
    words = {"table": "weft_flows", "network": 1, "proto": 6, "state": ESTABLISHED,
             "from": "10.1.1.1", "to": "10.1.2.1", "from_port": 1000, "to_port": 443, **words}
    return "flow " + " ".join(k if v is True else f"{k}={v}" for k, v in words.items())


@pytest.fixture(scope="module")
def applied():
    """Networks web and other on both hosts; b is only ever spoken of."""
    lab = two_hosts("flows", ports=2, quiet=True)
    everywhere = [h.node for h in lab.hosts]
    lab.networks[0].options["nodes"] = everywhere
    lab.network("other", nodes=everywhere)
    lab.hosts[0].apply(lab.write())
    yield Node(lab.hosts[0])
    lab.close()


@pytest.fixture
def node(applied):
    """Without any flow or rule."""
    applied.put("clear")
    return applied


@pytest.fixture
def mixed(node):
    """A flow of every kind that filters tell apart."""
    a1, a2 = (f"local:{node.port[p]}" for p in ("a1", "a2"))
    v6 = {"from": "fd00:1::1:1", "to": "fd00:1::2:1"}
    node.put(flow(from_port=1, from_at=a1),
             flow(from_port=2, from_at=a1, to_at=a2, proto=17, state=UDP_REPLIED, to="10.1.1.2",
                  to_port=53, table="weft_flows_new"),
             flow(from_port=3, to_port=80, **v6),
             flow(from_port=4, state=SYN_SENT, table="weft_flows_new"),
             flow(from_port=5, to_at=a1, state=FIN_WAIT, table="weft_flows_over", **v6),
             flow(from_port=6, network=node.network["other"]))
    return node


def near(value, expected):
    """A span of time grows while the test runs."""
    return expected <= value <= expected + TOLERANCE


# -- flows -----------------------------------------------------------------------------------------

def test_no_flows(node):
    assert node.rows() == [] == node.rows("--expired")
    header, = node.show("flows").splitlines()[1:]
    assert header.split()[:3] == ["NETWORK", "PROTOCOL", "ADDRESS"]
    assert node.counts() == {"established": 0, "new": 0, "over": 0}
    assert node.show("flows", "--count").split() == ["TABLE", "FLOWS", "established", "0", "new",
                                                     "0", "over", "0"]


def test_a_row_says_everything(node):
    a = node.host
    b = a.lab.hosts[1]
    node.put("rule id=5 policy=web-out index=2 line=31 direction=1 action=1",
             flow(flags=GUARDED | KEEP, idle=2000, age=5000, egress=5, ingress=77,
                  from_at=f"local:{node.port['a1']}", to_at=f"tunnel:{node.tunnel[b.node]}",
                  sent="10,840", got="9,720", loose=True))
    (row,) = node.rows()
    assert near(row.pop("age_ms"), 5000) and near(row.pop("idle_ms"), 2000)
    left = row.pop("left_ms")
    assert TIMEOUT - 2000 - TOLERANCE <= left <= TIMEOUT - 2000
    assert row == {
        "network": "web", "protocol": "tcp", "protocol_number": 6,
        "origin": {"address": "10.1.1.1", "port": 1000, "kind": "local", "at": "a1",
                   "packets": 10, "bytes": 840},
        "other": {"address": "10.1.2.1", "port": 443, "kind": "remote", "at": b.node,
                  "packets": 9, "bytes": 720},
        "icmp_id": None, "table": "established", "state": "ESTABLISHED",
        "rules": {"egress": "web-out#2", "egress_id": 5, "ingress": "#77", "ingress_id": 77},
        "guarded": True, "keep": True, "loose": True, "routed": False, "stale": False, "expired": False}


def test_a_row_for_people(node):
    node.put(flow(idle=100, egress=0, from_at=f"local:{node.port['a1']}", sent="10,840"))
    groups, header, row = node.show("flows").splitlines()
    assert groups.split() == ["origin", "other", "rules"]
    side = ["ADDRESS", "AT", "PACKETS", "BYTES"]
    assert header.split() == ["NETWORK", "PROTOCOL", *side, *side, "TABLE", "STATE", "AGE", "IDLE",
                              "LEFT", "EGRESS", "INGRESS", "FLAGS"]
    words = row.split()
    assert words[:12] == ["web", "tcp", "10.1.1.1:1000", "a1", "10", "840", "10.1.2.1:443", "-", "0",
                          "0", "established", "ESTABLISHED"]
    assert words[-3:] == ["-", "-", "-"]
    assert all(h == " " or row.index(w) == header.index(h) for w, h in (
        ("web", "NETWORK"), ("tcp", "PROTOCOL"), ("10.1.1.1", "ADDRESS"), ("ESTABL", "STATE")))


@pytest.mark.parametrize("origin, other, port", (("10.1.1.1", "10.1.2.1", 1000),
                                                 ("10.1.2.1", "10.1.1.1", 1000),
                                                 ("fd00:1::1:1", "fd00:1::2:1", 2000),
                                                 ("fd00:1::2:1", "fd00:1::1:1", 2000),
                                                 ("10.1.1.1", "10.1.1.1", 1000)))
def test_who_opened_it_stands_first(node, origin, other, port):
    node.put(flow(**{"from": origin, "to": other, "from_port": port}, sent="3,300", got="2,200"))
    (row,) = node.rows()
    assert {**row["origin"], **{"kind": 0, "at": 0}} == {
        "address": origin, "port": port, "kind": 0, "at": 0, "packets": 3, "bytes": 300}
    assert {**row["other"], **{"kind": 0, "at": 0}} == {
        "address": other, "port": 443, "kind": 0, "at": 0, "packets": 2, "bytes": 200}
    text = node.show("flows").splitlines()[-1].split()
    assert text[2] == (f"[{origin}]:{port}" if ":" in origin else f"{origin}:{port}")


def test_other_protocols(node):
    """ICMP queries have an identifier, the rest neither that nor ports."""
    node.put(flow(proto=1, state=ICMP_REPLIED, from_port=777, to_port=8, asks=True),
             flow(proto=47, state=OTHER_UNREPLIED, from_port=0, to_port=0, table="weft_flows_new"))
    ping, gre = sorted(node.rows(), key=lambda row: row["protocol_number"])
    assert (ping["protocol"], ping["icmp_id"], ping["state"]) == ("icmp", 777, "REPLIED")
    assert (gre["protocol"], gre["icmp_id"], gre["state"]) == ("47", None, "UNREPLIED")
    assert {row[side]["port"] for row in (ping, gre) for side in ("origin", "other")} == {None}
    text = sorted(line.split()[1:] for line in node.show("flows").splitlines()[2:])
    assert [(t[0], t[1], t[5]) for t in text] == [("47", "10.1.1.1", "10.1.2.1"),
                                                  ("icmp", "10.1.1.1:777", "10.1.2.1")]


def test_stale_ones_were_decided_under_another_generation(node):
    node.put(flow(from_port=1), flow(from_port=2, policy=999), flow(from_port=3, forwarding=999))
    assert {row["origin"]["port"]: row["stale"] for row in node.rows()} == {1: False, 2: True, 3: True}
    assert node.show("flows").count("stale") == 2


def test_where_nobody_knows(node):
    node.put(flow(from_at="flood", to_at="local:9999"))
    (row,) = node.rows()
    assert (row["origin"]["kind"], row["origin"]["at"]) == ("flood", "everywhere")
    assert (row["other"]["kind"], row["other"]["at"]) == ("local", "#9999")


def test_expired_ones_are_over(node):
    """Those of the LRU tables stay until their room is wanted; those of weft_flows have timers."""
    old = {"idle": TIMEOUT + 1000}
    node.put(flow(from_port=1, table="weft_flows_new", **old), flow(from_port=2, table="weft_flows_new"),
             flow(from_port=3, table="weft_flows_over", **old), flow(from_port=4, **old))
    assert node.found() == [2, 4]
    assert node.found("--expired") == [1, 2, 3, 4]
    assert {row["origin"]["port"]: row["expired"] for row in node.rows("--expired")} == {
        1: True, 2: False, 3: True, 4: False}
    assert node.counts() == {"established": 1, "new": 1, "over": 0}
    assert node.counts("--expired") == {"established": 1, "new": 2, "over": 1}


FILTERS = (
    ((), [1, 2, 3, 4, 5, 6]),
    (("--network", "web"), [1, 2, 3, 4, 5]),
    (("--network", "other"), [6]),
    (("--port", "a1"), [1, 2, 5]),
    (("--port", "a2"), [2]),
    (("--address", "10.1.2.1"), [1, 4, 6]),
    (("--address", "10.1.0.0/16"), [1, 2, 4, 6]),
    (("--address", "fd00:1::/64"), [3, 5]),
    (("--address", "::/0"), [3, 5]),
    (("--address", "10.1.2.2"), []),
    (("--peer-port", "443"), [1, 4, 5, 6]),
    (("--peer-port", "1"), []),
    (("--protocol", "udp"), [2]),
    (("--protocol", "17"), [2]),
    (("--protocol", "icmp"), []),
    (("--state", "established"), [1, 3, 6]),
    (("--state", "fin-wait", "--state", "REPLIED"), [2, 5]),
    (("--table", "new"), [2, 4]),
    (("--table", "new", "--table", "over"), [2, 4, 5]),
    (("--port", "a1", "--protocol", "tcp", "--address", "10.0.0.0/8"), [1]),
    (("--network", "other", "--port", "a1"), []),
)


@pytest.mark.parametrize("args, found", FILTERS, ids=lambda x: " ".join(map(str, x)))
def test_filters(mixed, args, found):
    assert mixed.found(*args) == found
    assert sum(mixed.counts(*args).values()) == len(found)
    assert len(mixed.show("flows", *args).splitlines()) == 2 + len(found)


def test_a_limit(mixed):
    assert len(mixed.rows("--limit", "4")) == 4
    assert len(mixed.rows("--limit", "1", "--table", "over")) == 1
    assert len(mixed.rows("--limit", "100")) == 6
    assert len(mixed.show("flows", "--limit", "2").splitlines()) == 4
    assert mixed.counts("--table", "new") == {"new": 2}


@pytest.mark.parametrize("args, status, message", (
    (("--network", "wbe"), FAILED, 'no network is called "wbe" here; did you mean "web"?'),
    (("--port", "zz"), FAILED, 'no port is called "zz" here'),
    (("--address", "10.1.2.1/16"), INVALID, "has host bits set; write 10.1.0.0/16"),
    (("--address", "a1"), INVALID, "is not an IP address; write an address or a prefix, such as"),
    (("--state", "up"), INVALID, "is no state; write SYN_SENT,"),
    (("--protocol", "http"), INVALID, "write tcp, udp, sctp, icmp, icmpv6 or a number from 0 to 255"),
    (("--table", "old"), INVALID, "write established, new or over"),
    (("--peer-port", "65536"), INVALID, "write a number from 0 to 65535"),
    (("--limit", "0"), INVALID, "write a number from 1 to"),
    (("--count", "--limit", "3"), INVALID, "takes no --limit"),
    (("--denied",), INVALID, "flows takes no --denied"),
    (("--reasons",), INVALID, "flows takes no --reasons"),
))
def test_what_is_wrong_is_named(mixed, args, status, message):
    p = mixed.host.weft("show", "flows", *args, status=status)
    assert message in p.stderr and not p.stdout


@pytest.mark.parametrize("args, message", (
    (("ports", "--state", "established"), "ports takes no --state"),
    (("ports", "--count"), "ports takes no --count"),
    (("policies", "--network", "web"), "policies takes no --network"),
    (("flos",), 'did you mean "flows"?'),
))
def test_other_listings_have_no_such_options(mixed, args, message):
    assert message in mixed.host.weft("show", *args, status=INVALID).stderr


def test_a_full_disk_is_no_success(mixed):
    for how in "", "--json", "--count":
        p = run("sh", "-c", f"exec '{WEFT}' show flows {how} --node {mixed.host.node} >/dev/full",
                check=False)
        assert p.returncode == FAILED and "standard output: No space left" in p.stderr


def test_many_flows_while_more_are_made(node):
    """What was there before and stays is listed once, whatever comes meanwhile."""
    n = 20000
    node.put(*(flow(**{"from": f"10.1.{i >> 8}.{i & 255}", "from_port": 1}) for i in range(n)))
    others = list(range(n))
    random.Random(1).shuffle(others)
    lines = (flow(**{"from": f"10.1.{i >> 8}.{i & 255}", "from_port": 2}, table="weft_flows_new")
             for i in others)
    path = os.path.join(node.host.lab.dir, "more")
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    more = node.host.spawn("sh", "-c", f"exec '{BUILD}/tests/e2e/putflows' '{node.maps}' <'{path}'")
    seen = [row["origin"]["address"] for row in node.rows("--table", "established")]
    assert len(seen) == len(set(seen)) == n
    while more.popen.poll() is None:
        addresses = [row["origin"]["address"] for row in node.rows() if row["origin"]["port"] == 1]
        assert len(addresses) == len(set(addresses)) == n
    more.finish()
    assert len(node.show("flows", "--peer-port", "443", "--table", "established").splitlines()) == n + 2


def test_bpftool_reads_flows_too(node):
    """By the names of the struct, as docs/cli.md says."""
    node.put(flow(from_port=40000, state=ESTABLISHED, sent="10,840"))
    (entry,) = json.loads(run("bpftool", "-j", "map", "dump", "pinned",
                              f"{node.maps}/weft_flows").stdout)
    key, value = entry["formatted"]["key"], entry["formatted"]["value"]
    assert (key["network"], key["proto"]) == (1, 6) and len(key["addr"]) == 2
    assert value["flow"]["state"] == ESTABLISHED
    assert {"packets": 10, "bytes": 840} in value["flow"]["count"]


# -- flush -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, found", FILTERS[1:], ids=lambda x: " ".join(map(str, x)))
def test_flush_takes_what_the_listing_shows(mixed, args, found):
    assert mixed.flush(*args) == len(found)
    assert mixed.found() == [n for n in range(1, 7) if n not in found]
    assert mixed.flush(*args) == 0


def test_flush_all(mixed):
    """Also those that are over, and more than go into one order."""
    mixed.put(flow(from_port=7, table="weft_flows_new", idle=TIMEOUT + 1000),
              *(flow(from_port=100 + i, table="weft_flows_over" if i % 2 else "weft_flows")
                for i in range(5000)))
    assert mixed.host.weft("flows", "flush", "--all").stdout == f"{mixed.host.node}: 5007 flows flushed\n"
    assert mixed.rows("--expired") == []
    assert mixed.host.weft("flows", "flush", "--all").stdout == f"{mixed.host.node}: 0 flows flushed\n"


@pytest.mark.parametrize("args, status, message", (
    ((), INVALID, "Usage: weft flows"),
    (("flush",), INVALID, "say which flows, or --all"),
    (("flush", "--json"), INVALID, "say which flows, or --all"),
    (("flush", "--all", "--network", "web"), INVALID, "--all does not go with --network"),
    (("flush", "--all", "--state", "CLOSE"), INVALID, "--all does not go with --state"),
    (("flush", "web"), INVALID, "flush takes options only"),
    (("flsh", "--all"), INVALID, 'did you mean "flush"?'),
    (("list",), INVALID, "weft show flows"),
    (("flush", "--network", "wbe"), FAILED, 'did you mean "web"?'),
    (("flush", "--address", "10.1.2.1/16"), INVALID, "write 10.1.0.0/16"),
    (("flush", "--all", "--expired"), INVALID, "--expired"),
))
def test_flush_refuses_what_is_not_clear(mixed, args, status, message):
    p = mixed.host.weft("flows", *args, status=status)
    assert message in p.stderr and not p.stdout
    assert mixed.found() == [1, 2, 3, 4, 5, 6]


def test_flush_waits_for_no_other_weft(mixed):
    """An apply may be copying the tables."""
    with open(f"{LOCKS}/{mixed.host.node}.lock", "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another weft" in mixed.host.weft("flows", "flush", "--all", status=BUSY).stderr
        assert mixed.found() == [1, 2, 3, 4, 5, 6]
    assert mixed.flush("--all") == 6


# -- policies --------------------------------------------------------------------------------------

RULES = (
    "rule id=4 policy=web index=4294967294 line=2 direction=0 action=2",
    "rule id=2 policy=web-in index=10 line=19 direction=0 action=3",
    "rule id=1 policy=web-in index=9 line=18 direction=0 action=1",
    "rule id=3 policy=web-in index=4294967295 line=8 direction=0 action=2",
    "rule id=6 policy=a-later-one index=0 line=30 direction=1 action=1",
    "hits id=1 cpu=0 packets=10 bytes=840 hits=2 ago=50000",
    "hits id=1 cpu=1 packets=5 bytes=160 hits=1 ago=3000",
    "hits id=3 cpu=1 packets=7 bytes=700 hits=7 ago=100000",
)


def test_no_policies(node):
    assert node.rows(what="policies") == []
    assert len(node.show("policies").splitlines()) == 1


def test_policies_as_they_stand_in_the_file(node):
    node.put(*RULES)
    rows = node.rows(what="policies")
    assert [(r["policy"], r["network"], r["kind"], r["rule"], r["id"]) for r in rows] == [
        ("web-in", None, "rule", 9, 1), ("web-in", None, "rule", 10, 2),
        ("web-in", None, "default", None, 3), ("a-later-one", None, "rule", 0, 6),
        (None, "web", "network_default", None, 4)]
    assert [(r["direction"], r["action"], r["line"]) for r in rows] == [
        ("ingress", "allow", 18), ("ingress", "reject", 19), ("ingress", "deny", 8),
        ("egress", "allow", 30), ("ingress", "deny", 2)]


def test_counts_of_all_cpus_and_the_last_hit_of_any(node):
    node.put(*RULES)
    rows = {r["id"]: r for r in node.rows(what="policies")}
    assert [(r["packets"], r["bytes"], r["hits"]) for r in map(rows.get, (1, 2, 3))] == [
        (15, 1000, 3), (0, 0, 0), (7, 700, 7)]
    assert near(rows[1]["last_hit_ms"], 3000) and near(rows[3]["last_hit_ms"], 100000)
    assert rows[2]["last_hit_ms"] is None
    header, *lines = node.show("policies").splitlines()
    assert header.split() == ["POLICY", "RULE", "DIRECTION", "ACTION", "LINE", "ID", "PACKETS",
                              "BYTES", "HITS", "LAST", "HIT"]
    text = [line.split() for line in lines]
    assert text[1] == ["web-in", "10", "ingress", "reject", "19", "2", "0", "0", "0", "never"]
    assert text[2][:2] == ["web-in", "default"] and text[2][-1].startswith(("1m", "2m"))
    assert text[4][:3] == ["web", "network", "default"]


def test_policies_by_name_and_by_denial(node):
    node.put(*RULES)
    ids = lambda *args: [r["id"] for r in node.rows(*args, what="policies")]
    assert ids("--policy", "web-in") == [1, 2, 3]
    assert ids("--denied") == [3]
    assert ids("--denied", "--policy", "a-later-one") == []
    p = node.host.weft("show", "policies", "--policy", "web-ni", status=FAILED)
    assert 'no policy is called "web-ni" here; did you mean "web-in"?' in p.stderr
    assert node.host.weft("show", "policies", "--policy", "web", status=FAILED)  # a network's name


# -- what is not there -----------------------------------------------------------------------------

def test_nothing_applied(lab):
    """As every other listing."""
    host = lab.host("a")
    for what in ("flows", "policies"):
        host.weft("show", what, status=NOT_APPLIED)
    host.weft("flows", "flush", "--all", status=NOT_APPLIED)


def test_a_missing_table_is_named(pair):
    node = Node(pair(quiet=True).hosts[0])
    os.unlink(f"{node.maps}/weft_flows_over")
    p = node.host.weft("show", "flows", status=NOT_APPLIED)
    assert "weft_flows_over" in p.stderr and "apply its file again" in p.stderr
    assert node.rows("--table", "new") == []
    os.unlink(f"{node.maps}/weft_rule_stat")
    assert "weft_rule_stat" in node.host.weft("show", "policies", status=NOT_APPLIED).stderr
