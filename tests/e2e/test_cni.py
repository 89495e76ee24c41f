# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft-cni, called as container runtimes call it, beside an agent.

    containers c0, c1, .. = a [ul]====[ul] b = c8, c9      networks: pods (with pools), quiet (without)
"""
import json
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent import Agent
from cni import BUILD, DEBIANS, PLUGIN, CniError, Container, Network, exec_plugin
from lab import Lab
from netns import wait_until
from traffic import ping

# Containers speak up by themselves, and nobody is on the other host most of the time.
pytestmark = pytest.mark.drops("NO_RECEIVER")
KILLAT = os.path.join(BUILD, "tests/e2e/killat")
NOTES = "/var/lib/weft/cni-deleted"
VERSIONS = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
HOST_LOCAL = {"type": "host-local", "ranges": [[{"subnet": "10.8.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}


@pytest.fixture(scope="module")
def lab():
    made = Lab("cni")
    for label in "ab":
        made.host(label)
    made.wire()
    made.network("pods", learning=True, subnets=["10.9.0.0/16", "fd00:9::/64"], pools=[
        {"node": h.node, "cidrs": [f"10.9.{h.index}.0/26", f"fd00:9::{h.index}:0/112"],
         "gateways": [f"10.9.{h.index}.1", f"fd00:9::{h.index}:1"], "except": f"10.9.{h.index}.2/31"}
        for h in made.hosts])
    made.network("quiet", subnets=["10.8.0.0/24"], nodes=[h.node for h in made.hosts])
    made.write()
    made.containers = [Container(made.hosts[0].name, i) for i in range(10)]
    made.agents = [Agent(host).start() for host in made.hosts]
    yield made
    for agent in made.agents:
        agent.close()
    for c in made.containers:
        c.close()
    made.close()


@pytest.fixture
def a(lab):
    """Host a, without a port before and after."""
    host = lab.hosts[0]
    yield host
    ports = host.agent.get("ports")["ports"]
    for port in ports:
        host.agent.delete("ports", port["name"])
        subprocess.run(["ip", "-n", host.name, "link", "del", port["document"]["interface"]], check=False,
                       capture_output=True)
    left = [row["ifname"] for row in json.loads(host.run("ip", "-j", "link").stdout)
            if len(row["ifname"]) == 15 and row["ifname"].startswith("weft")]
    assert not ports and not left, f"left behind: {ports} {left}"


def network(host, *chained, version="1.0.0", name="weft", **keys):
    return Network(host, {"type": "weft-cni", "network": "pods", "node": host.node, **keys}, *chained,
                   version=version, name=name)


def refused(code, call, *args, **kwargs):
    with pytest.raises(CniError) as e:
        call(*args, **kwargs)
    assert e.value.code == code, e.value
    assert e.value.answer["msg"] and e.value.answer["cniVersion"]
    return f"{e.value.answer['msg']}: {e.value.answer['details']}"


@pytest.mark.parametrize("version", VERSIONS)
def test_add_and_delete(lab, a, version):
    """The result says what there is, in the words of each version."""
    c, net = lab.containers[0], network(a, version=version)
    result = net.add(c, args="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web")
    link = c.links()["eth0"]
    host_end, inside = result["interfaces"]
    assert inside["name"] == "eth0" and inside["sandbox"] == c.path and inside["mac"] == link["address"]
    assert link["mtu"] == 1450 and "UP" in link["flags"]
    assert inside.get("mtu") == (1450 if version == "1.1.0" else None)
    assert host_end["mac"] == json.loads(a.run("ip", "-j", "link", "show", host_end["name"]).stdout)[0]["address"]
    assert {ip["address"] for ip in result["ips"]} == c.addresses()
    assert all(ip["interface"] == 1 for ip in result["ips"])
    assert [ip.get("version") for ip in result["ips"]] == (["4", "6"] if version < "1.0.0" else [None, None])
    assert [ip["gateway"] for ip in result["ips"]] == ["10.9.1.1", "fd00:9::1:1"]
    assert {("default", "10.9.1.1"), ("default", "fd00:9::1:1")} <= c.routes()
    assert result["cniVersion"] == version and result["dns"] == {}
    port, = a.agent.get("ports")["ports"]
    assert port["state"] == "attached" and port["document"]["pod"] == "default/web"
    assert port["document"]["mac"].startswith("0a:58:0a:09:01")
    assert "already" in refused(100, net.add, c)
    assert c.addresses(), "the second ADD has undone the first"
    if version >= "0.4.0":
        net.check(c)
    net.delete(c)
    assert "eth0" not in c.links() and not a.agent.get("ports")["ports"]


def test_versions(a):
    answer = exec_plugin(a, "weft-cni", "VERSION", {"cniVersion": "1.0.0"})
    assert answer["supportedVersions"] == list(VERSIONS)
    refused(1, network(a, version="0.2.0").add, _nobody())
    refused(1, network(a, version="0.3.1").call, "CHECK", network(a).plugins[0],
            container="x", netns="/run/netns/x")


def _nobody():
    class Nobody:
        id, path = "nobody", "/run/netns/nobody"
    return Nobody


def test_two_hosts(lab, a):
    """Containers of two agents that know nothing of each other's ports."""
    b = lab.hosts[1]
    one, other = lab.containers[0], lab.containers[8]
    first = network(a).add(one)
    result = network(b).add(other)
    try:
        ping(one, result["ips"][0]["address"].split("/")[0], count=3)
        ping(other, first["ips"][0]["address"].split("/")[0], count=3)
        ping(one, result["ips"][1]["address"].split("/")[0], count=3)
    finally:
        network(b).delete(other, previous=False)
        network(a).delete(one, previous=False)


def test_delete_again(lab, a):
    """Five times, at once, without the namespace, without what ADD said, and what never was."""
    c, net = lab.containers[0], network(a)
    net.add(c)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda how: net.delete(c, **how),
                      [{}, {"previous": False}, {"netns": ""}, {"netns": "/run/netns/gone"},
                       {"netns": "", "previous": False}]))
    net.delete(c, netns="", previous=False)
    net.delete(lab.containers[1], netns="", previous=False)


def test_what_the_runtime_wants(lab, a):
    """MAC and IP addresses, network and groups: from each place that one may come from."""
    c = lab.containers[0]
    annotations = "io.kubernetes.cri.pod-annotations"

    def made(net, **kwargs):
        result = net.add(c, **kwargs)
        port, = a.agent.get("ports")["ports"]
        net.delete(c)
        ips = [ip["address"] for ip in result.get("ips", [])]
        return ips, result["interfaces"][1]["mac"], port["document"]
    ips, mac, _ = made(network(a), runtime={"ips": ["10.9.1.50", "10.9.1.50"], "Mac": "02:00:00:00:00:50"})
    assert (ips, mac) == (["10.9.1.50/16"], "02:00:00:00:00:50")
    ips, mac, _ = made(network(a), args="IgnoreUnknown=1;IP=10.9.1.51;MAC=02:00:00:00:00:51")
    assert (ips, mac) == (["10.9.1.51/16"], "02:00:00:00:00:51")
    ips, mac, port = made(network(a, groups=["x"], args={"cni": {
        "ips": ["10.9.1.52/16", "fd00:9::1:52"], "mac": "02:00:00:00:00:52", "groups": "y, z"}}))
    assert ips == ["10.9.1.52/16", "fd00:9::1:52/64"] and port["groups"] == ["x", "y", "z"]
    ips, _, port = made(network(a), args="network=quiet", runtime={"mac": "02:00:00:00:00:53"})
    assert not ips and port["network"] == "quiet"
    pod = {annotations: {"weft/network": "quiet", "weft/groups": "prod"}}
    refused(7, network(a).add, c, runtime=pod)
    _, _, port = made(network(a, networks=["quiet"]), runtime={**pod, "mac": "02:00:00:00:00:54"})
    assert port["network"] == "quiet" and "groups" not in port
    _, _, port = made(network(a, networks=["quiet"], pod_groups=True),
                      runtime={**pod, "mac": "02:00:00:00:00:54"})
    assert port["groups"] == ["prod"]


def test_refusals(lab, a):
    """Wrong input: a code of the spec's, and nothing is left."""
    c, other = lab.containers[:2]
    net = network(a)
    assert "nowhere" in refused(100, network(a, network="nowhere").add, c)
    refused(7, network(a, network="").add, c)
    refused(3, net.call, "ADD", net.plugins[0], container="x", netns="/run/netns/not-there")
    for env in ({"container": "-"}, {"container": "a/b"}, {"ifname": "a/b"}, {"ifname": "x" * 16}, {"netns": ""}):
        refused(4, net.call, "ADD", net.plugins[0], **{"container": "x", "netns": c.path, **env})
    refused(4, net.add, c, args="nothing")
    refused(6, exec_plugin, a, "weft-cni", "ADD", "{", container="x", netns=c.path)
    refused(4, exec_plugin, a, "weft-cni", "EAT", {}, container="x", netns=c.path)
    refused(102, network(a, ipam={"type": "no-such"}).add, c)
    refused(7, network(a, ipam={"type": "../bin/sh"}).add, c)
    net.add(c, runtime={"ips": ["10.9.1.60"]})
    assert "10.9.1.60" in refused(100, net.add, other, runtime={"ips": ["10.9.1.60"]})
    refused(100, net.add, other, runtime={"ips": ["10.77.0.1"]})
    refused(100, net.add, other, runtime={"mac": "01:00:00:00:00:00"})
    net.delete(c)
    assert "eth0" not in c.links() and "eth0" not in other.links()


def test_interface_name_taken(lab, a):
    """What the container has already is not touched."""
    c = lab.containers[0]
    c.ip("link add eth0 type veth peer name eth9")
    refused(101, network(a).add, c)
    assert "eth0" in c.links()
    c.ip("link del eth0")


def test_check_compares(lab, a):
    """CHECK sees what is gone: an address, a route, the MAC address, the interface, the port."""
    c, net = lab.containers[0], network(a)
    spoil = [("route del default", "a route is gone"), ("addr flush dev eth0 scope global", "an address is gone"),
             ("link set eth0 address 02:00:00:00:00:99", "the MAC address differs"),
             ("link set eth0 down", "the interface is down")]
    for how, complaint in spoil:
        net.add(c)
        net.check(c)
        c.ip(how)
        assert complaint in refused(103, net.check, c), how
        net.delete(c)
    net.add(c)
    port, = a.agent.get("ports")["ports"]
    a.agent.delete("ports", port["name"])
    assert "the port is gone" in refused(103, net.check, c)
    net.delete(c)
    refused(7, net.call, "CHECK", net.plugins[0], container=c.id, netns=c.path)


def test_pool_runs_out(lab, a):
    """Forty at once have forty addresses; a freed one is not the next; none is left at last."""
    net = network(a)
    add = [{"name": f"p{i}", "network": "pods", "interface": f"not{i}", "container": "x"} for i in range(60)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda row: a.agent.request("POST", "ports", row), add[:57]))
    first = [x["port"]["addresses"][0] for x in answers]
    assert len(set(first)) == 57  # of 59: 64 less the first, the last, the gateway, two exceptions
    assert {x.split(".")[3] for x in first} <= {str(i) for i in range(4, 63)}
    a.agent.delete("ports", "p7")
    again = [a.agent.request("POST", "ports", row)["port"]["addresses"][0] for row in (add[57], add[58])]
    assert first[7] not in again and len({*first, *again}) == 59
    a.agent.request("POST", "ports", {**add[0], "name": "last", "interface": "last"})
    a.agent.request("POST", "ports", {**add[0], "name": "one-more", "interface": "one-more"}, status=409)
    assert "no address is free" in refused(100, net.add, lab.containers[0])
    a.agent.transact(delete={"ports": [p["name"] for p in a.agent.get("ports")["ports"]]})


def test_new_port_refused(lab, a):
    """POST /v1/ports: each thing that is wrong is answered once, and nothing is made."""
    port = {"name": "x", "network": "pods", "interface": "not-there"}
    for change, status in (({"node": lab.hosts[1].node}, 422), ({"node": 7}, 422), ({"network": "nowhere"}, 422),
                           ({"network": 7}, 422), ({"name": ""}, 422), ({"addresses": "10.9.1.9"}, 422),
                           ({"addresses": {}}, 422), ({"addresses": [7]}, 422), ({"mac": "x"}, 422)):
        a.agent.request("POST", "ports", {**port, **change}, status=status)
        assert not a.agent.get("ports")["ports"], change
    for query in ("dry_run", "commit_confirmed=5"):
        a.agent.request("POST", f"ports?{query}", port, status=400)
    assert not a.agent.get("ports")["ports"]


def test_delegated(lab, a, tmp_path):
    """host-local gives the addresses; weft sees to it that no port has them already."""
    c, other = lab.containers[:2]
    ipam = {**HOST_LOCAL, "dataDir": str(tmp_path)}
    net = network(a, ipam=ipam, network="quiet")
    result = net.add(c)
    assert [ip["address"] for ip in result["ips"]] == ["10.8.0.2/24"] and c.addresses() == {"10.8.0.2/24"}
    assert ("default", "10.8.0.1") in c.routes()
    net.check(c)
    net.add(other)
    ping(c, "10.8.0.3")
    net.delete(c)
    net.delete(other)
    assert not [f for f in os.listdir(tmp_path / "weft") if f.startswith("10.")]
    a.agent.request("POST", "ports", {"name": "taken", "network": "quiet", "interface": "no",
                                      "mac": "02:00:00:00:00:01", "addresses": ["10.8.0.4"]})
    refused(100, net.add, c)  # host-local goes on where it was
    assert not [f for f in os.listdir(tmp_path / "weft") if f.startswith("10.")], "host-local was not told"
    a.agent.delete("ports", "taken")


def test_chained(lab, a, tmp_path):
    """With Debian's portmap, bandwidth and tuning behind it; and behind another one."""
    c = lab.containers[0]
    net = network(a, {"type": "tuning", "sysctl": {"net.ipv4.conf.all.log_martians": "1"}},
                  {"type": "portmap", "capabilities": {"portMappings": True}, "snat": False})
    runtime = {"portMappings": [{"hostPort": 8088, "containerPort": 80, "protocol": "tcp"}]}
    result = net.add(c, runtime=runtime)
    assert len(result["interfaces"]) == 2 and len(result["ips"]) == 2
    assert c.run("sysctl", "-n", "net.ipv4.conf.all.log_martians").stdout.strip() == "1"
    assert "8088" in a.run("iptables-save").stdout
    for plugin in net.plugins[:2]:  # portmap 1.1 looks for its IPv6 rule in the wrong place
        net.call("CHECK", plugin, result, container=c.id, netns=c.path)
    net.delete(c, runtime=runtime)
    assert "8088" not in a.run("iptables-save").stdout
    before = exec_plugin(a, "static", "ADD", {"cniVersion": "1.0.0", "name": "s", "ipam": {
        "type": "static", "addresses": []}}, container=c.id, netns=c.path)
    before = {"cniVersion": "1.0.0", "interfaces": [{"name": "lo", "sandbox": c.path}], **before}
    net = network(a)
    result = net.call("ADD", net.plugins[0], before, container=c.id, netns=c.path)
    assert [i["name"] for i in result["interfaces"]][0] == "lo" and result["ips"][0]["interface"] == 2
    # what the other plugin gave the container is not the port's to have, nor on its interface
    c.ip("addr add 10.66.0.1/24 dev lo", "link add other type veth peer name other2", "link set other up",
         "link set other2 up", "addr add 10.67.0.1/24 dev other", "route add 10.68.0.0/24 via 10.67.0.2")
    result["ips"].insert(0, {"address": "10.66.0.1/24", "interface": 0})
    result["routes"].append({"dst": "10.68.0.0/24", "gw": "10.67.0.2"})
    net.call("CHECK", net.plugins[0], result, container=c.id, netns=c.path)
    result["routes"][-1]["gw"] = "10.67.0.3"
    refused(103, net.call, "CHECK", net.plugins[0], result, container=c.id, netns=c.path)
    c.ip("link del other", "addr del 10.66.0.1/24 dev lo")
    net.delete(c, previous=False)


def test_bandwidth(lab, a):
    """The plugin looks for the host's end in the result, and shapes it; weft's program stays."""
    c = lab.containers[0]
    net = network(a, {"type": "bandwidth", "capabilities": {"bandwidth": True}})
    runtime = {"bandwidth": {"ingressRate": 8000000, "ingressBurst": 8000000}}
    a.ip("link add probe type veth peer name eborp")
    has_tbf = not a.run("tc", "qdisc", "add", "dev", "probe", "root", "tbf", "rate", "1mbit", "burst", "10k",
                        "latency", "1s", check=False).returncode
    a.ip("link del probe")
    if not has_tbf:
        refused(999, net.add, c, runtime=runtime)
        net.delete(c, previous=False, runtime=runtime)
        return
    result = net.add(c, runtime=runtime)
    assert "tbf" in a.run("tc", "qdisc", "show", "dev", result["interfaces"][0]["name"]).stdout
    assert a.agent.get("ports")["ports"][0]["state"] == "attached"
    net.delete(c, runtime=runtime)


def test_status_and_no_agent(lab, a):
    """Without the agent: try again later. DEL does what it can, and the next call the rest."""
    c, net = lab.containers[0], network(a)
    net.status()
    refused(50, network(a, network="nowhere").status)
    net.add(c)
    a.agent.kill()
    refused(50, net.status)
    refused(11, net.add, lab.containers[1])
    net.delete(c)
    assert "eth0" not in c.links() and "eth0" not in lab.containers[1].links()
    network(lab.hosts[1]).status()  # another agent's business: it has no such port, rightly
    a.agent.start()
    assert len(a.agent.get("ports")["ports"]) == 1
    net.status()
    assert not a.agent.get("ports")["ports"]


def _send(agent, method, path, body=""):
    """A request whose answer is not waited for."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(agent.socket)
    s.sendall(f"{method} /v1/{path} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return s


def test_deleted_before_it_is_made(a):
    """ADD is killed, and DEL comes, before the agent has got to the first of them."""
    process = a.agent.process.popen
    process.send_signal(signal.SIGSTOP)
    try:
        _send(a.agent, "POST", "ports", json.dumps({"name": "p", "network": "pods", "interface": "no"})).close()
        sockets = [_send(a.agent, "DELETE", "ports/p") for _ in range(2)]
    finally:
        process.send_signal(signal.SIGCONT)
    answers = [s.makefile().readline().split()[1] for s in sockets]
    for s in sockets:
        s.close()
    assert answers in (["200", "404"], ["404", "404"])
    assert not a.agent.get("ports")["ports"]


def test_refused_claims_are_forgotten(a):
    """A port that is refused over one of its addresses has no claim to the others."""
    row = {"name": "p", "network": "pods", "interface": "no", "mac": "02:00:00:00:00:01"}
    a.agent.request("POST", "ports", {**row, "addresses": ["fd00:9::1:60", "fd00:9:0::1:60"]}, status=409)
    assert a.agent.request("POST", "ports", {**row, "addresses": ["fd00:9::1:60"]})["port"]["addresses"]
    a.agent.delete("ports", "p")


def test_gc(lab, a):
    """What the runtime does not know of goes, of this configuration only."""
    net, other = network(a), network(a, name="other")
    for c in lab.containers[:3]:
        net.add(c)
    other.add(lab.containers[3])
    net.gc(lab.containers[1])
    left = {p["document"]["container"] for p in a.agent.get("ports")["ports"]}
    assert left == {lab.containers[1].id, lab.containers[3].id}
    assert ["eth0" in c.links() for c in lab.containers[:4]] == [False, True, False, True]
    refused(7, exec_plugin, a, "weft-cni", "GC", {**net.plugins[0], "cniVersion": "1.1.0", "name": "weft"})
    net.gc()
    other.gc()
    assert not a.agent.get("ports")["ports"]


def _killed(host, net, command, container, step):
    """A call that is killed behind its STEPth message or move of a file. Return: whether it was."""
    conf = {**net.plugins[0], "cniVersion": "1.0.0", "name": net.name}
    p = subprocess.run(["nsenter", f"--net={host.path}", KILLAT, "--sends", str(step), PLUGIN],
                       input=json.dumps(conf), text=True, capture_output=True, check=False, env={
                           **os.environ, "CNI_COMMAND": command, "CNI_CONTAINERID": container.id,
                           "CNI_NETNS": container.path, "CNI_IFNAME": "eth0",
                           "CNI_PATH": f"{BUILD}:{DEBIANS}"})
    assert p.returncode in (0, 3), f"{p.stdout} {p.stderr}"
    return p.returncode == 0


def _clean(host, net, container, leases, step):
    """Nothing of the container is left anywhere."""
    assert not host.agent.get("ports")["ports"], step
    assert "eth0" not in container.links(), step
    assert not net.plugins[0].get("ipam") or not [f for f in os.listdir(leases) if f[0].isdigit()], step
    assert not _notes(host), step


def _notes(host):
    """What the host's agent is still to be told."""
    names = os.listdir(NOTES) if os.path.isdir(NOTES) else []
    found = []
    for name in names:
        try:
            with open(f"{NOTES}/{name}", encoding="utf-8") as f:
                found += [name] if f.read() == host.agent.socket and not name.startswith(".") else []
        except FileNotFoundError:
            pass  # another run's
    return found


@pytest.mark.parametrize("how", ("gc", "delete", "add", "delegated"))
def test_killed(lab, a, how, tmp_path):
    """Kill -9 behind every step of ADD; then GC, DEL, or first ADD again: nothing is left behind."""
    ipam = {"ipam": {**HOST_LOCAL, "dataDir": str(tmp_path)}, "network": "quiet"} if how == "delegated" else {}
    net, c = network(a, **ipam), lab.containers[0]
    step = 1
    while _killed(a, net, "ADD", c, step):
        if how == "gc":
            net.gc()
        elif how == "add":
            try:
                net.add(c)
            except CniError:
                pass  # what is there already is in the way
        if how != "gc":
            net.delete(c, previous=False)
        _clean(a, net, c, tmp_path / "weft", step)
        step += 1
    net.delete(c, previous=False)
    assert step > 10, "ADD has more steps than that"


def test_delete_killed(lab, a, tmp_path):
    """Kill -9 behind every step of DEL, with the agent and without it; the next DEL sees to the rest."""
    net, c = network(a, ipam={**HOST_LOCAL, "dataDir": str(tmp_path)}, network="quiet"), lab.containers[0]
    for agent in (True, False):
        step, killed = 1, True
        while killed:
            net.add(c)
            if not agent:
                a.agent.kill()
            killed = _killed(a, net, "DEL", c, step)
            if not agent:
                net.delete(c, previous=False)
                a.agent.start()
                net.status()
            net.delete(c, previous=False)
            _clean(a, net, c, tmp_path / "weft", step)
            step += 1
        assert step > 3


def test_agent_killed(lab, a):
    """Kill -9 of the agent while containers come: who has joined keeps his addresses, and nobody else has them."""
    net, joined = network(a), {}

    def come(c):
        for _ in range(40):
            try:
                result = net.add(c)
            except CniError as e:
                assert e.code == 11, e
                assert "eth0" not in c.links()
                time.sleep(0.02)
                continue
            joined[c.id] = {ip["address"] for ip in result["ips"]}
            return c
        return None
    for i in range(4):
        joined.clear()
        with ThreadPoolExecutor(6) as pool:
            coming = [pool.submit(come, c) for c in lab.containers[:6]]
            time.sleep(0.01 * i)
            a.agent.kill()
            a.agent.start()
            here = [c.result() for c in coming if c.result()]
        assert len(here) == 6
        net.status()
        ports = {p["document"]["container"]: p for p in a.agent.get("ports")["ports"]}
        assert set(ports) == set(joined) and {p["state"] for p in ports.values()} == {"attached"}
        for c in here:
            assert {addr.split("/")[0] for addr in joined[c.id]} == set(ports[c.id]["document"]["addresses"])
            assert c.addresses() == joined[c.id]
            net.check(c)
        assert len(set().union(*joined.values())) == 12, "an address has been given twice"
        net.gc()


def test_storm(lab, a):
    """Eight workers come and go; no address is given twice, nothing is left."""
    net = network(a)

    def life(c):
        seen = []
        for _ in range(6):
            result = net.add(c)
            seen.append((time.monotonic(), result["ips"][0]["address"]))
            assert result["ips"][0]["address"] in c.addresses()
            net.delete(c)
        return seen
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(life, lab.containers[:8]))
    assert len({addr for one in seen for _, addr in one}) > 20  # they take turns


def test_containers_survive_the_agent(lab, a):
    """Killed and started again, the agent still has them; their addresses stay taken."""
    one, other = lab.containers[:2]
    net = network(a)
    first = net.add(one)
    a.agent.kill()
    a.agent.start()
    second = net.add(other)
    assert first["ips"][0]["address"] != second["ips"][0]["address"]
    ping(one, second["ips"][0]["address"].split("/")[0])
    net.check(one)
    for c in (one, other):
        net.delete(c)


def test_containers_end_with_the_kernel(a, lab):
    """After a reboot a runtime starts a container anew under its old id: its port and address are free."""
    net, container = network(a), lab.containers[0]
    first = net.add(container, runtime={"ips": ["10.9.1.40/16"]})
    a.agent.stop()
    subprocess.run(["sed", "-i", "s/^{\"boot\": \"[^\"]*\"/{\"boot\": \"before\"/", a.agent.state], check=True)
    subprocess.run(["ip", "-n", a.name, "link", "del", first["interfaces"][0]["name"]], check=True)
    a.agent.start()
    assert not a.agent.get("ports")["ports"]
    net.add(container, runtime={"ips": ["10.9.1.40/16"]})
    net.check(container)
    net.delete(container)
