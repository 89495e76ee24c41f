# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft agent keeps a node to its file and to the documents of its API, and no packet needs it.

    a1, a2 = a [ul]====[ul] b = b1        a has an agent; a1 and b1 are in its file, a2 may come
"""
import http.client
import contextlib
import json
import os
import signal
import stat

import pytest

import bpf
from agent import API, Agent
from lab import BUSY, INVALID, Lab
from netns import wait_until
from traffic import nothing_lost, ping, unreachable


@pytest.fixture(scope="module")
def lab():
    made = Lab("agent")
    a, b = made.host("a", xdp="off"), made.host("b")
    made.wire()
    made.network()
    for host in (a, a, b):
        made.workload(host)
    b.apply(made.write())
    made.workloads[1].listed = False
    made.write()
    yield made
    made.close()


@pytest.fixture
def agent(lab):
    """An agent on host a whose file has a1 and b1, and nothing else."""
    lab.write()
    a = Agent(lab.hosts[0])
    if os.path.exists(a.state):
        os.unlink(a.state)
    a.start()
    yield a
    a.close()


def row_of(workload):
    return {**workload.row(), "groups": ["two"]}


def replace(path, text):
    """As editors do: another file in its place."""
    with open(path + "~", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + "~", path)


def test_ports_are_held(lab, agent):
    """As after `weft apply`: a port is in weft's bridge, which is down, should its program go."""
    a = lab.hosts[0]

    def master(interface):
        return a.ip_json("link", "show", "dev", interface)[0].get("master")
    wait_until("wa1 in the bridge", lambda: master("wa1") == "weft-ports")
    agent.put("ports", row_of(lab.workloads[1]))
    wait_until("wa2 in the bridge", lambda: master("wa2") == "weft-ports")
    agent.delete("ports", lab.workloads[1].port)
    wait_until("wa2 out of it", lambda: master("wa2") is None)


# -- what wakes it ---------------------------------------------------------------------------------

def test_file_changes(lab, agent):
    """Rewritten in place, replaced, wrong, gone and back: each is followed, or refused."""
    a1, a2, b1 = lab.workloads
    document = lab.document()
    ping(a1, b1.ip4)
    unreachable(a2, b1.ip4)
    document["ports"].append(a2.row())
    lab.write(document=document)
    agent.expect("port_up", port="a2")
    ping(a2, b1.ip4)

    document["ports"].pop()
    replace(agent.file, json.dumps(document))
    agent.expect("port_down", port="a2")
    before = bpf.ids(agent.host)

    replace(agent.file, json.dumps({**document, "colour": "red"}))
    said = agent.expect("file_refused")
    assert said["errors"][0]["key"] == "colour"
    assert not agent.in_step() and agent.get("agent")["file_errors"][0]["key"] == "colour"
    os.unlink(agent.file)
    agent.expect("file_refused", problem=f"{agent.file}: No such file or directory")
    assert bpf.ids(agent.host) == before
    ping(a1, b1.ip4)

    lab.write()
    wait_until("the file to be taken", agent.in_step)
    agent.process.popen.send_signal(signal.SIGHUP)
    agent.quiet()


def test_symbolic_link_changes(lab, agent):
    """As a container host's volumes do: the name stays, and leads to another file."""
    agent.stop()
    for name, port in (("one", []), ("two", [lab.workloads[1].row()])):
        lab.write(name, {**lab.document(), "ports": lab.document()["ports"] + port})
    link = os.path.join(lab.dir, "link.yaml")
    os.symlink("one", link)
    agent.file = link
    agent.start()
    os.symlink("two", link + "~")
    os.rename(link + "~", link)
    agent.expect("port_up", port="a2")
    os.unlink(link)


def test_interface_comes_and_goes(lab, agent):
    """A port waits for its interface, by whatever way that comes, and is let go with it."""
    a1, a2, b1 = lab.workloads
    host = agent.host
    row = {**row_of(a2), "interface": "later"}
    answer = agent.put("ports", row)
    assert answer["pending"][0]["name"] == "a2" and answer["programs"]["attached"] == 0
    entry = agent.get("ports/a2")
    assert entry["state"] == "pending" and "later" in entry["why"] and not agent.in_step()

    host.ip(f"link set {a2.interface} down", f"link set {a2.interface} name later", "link set later up")
    agent.expect("port_up", port="a2")
    assert agent.get("ports/a2")["state"] == "attached" and agent.in_step()
    host.wait_carrier(["later"])
    ping(a2, b1.ip4)
    host.ip("link set later down", f"link set later name {a2.interface}", f"link set {a2.interface} up")
    agent.expect("port_down", port="a2")
    host.wait_carrier([a2.interface])

    host.ip("link add later type veth peer name other")
    agent.expect("port_up", port="a2")
    host.ip(f"link set later netns {lab.hosts[1].name}")
    agent.expect("port_down", port="a2")
    assert not any(hook[0] == "later" for hook in bpf.hooks(host))
    lab.hosts[1].ip(f"link set later netns {host.name}")
    agent.expect("port_up", port="a2")
    host.ip("link del later")
    agent.expect("port_down", port="a2")
    agent.delete("ports", "a2")
    assert agent.in_step()
    ping(a1, b1.ip4)


def test_uplink_changes(lab, agent):
    """The MTU of a tunnel follows the uplink; a missing VTEP address is said, and changes nothing."""
    host = agent.host
    network = {n["network"]: n for n in host.status()["networks"]}["web"]
    host.ip("link set ul mtu 1400")
    wait_until("the tunnels' MTU", lambda: host.status()["networks"][0]["mtu"] == network["mtu"] - 100)
    host.ip("link set ul mtu 1500")
    wait_until("the tunnels' MTU", lambda: host.status()["networks"][0]["mtu"] == network["mtu"])
    before = bpf.ids(host)
    host.ip(f"addr del {host.vtep(4)}/24 dev ul")
    wait_until("a complaint", lambda: agent.get("agent")["pending"])
    assert host.vtep(4) in agent.get("agent")["pending"][0]["message"]
    assert bpf.ids(host) == before
    host.ip(f"addr add {host.vtep(4)}/24 dev ul")
    wait_until("in step", agent.in_step)
    ping(lab.workloads[0], lab.workloads[2].ip4)


def test_uplink_is_made_anew(pair):
    """With XDP, on both sides: the agents attach it again, though they have given up most rights."""
    lab = pair(apply=False)
    (a, b), (a1, b1) = lab.hosts, lab.workloads
    agents = [Agent(host).start() for host in lab.hosts]
    ping(a1, b1.ip4)
    assert a.status()["uplinks"][0]["xdp"] == "native"
    a.ip("link del ul")
    for agent in agents:
        agent.expect("port_down", port="ul")
        assert {p["kind"] for p in agent.get("agent")["pending"]} == {"node"}
    lab.wire()
    for agent in agents:
        wait_until("in step", agent.in_step)
    assert a.status()["uplinks"][0]["xdp"] == b.status()["uplinks"][0]["xdp"] == "native"
    ping(a1, b1.ip4)
    for agent in agents:
        agent.stop()


def test_drift_is_repaired(lab, agent):
    """What others detach or change is put right at the next look, and said."""
    host, a1, b1 = agent.host, lab.workloads[0], lab.workloads[2]
    agent.stop()
    agent.interval = 0.3
    agent.start()
    agent.events()
    pin = f"/sys/fs/bpf/weft/v1/{host.node}/links/tc_{host.ifindex(a1.interface)}"
    os.unlink(pin)
    said = agent.expect("repaired")
    assert [s["interface"] for s in said["programs"]] == [a1.interface]
    ping(a1, b1.ip4)
    bpf.map_delete_all(f"/sys/fs/bpf/weft/v1/{host.node}/maps/weft_neigh", 20)
    said = agent.expect("repaired")
    assert said["entries"][0]["table"] == "weft_neigh"
    ping(a1, b1.ip4)
    assert agent.get("agent")["applies"]["repairs"] == 2
    agent.quiet(1)


def test_without_tcx(lab, agent):
    """As on kernels before 6.6: a port comes, loses its filter to somebody, has it again, and goes."""
    host, a2, b1 = agent.host, lab.workloads[1], lab.workloads[2]
    agent.stop()
    agent.interval = 0.3
    agent.start(env={"WEFT_TEST_TC": "clsact"})
    answer = agent.put("ports", row_of(a2))
    assert [(s["interface"], s["by"]) for s in answer["steps"]] == [(a2.interface, "clsact")]
    ping(a2, b1.ip4)
    agent.events()
    host.run("tc", "filter", "del", "dev", a2.interface, "ingress")
    said = agent.expect("repaired")
    assert [s["interface"] for s in said["programs"]] == [a2.interface]
    ping(a2, b1.ip4)
    agent.delete("ports", "a2")
    assert "clsact" not in host.run("tc", "qdisc", "show", "dev", a2.interface).stdout


# -- its end and its beginning ---------------------------------------------------------------------

def test_killed_under_traffic(lab, agent):
    """At any moment, over and over: nothing is lost, nothing changes, and the next one is in step."""
    a1, _, b1 = lab.workloads
    row = row_of(lab.workloads[1])
    before = None
    with nothing_lost(a1, b1):
        for i in range(8):
            if i % 2:
                agent.put("ports", row)
            agent.kill()
            agent.start()
            if i % 2:
                assert agent.get("ports/a2")["state"] == "attached"
                agent.delete("ports", "a2")
            assert agent.in_step()
            before = before or bpf.ids(agent.host)
            assert bpf.ids(agent.host) == before
        agent.stop()
        agent.start()
    assert bpf.ids(agent.host) == before


@pytest.mark.parametrize("what", ("put", "delete"))
def test_killed_in_the_middle_of_a_change(lab, agent, what):
    """At steps all over it: what was not answered is undone by the next one, and nothing is lost."""
    a1, a2, b1 = lab.workloads
    if what == "delete":
        agent.put("ports", row_of(a2))
    before, killed = bpf.ids(agent.host), 0
    with nothing_lost(a1, b1):
        for step in (1, 3, 5, 7, 9, 11):
            agent.stop()
            agent.start(env={"WEFT_TEST_KILL_STEP": str(step)})
            try:
                if what == "put":
                    agent.put("ports", row_of(a2))
                else:
                    agent.delete("ports", "a2")
                break  # it has fewer steps
            except (ConnectionError, http.client.HTTPException):
                assert agent.process.popen.wait() == -signal.SIGKILL
                killed += 1
            agent.process.close()
            agent.start()
            assert agent.in_step() and bpf.ids(agent.host) == before
    assert killed >= 4


def test_one_agent_a_node(lab, agent):
    host = agent.host
    pid = str(agent.process.popen.pid)
    for verb in (("apply", agent.file), ("down",)):
        assert pid in host.weft(*verb, status=BUSY).stderr
    assert pid in host.weft("agent", agent.file, status=BUSY).stderr
    host.weft("flows", "flush", "--all")
    host.weft("status", agent.file)
    host.weft("show", "ports")


def test_wrong_file_at_the_start(lab):
    """Told to who starts it on a bare machine; waited out where a node is at work already."""
    host = lab.hosts[0]
    bad = lab.write("bad.yaml", {**lab.document(), "colour": "red"})
    agent = Agent(host, file=bad)
    try:
        agent.start()
        assert agent.get("agent")["file_errors"] and not agent.in_step()
        agent.get("ports", status=503)
        agent.put("ports", lab.workloads[1].row(), status=503)
        lab.write("bad.yaml")
        wait_until("the file to be taken", agent.in_step)
        agent.kill()
        assert os.path.exists(agent.socket)
        host.weft("down")
        assert not os.path.exists(agent.socket)
        lab.write("bad.yaml", {**lab.document(), "colour": "red"})
        p = host.weft("agent", bad, "--state", agent.state, status=INVALID)
        assert "colour" in p.stderr
        lab.write("bad.yaml")
        agent.start()
    finally:
        agent.close()


# -- the API ---------------------------------------------------------------------------------------

def test_socket_is_roots_alone(lab, agent):
    assert stat.S_IMODE(os.stat("/run/weft").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(agent.socket).st_mode) == 0o600
    assert stat.S_ISSOCK(os.stat(agent.socket).st_mode)
    agent.put("networks", {"name": "second", "vni": 7})
    assert stat.S_IMODE(os.stat(agent.state).st_mode) == 0o600
    agent.delete("networks", "second")


def test_description(lab, agent):
    """docs/openapi.yaml has every request that there is, and no other."""
    told = agent.request("GET", None)["routes"]
    assert {(r["method"], r["path"]) for r in told} == API.routes()
    for path in ("status", "agent", "flows?limit=2&protocol=tcp", "drops", "networks", "metrics"):
        agent.get(path)
    for path, status in (("flows?limit=0", 400), ("flows?protocol=x", 400), ("flows?port=x", 404),
                         ("nothing", 404), ("a/b/c/d/e", 404), ("ports/%00", 404), ("ports/..", 404)):
        agent.get(path, status=status)
    agent.request("PUT", "status", {}, status=405)
    agent.request("POST", "reconcile")


def test_documents(lab, agent):
    """Put, listed, replaced, deleted; the file's own are the file's."""
    a1, a2, b1 = lab.workloads
    answer = agent.put("ports", row_of(a2))
    assert answer["changes"] and answer["programs"]["attached"] == 1 and not answer["pending"]
    ping(a2, b1.ip4)
    assert agent.put("ports", row_of(a2))["changes"] is False
    entry = agent.get("ports/a2")
    assert entry == {"name": "a2", "source": "api", "state": "attached", "why": None,
                     "document": {**row_of(a2), "addresses": [a2.ip4, a2.ip6]}}
    assert [(p["name"], p["source"], p["state"]) for p in agent.get("ports")["ports"]] == [
        ("a1", "file", "attached"), ("b1", "file", "remote"), ("a2", "api", "attached")]

    policy = {"name": "shut", "applies_to": "two", "direction": "ingress",
              "rules": [{"action": "allow", "from": {"groups": ["one"]}, "protocol": "tcp", "ports": [80]}]}
    agent.put("policies", policy)
    assert agent.get("policies/shut")["document"]["rules"][0]["ports"] == [80]
    agent.put("address_sets", {"name": "office", "cidrs": ["10.0.0.0/8"]})
    agent.put("networks", {"name": "second", "vni": 7})
    assert [n["name"] for n in agent.get("networks")["networks"]] == ["web", "second"]

    assert "is in" in agent.put("ports", a1.row(), status=409)["error"]
    agent.delete("ports", "a1", status=409)
    agent.delete("ports", "nobody", status=404)
    agent.get("ports/nobody", status=404)
    for kind, name in (("policies", "shut"), ("address_sets", "office"), ("networks", "second"), ("ports", "a2")):
        agent.delete(kind, name)
    assert agent.get("agent")["documents"] == dict.fromkeys(("networks", "ports", "address_sets", "policies"), 0)
    unreachable(a2, b1.ip4)


def test_wrong_documents_change_nothing(lab, agent):
    """Each complaint says which document and key; nothing is done."""
    a1, a2, _ = lab.workloads
    before = bpf.ids(agent.host)
    wrong = agent.put("ports", {**row_of(a2), "mac": a1.mac, "colour": "red"}, status=422)["errors"]
    assert [e["key"] for e in wrong] == ["colour"]
    wrong = agent.put("ports", {**row_of(a2), "mac": a1.mac}, status=422)["errors"]
    assert [(e["kind"], e["name"], e["key"].split(".")[-1]) for e in wrong] == [("port", "a2", "mac")]
    wrong = agent.put("ports", {**row_of(a2), "network": "wbe"}, status=422)["errors"]
    assert "web" in wrong[0]["hint"]
    agent.request("PUT", "ports/other", row_of(a2), status=422)
    agent.transact(put={"ports": [row_of(a2), row_of(a2)]}, status=422)
    agent.transact(put={"ports": [row_of(a2)]}, delete={"ports": ["nobody"]}, status=422)
    assert not agent.get("agent")["documents"]["ports"]
    assert bpf.ids(agent.host) == before


def test_transactions(lab, agent):
    """Whole or not at all; dry; on trial, confirmed, undone and timed out."""
    _, a2, b1 = lab.workloads
    second = {"name": "second", "vni": 7}
    row = {**row_of(a2), "network": "second", "addresses": []}
    before = bpf.ids(agent.host)
    would = agent.transact(put={"networks": [second], "ports": [row]}, query="?dry_run=1")
    assert would["dry_run"] and would["programs"]["attached"] == 1 and bpf.ids(agent.host) == before
    agent.transact(put={"networks": [second], "ports": [{**row, "network": "third"}]}, status=422)
    agent.transact(put={"networks": [second], "ports": [row]})
    assert agent.get("ports/a2")["document"]["network"] == "second"
    agent.transact(put={"ports": [row_of(a2)]}, delete={"networks": ["second"]})
    ping(a2, b1.ip4)

    trial = agent.transact(delete={"ports": ["a2"]}, query="?commit_confirmed=60")["trial"]
    assert 55 < trial["seconds_left"] <= 60
    unreachable(a2, b1.ip4)
    agent.put("networks", second, status=409)
    agent.request("DELETE", f"transactions/{trial['transaction']}")
    ping(a2, b1.ip4)
    agent.expect("rolled_back", transaction=trial["transaction"])
    agent.transact(delete={"ports": ["a2"]}, query="?commit_confirmed=1")
    agent.expect("rolled_back")
    ping(a2, b1.ip4)
    agent.transact(delete={"ports": ["a2"]}, query="?commit_confirmed=60")
    agent.kill()
    agent.start()
    ping(a2, b1.ip4)
    trial = agent.transact(delete={"ports": ["a2"]}, query="?commit_confirmed=60")["trial"]
    agent.request("POST", f"transactions/{trial['transaction']}/confirm")
    agent.request("POST", f"transactions/{trial['transaction']}/confirm", status=404)
    agent.kill()
    agent.start()
    agent.get("ports/a2", status=404)
    assert bpf.ids(agent.host) == before


# -- what it notices -------------------------------------------------------------------------------

@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_denied_traffic_is_said(lab, agent):
    """Once for each rule and look, with how many flows it denied; and not what was denied before."""
    a1, _, b1 = lab.workloads
    agent.stop()
    agent.interval = 0.3
    agent.start()
    agent.put("ports", row_of(lab.workloads[1]))
    agent.put("policies", {"name": "shut", "applies_to": {"ports": ["a1"]}, "direction": "ingress",
                           "rules": [{"action": "deny", "protocol": "icmp"}]})
    agent.events()
    unreachable(b1, a1.ip4)
    said = agent.expect("denied", rule="shut#0")
    assert said["flows"] >= 1 and said["direction"] == "ingress"
    agent.quiet(1)
    agent.delete("policies", "shut")
    agent.delete("ports", "a2")


def test_guard_of_the_switch(lab):
    """What the agent does to the machine's RCU it undoes, also when it is killed in the middle of it."""
    a = lab.hosts[0]
    with open("/sys/kernel/rcu_expedited", encoding="ascii") as f:
        assert f.read() == "0\n", "somebody else is in a hurry"
    agent = Agent(a, interval=60)
    for step in (3, 6, 9):
        a.weft("down")
        with contextlib.suppress(AssertionError):
            agent.start(env={"WEFT_TEST_KILL_STEP": str(step)})
        agent.process.popen.wait(10)
        assert agent.process.popen.returncode == -signal.SIGKILL
        agent.process.close()
        wait_until("the switch", lambda: open("/sys/kernel/rcu_expedited", encoding="ascii").read() == "0\n", 5)
    agent.start()
    pid = agent.process.popen.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        children = f.read().split()
    assert len(children) == 1
    with open(f"/proc/{children[0]}/status", encoding="ascii") as f:
        assert "Seccomp:\t1\n" in f.read()
    agent.kill()
    wait_until("the guard's end", lambda: not os.path.exists(f"/proc/{children[0]}"), 5)
