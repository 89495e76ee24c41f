# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Containers of podman and runc on two hosts, which are nodes of one network.

    client = podman a [ul]====[ul] podman b = web      each agent knows its own containers only
"""
import json

import pytest

from agent import Agent
from lab import Lab
from netns import wait_until
from podman import Podman

pytestmark = pytest.mark.drops("NO_RECEIVER")
DENY = {"name": "web-shut", "applies_to": "server", "direction": "ingress",
        "rules": [{"action": "deny", "from": {"cidrs": "10.9.1.0/24"}, "protocol": "tcp", "ports": 80},
                  {"action": "allow"}]}


@pytest.fixture(scope="module")
def lab():
    made = Lab("podman")
    for label in "ab":
        made.host(label)
    made.wire()
    made.network("web", learning=True, subnets=["10.9.0.0/16"], pools=[
        {"node": h.node, "cidrs": f"10.9.{h.index}.0/24"} for h in made.hosts])
    made.write()
    made.podmans = []
    for host in made.hosts:
        Agent(host).start()
        plugin = {"type": "weft-cni", "network": "web", "node": host.node}
        made.podmans.append(Podman(host, {
            "weft": [plugin], "clients": [{**plugin, "groups": "client"}],
            "servers": [{**plugin, "groups": "server"}, {"type": "tuning"}]}))
    yield made
    for podman in made.podmans:
        podman.close()
    for host in made.hosts:
        host.agent.close()
    made.close()


def page(podman, name, address):
    """What the web server there sends; busybox's wget crashes where this one's libc is linked in."""
    asked = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {address} 80"
    answer = podman.execute(name, "sh", "-c", asked).stdout
    return answer.replace("\r", "").partition("\n\n")[2]


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_two_hosts(lab):
    """They ping, serve pages both ways, are cut off by a policy and joined again, and leave nothing."""
    a, b = lab.podmans
    a.start("client", "--network", "clients")
    b.start("web", "--network", "servers")
    client, web = a.address("client"), b.address("web")
    assert client.startswith("10.9.1.") and web.startswith("10.9.2.")
    assert a.execute("client", "ping", "-c", "2", "-W", "2", web).returncode == 0
    assert b.execute("web", "ping", "-c", "2", "-W", "2", client).returncode == 0
    assert page(a, "client", web) == "served by b\n" and page(b, "web", client) == "served by a\n"
    b.host.agent.put("policies", DENY)
    assert not page(a, "client", web), "the policy does not bite"
    assert page(b, "web", client) == "served by a\n", "the other way was not meant"
    b.host.agent.delete("policies", DENY["name"])
    assert page(a, "client", web) == "served by b\n"
    a.remove("client")
    b.remove("web")
    for podman in lab.podmans:
        nothing_left(podman)


def nothing_left(podman):
    wait_until("no port", lambda: not podman.host.agent.get("ports")["ports"], 10)
    links = [r["ifname"] for r in json.loads(podman.host.run("ip", "-j", "link").stdout)]
    assert not [n for n in links if n.startswith("weft") and n not in ("weft-vxlan", "weft-ports")], links


def test_many_and_again(lab):
    """On one host: a fixed address, a second network, a restart, a reload; each finds the others."""
    a = lab.podmans[0]
    a.start("fixed", "--network", "weft", "--ip", "10.9.1.200", "--mac-address", "02:00:00:00:02:00")
    a.start("other", "--network", "weft")
    assert a.address("fixed") == "10.9.1.200"
    assert page(a, "other", "10.9.1.200") == "served by a\n"
    a.run("network", "reload", "fixed")
    assert page(a, "other", "10.9.1.200") == "served by a\n"
    before = a.address("other")
    a.run("restart", "-t", "0", "other")
    assert a.address("other") != before, "an address that has just become free"
    assert page(a, "fixed", a.address("other")) == "served by a\n"
    a.run("network", "connect", "clients", "fixed")
    assert len([p for p in a.host.agent.get("ports")["ports"]]) == 3
    a.run("network", "disconnect", "clients", "fixed")
    twice = a.run("run", "--rm", "--network", "weft", "--ip", "10.9.1.200", "weft-test:1", "ip", "a", check=False)
    assert twice.returncode and "10.9.1.200" in twice.stderr
    a.remove("fixed", "other")
    nothing_left(a)
