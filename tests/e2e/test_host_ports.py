# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Host ports: each node is in the network itself, by an interface that weft makes.

    net0 (10.1.0.1) = a [ul]====[ul] b = net0 (10.1.0.2)     a1, b1: workloads
"""
import json
import os
import signal

import pytest

from agent import Agent
from lab import WEFT, two_hosts
from netns import Process, wait_until
from traffic import ping

# Workloads speak up by themselves, and a host port's interface goes up last.
pytestmark = pytest.mark.drops("REPLICA_LOST")
MTU = 1450


def host_port(host, **keys):
    n = host.index
    return {"name": f"host-{host.label}", "node": host.node, "network": "web", "interface": "net0-port",
            "host_interface": "net0", "mac": f"02:00:00:01:00:0{n}", "groups": "host",
            "addresses": [f"10.1.0.{n}", f"fd00:1::{n}"], **keys}


@pytest.fixture(scope="module")
def lab():
    made = two_hosts("hostport", subnets=["10.1.0.0/16", "fd00:1::/64"])
    for host in made.hosts:
        host.sysctl("net/ipv6/conf/default/disable_ipv6", 0)
    made.extra = [host_port(h) for h in made.hosts]
    made.without = made.write("without.yaml")
    made.with_ports = made.write("with.yaml", {**made.document(),
                                               "ports": made.document()["ports"] + made.extra})
    yield made
    made.close()


@pytest.fixture
def both(lab):
    for host in lab.hosts:
        host.apply(lab.with_ports)
    return lab.hosts


def links(host):
    return {r["ifname"]: r for r in json.loads(host.run("ip", "-j", "-d", "link").stdout)}


def addresses(host, name="net0"):
    rows = json.loads(host.run("ip", "-j", "addr", "show", "dev", name).stdout)
    return {f"{a['local']}/{a['prefixlen']}" for a in rows[0]["addr_info"] if a["scope"] == "global"}


def test_reached(lab, both):
    """Nodes and workloads reach each other, on one node and across, by both families."""
    a, b = both
    a1, b1 = lab.workloads
    net0 = links(a)["net0"]
    assert net0["address"] == "02:00:00:01:00:01" and net0["mtu"] == MTU and "UP" in net0["flags"]
    assert addresses(a) == {"10.1.0.1/16", "fd00:1::1/64"}
    for src, dst in ((a, a1.ip4), (a, b1.ip4), (a, b1.ip6), (a, "10.1.0.2"), (b, "fd00:1::1"), (a1, "10.1.0.1"),
                     (b1, "10.1.0.1"), (b1, "fd00:1::1")):
        ping(src, dst, size=1000)
    assert a.apply(lab.with_ports)["changes"] is False
    assert any(p["port"] == "host-a" and p["interface"] == "net0-port" for p in a.show("ports"))


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_under_policy(lab, both):
    """Policies judge the node like anybody: in and out."""
    a, b = both
    a1, b1 = lab.workloads
    policies = [{"name": "probes-only", "applies_to": {"ports": "b1"}, "direction": "ingress",
                 "rules": [{"from": "host", "protocol": "icmp"}]},
                {"name": "no-entry", "applies_to": "host", "direction": "ingress",
                 "rules": [{"from": {"groups": "host"}}]}]
    document = json.loads(open(lab.with_ports, encoding="utf-8").read())
    file = lab.write("policy.yaml", {**document, "policies": policies})
    for host in both:
        host.apply(file)
    ping(a, b1.ip4)
    ping(b, b1.ip4)
    ping(a, "10.1.0.2")
    for src, dst in ((a1, b1.ip4), (a1, "10.1.0.1"), (b1, "10.1.0.1")):
        assert src.run("ping", "-c", 1, "-W", 1, dst, check=False).returncode, f"{src.name} reaches {dst}"


def test_goes(lab, both):
    """Out of the file, and gone; down leaves nothing."""
    a, b = both
    a.apply(lab.without)
    assert not {"net0", "net0-port"} & set(links(a)) and "net0" in links(b)
    b.weft("down")
    assert not {"net0", "net0-port"} & set(links(b))
    b.apply(lab.without)


def test_changes(lab, both):
    """Addresses and MAC address follow the file; what others added to the interface goes."""
    a = both[0]
    a.ip("addr add 10.1.0.77/16 dev net0", "link set net0 mtu 1300")
    document = json.loads(open(lab.with_ports, encoding="utf-8").read())
    document["ports"] = [{**p, "addresses": ["10.1.0.9"], "mac": "02:00:00:01:00:09"}
                         if p["name"] == "host-a" else p for p in document["ports"]]
    a.apply(lab.write("changed.yaml", document))
    assert addresses(a) == {"10.1.0.9/16"} and links(a)["net0"]["mtu"] == MTU
    assert links(a)["net0"]["address"] == "02:00:00:01:00:09"
    ping(lab.workloads[0], "10.1.0.9")


def test_not_ours(lab, both):
    """An interface of that name that somebody else made is left alone, and said so."""
    a = both[0]
    a.apply(lab.without)
    a.ip("link add net0-port type veth peer name other")
    a.ip("link set net0-port up")
    p = a.weft("apply", lab.with_ports, status=1)
    assert "is not weft's" in p.stderr
    a.ip("link set net0-port down")  # down and without an alias, but not as weft makes it
    a.weft("apply", lab.with_ports, status=1)
    assert "net0-port" in links(a) and "other" in links(a)
    a.ip("link del net0-port")
    a.ip("link add net0 type veth peer name other")
    a.weft("apply", lab.with_ports, status=1)
    assert "net0-port" not in links(a)
    a.ip("link del net0")


def test_half_made(lab, both):
    """What a weft left that was killed before it gave the pair its alias is taken over."""
    a = both[0]
    a.apply(lab.without)
    a.ip("link add net0-port type veth peer name net0 address 02:00:00:01:00:01")
    a.apply(lab.with_ports)
    ping(lab.workloads[0], "10.1.0.1")


def test_addresses_refused(lab, both):
    """A kernel setting that keeps an address out is said; the port stays, and is settled by the next apply."""
    a = both[0]
    a.apply(lab.without)
    a.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
    p = a.weft("apply", lab.with_ports, status=1)
    assert "set addresses of net0, host port host-a" in p.stderr, p.stderr
    assert {"net0", "net0-port"} <= set(links(a))
    ping(lab.workloads[0], "10.1.0.1")
    a.sysctl("net/ipv6/conf/default/disable_ipv6", 0)
    a.sysctl("net/ipv6/conf/net0/disable_ipv6", 0)
    a.apply(lab.with_ports)
    assert addresses(a) == {"10.1.0.1/16", "fd00:1::1/64"}


def test_undone(lab, both):
    """An apply that fails takes back what it made; one that is killed is completed by the next."""
    a = both[0]
    a.apply(lab.without)
    for step in (1, 5, 9):
        a.weft("apply", lab.with_ports, status=1, env={**os.environ, "WEFT_TEST_FAIL_STEP": str(step)})
        assert not {"net0", "net0-port"} & set(links(a)), step
    for step in (1, 5, 9):
        p = Process(WEFT, "apply", lab.with_ports, "--node", a.node, "--netns", a.path,
                    env={**os.environ, "WEFT_TEST_KILL_STEP": str(step)})
        assert p.popen.wait(30) == -signal.SIGKILL
        p.close()
        a.apply(lab.with_ports)
        ping(lab.workloads[0], "10.1.0.1")
        a.apply(lab.without)


def test_agent_repairs(lab, both):
    """The agent makes it again when somebody deletes it."""
    a = both[0]
    agent = Agent(a, file=lab.with_ports, interval=1).start()
    try:
        wait_until("in step", agent.in_step, 10)
        a.ip("link del net0")
        wait_until("net0 again", lambda: "net0" in links(a) and len(addresses(a)) == 2, 10)
        wait_until("in step", agent.in_step, 10)
        ping(lab.workloads[0], "10.1.0.1")
    finally:
        agent.close()


@pytest.mark.parametrize("keys", ({"routed": True}, {"port_security": False}), ids=("routed", "unsecured"))
def test_masquerade(lab, both, keys):
    """The way out of docs/ports.md: workloads reach what is beyond the node, in its name."""
    a, b = both
    a1 = lab.workloads[0]
    document = json.loads(open(lab.with_ports, encoding="utf-8").read())
    document["ports"] = [{**p, **keys} if p["name"] == "host-a" else p for p in document["ports"]]
    a.apply(lab.write("router.yaml", document))
    a.sysctl("net/ipv4/ip_forward", 1)
    a.run("nft", "-f", "-", input='table ip web-out { chain postrouting { type nat hook postrouting priority '
                                  'srcnat; ip saddr 10.1.0.0/16 oifname != "net0" masquerade; }\n}\n')
    a1.ip("route add default via 10.1.0.1")
    ping(a1, b.vtep(4))
    assert a.run("nft", "list", "ruleset").stdout.count("masquerade") == 1
    a1.ip("route del default")
    a.run("nft", "delete", "table", "ip", "web-out")
    a.sysctl("net/ipv4/ip_forward", 0)
