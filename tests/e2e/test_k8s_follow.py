# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft k8s --watch keeps two agents to what an API server says, and no packet needs it.

    pods a1, a2 = a [ul]====[ul] b = pod b1       a watcher beside each agent; the API server on a
"""
import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import k8s_fake as fake
from agent import Agent
from cni import Container, Network
from lab import Lab, WEFT
from netns import wait_until
from traffic import nothing_lost, ping, tcp_between, unreachable

TIMEOUT = 10.0
SOON = 5.0  # of an event, on a machine that does other things as well; it takes a fifth of a second
pytestmark = pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS", "NO_RECEIVER")


class Watcher:
    """weft k8s --watch for a host of the lab."""

    def __init__(self, host, lab, *args):
        self.place = lab.hosts[0]  # whence the API server is to be reached; the agent's socket is from everywhere
        self.args = ("k8s", "--watch", "--node", host.node, "--server", lab.api.url, *args)
        self.process = None
        self.seen = []
        self.start()

    def start(self):
        self.seen = []
        self.process = self.place.spawn(WEFT, *self.args)
        os.set_blocking(self.process.popen.stdout.fileno(), False)

    def events(self):
        """All that it has said since it was started."""
        while line := self.process.popen.stdout.readline():
            self.seen.append(json.loads(line))
        return self.seen

    def wait(self, event, count=1, **fields):
        def come():
            return [e for e in self.events() if e["event"] == event
                    and all(e.get(k) == v for k, v in fields.items())][count - 1:]
        return wait_until(f"{event} {fields}", come, TIMEOUT)[0]

    def kill(self):
        self.process.popen.send_signal(signal.SIGKILL)
        self.process.popen.wait()
        self.process.close()

    def close(self):
        self.process.popen.send_signal(signal.SIGTERM)
        self.process.popen.wait(TIMEOUT)
        err = self.process.popen.stderr.read()
        assert self.process.popen.returncode == 0 and not err, err
        self.process.close()


def pod_of(w, labels=None, ready=True):
    """The pod of a workload, as an API server has it."""
    addresses = [w.ip4, w.ip6] if ready else []
    return {"metadata": {"name": w.port, "namespace": "shop", "labels": labels or {"app": w.port}},
            "spec": {"nodeName": w.host.node,
                     "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {"phase": "Running" if ready else "Pending", "podIP": addresses[0] if ready else None,
                       "podIPs": [{"ip": a} for a in addresses]}}


def policy(name, spec):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


CLOSED = {"podSelector": {}, "policyTypes": ["Ingress"]}


def from_app(app, **port):
    return {"podSelector": {"matchLabels": {"app": "b1"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": app}}}], **({"ports": [port]} if port else {})}]}


@pytest.fixture(scope="module", name="lab")
def _lab():
    made = Lab("k8s")
    a, b = made.host("a"), made.host("b")
    made.wire()
    made.network()
    for host in (a, a, b):
        w = made.workload(host)
        w.options["pod"] = f"shop/{w.port}"
    made.write()
    made.api = fake.Api(a)
    a.ip("link set lo up")
    agents = [Agent(host).start() for host in (a, b)]
    yield made
    made.api.stop()
    for agent in agents:
        agent.close()
    made.close()


@pytest.fixture(name="cluster")
def _cluster(lab):
    """The API server with three pods in a namespace and no policy, and watchers that have told the agents."""
    api = lab.api
    api.put("namespaces", {"metadata": {"name": "shop", "labels": {"team": "shop"}}})
    for w in lab.workloads:
        api.put("pods", pod_of(w))
    lab.watchers = [Watcher(host, lab) for host in lab.hosts[:2]]
    for watcher in lab.watchers:
        watcher.wait("applied")
    yield lab
    for watcher in lab.watchers:
        watcher.close()
    for plural in fake.PLURALS:
        for namespace, name in list(api.objects[plural]):
            api.delete(plural, name, namespace)
    for host in lab.hosts[:2]:
        for kind in ("policies", "address_sets"):
            for row in host.agent.get(kind)[kind]:
                host.agent.delete(kind, row["name"])


def answers(src, dst, port):
    """Whether a TCP connection is accepted; asked once, with half a second to answer."""
    with dst.socket(socket.AF_INET, socket.SOCK_STREAM) as listener, \
            src.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((dst.ip4, port))
        listener.listen(1)
        s.settimeout(0.5)
        try:
            s.connect((dst.ip4, port))
        except OSError:
            return False
        return True


def within(seconds, what, condition):
    """It comes true, and soon. Return: after how many seconds."""
    began = time.monotonic()
    wait_until(what, condition, TIMEOUT)
    took = time.monotonic() - began
    assert took < seconds, f"{what}: {took:.2f} s"
    return took


def policies(host):
    return {p["name"]: p["document"] for p in host.agent.get("policies")["policies"]}


def test_policies_come_change_and_go(cluster):
    """Each is in force soon, on the node of the pod that it is about and on no other."""
    a1, a2, b1 = cluster.workloads
    api, (a, b) = cluster.api, cluster.hosts[:2]
    assert answers(a1, b1, 8080) and answers(a2, b1, 8080)

    api.put("networkpolicies", policy("web", from_app("a1", port="http")))
    within(SOON, "the policy", lambda: "k8s_shop_web_in-http-tcp-8080" in policies(b))
    assert answers(a1, b1, 8080) and not answers(a1, b1, 8081) and not answers(a2, b1, 8080)
    assert not any("web" in name for name in policies(a))
    unreachable(a1, b1.ip4)

    api.put("networkpolicies", policy("web", from_app("a2")))
    within(SOON, "the change", lambda: answers(a2, b1, 8081))
    assert not answers(a1, b1, 8080)
    ping(a2, b1.ip4)

    api.delete("networkpolicies", "web", "shop")
    within(SOON, "the end of it", lambda: answers(a1, b1, 8080))
    assert set(policies(b)) == {"k8s_pods_in"}


def test_labels_and_addresses_change(cluster):
    """Whom a policy is about, and whom it lets in, follows pods and namespaces."""
    a1, a2, b1 = cluster.workloads
    api = cluster.api
    api.put("networkpolicies", policy("web", from_app("friend")))
    within(SOON, "isolation", lambda: not answers(a1, b1, 80))
    api.put("pods", pod_of(a1, {"app": "friend"}))
    within(SOON, "a friend", lambda: answers(a1, b1, 80))
    assert not answers(a2, b1, 80)
    api.put("pods", pod_of(a1, {"app": "friend"}, ready=False))
    within(SOON, "no address", lambda: not answers(a1, b1, 80))
    api.put("pods", pod_of(b1, {"app": "other"}))
    within(SOON, "no longer selected", lambda: answers(a2, b1, 80))

    spec = {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}]}
    api.put("networkpolicies", policy("red", spec))
    within(SOON, "isolation", lambda: not answers(a2, b1, 80))
    api.put("namespaces", {"metadata": {"name": "shop", "labels": {"team": "red"}}})
    within(SOON, "the namespace's label", lambda: answers(a2, b1, 80))


def test_services_of_a_cluster(cluster):
    """An egress rule about pods lets a Service's address through when the Service is in front of those."""
    a1, _, b1 = cluster.workloads
    api = cluster.api
    spec = {"podSelector": {"matchLabels": {"app": "a1"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "b1"}}}], "ports": [{"port": 8080}]}]}
    api.put("networkpolicies", policy("out", spec))
    api.put("services", {"metadata": {"name": "s", "namespace": "shop"},
                         "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": 80}]}})

    def rules():
        return [r for r in policies(cluster.hosts[0]).get("k8s_shop_out_out", {}).get("rules", [])
                if "10.96.0.7/32" in r["to"].get("cidrs", [])]
    within(SOON, "the policy", lambda: not answers(a1, b1, 8081))
    assert not rules()
    endpoints = {"metadata": {"name": "s", "namespace": "shop"},
                 "subsets": [{"addresses": [{"ip": b1.ip4}], "ports": [{"port": 8080}]}]}
    api.put("endpoints", endpoints)
    within(SOON, "the Service", rules)
    endpoints["subsets"].append({"notReadyAddresses": [{"ip": "192.0.2.9"}], "ports": [{"port": 8080}]})
    api.put("endpoints", endpoints)
    within(SOON, "an endpoint that is not allowed", lambda: not rules())


def test_a_pod_is_judged_from_its_first_packet(cluster):
    """Its policies are there before its port is."""
    a1, a2, b1 = cluster.workloads
    host = cluster.hosts[0]
    document = cluster.document()
    document["ports"] = [p for p in document["ports"] if p["name"] != a2.port]
    cluster.write(document=document)
    wait_until("the port to go", lambda: a2.port not in [p["name"] for p in host.agent.get("ports")["ports"]], TIMEOUT)
    cluster.api.put("networkpolicies", policy("closed", {**CLOSED, "podSelector": {"matchLabels": {"app": "a2"}}}))
    wait_until("the policy", lambda: "k8s_shop_closed_in" in policies(host), TIMEOUT)
    ping(a1, b1.ip4)
    cluster.write()
    wait_until("the port", lambda: [p for p in host.agent.get("ports")["ports"]
                                    if p["name"] == a2.port and p["state"] == "attached"], TIMEOUT)
    assert not answers(a1, a2, 80) and answers(a2, a1, 80)


def test_nothing_is_undone_by_the_death_of_a_watcher(cluster):
    """What was told stays in force; the next one goes on from there, and takes back what is no more."""
    a1, a2, b1 = cluster.workloads
    b, watcher = cluster.hosts[1], cluster.watchers[1]
    cluster.api.put("networkpolicies", policy("web", from_app("a1")))
    cluster.api.put("networkpolicies", policy("old", from_app("a1")))
    within(SOON, "the policies", lambda: {"k8s_shop_web_in", "k8s_shop_old_in"} <= set(policies(b)))
    watcher.kill()
    cluster.api.delete("networkpolicies", "old", "shop")
    time.sleep(0.5)
    assert "k8s_shop_old_in" in policies(b) and not answers(a2, b1, 80)
    watcher.start()
    assert watcher.wait("applied")["deleted"] == 1
    assert set(policies(b)) == {"k8s_pods_in", "k8s_shop_web_in"}
    assert answers(a1, b1, 80) and not answers(a2, b1, 80)


def test_an_agent_that_is_away_is_told_later(cluster):
    a1, a2, b1 = cluster.workloads
    b = cluster.hosts[1]
    b.agent.kill()
    cluster.api.put("networkpolicies", policy("web", from_app("a1")))
    cluster.watchers[1].wait("refused", problem="Connection refused")
    assert answers(a2, b1, 80)
    b.agent.start()
    wait_until("the policy", lambda: "k8s_shop_web_in" in policies(b), TIMEOUT)
    assert answers(a1, b1, 80) and not answers(a2, b1, 80)
    assert len([e for e in cluster.watchers[1].events() if e["event"] == "refused"]) == 1


def test_a_server_that_is_away_changes_nothing(cluster):
    """Old knowledge is better than none; what has happened meanwhile is caught up with."""
    a1, a2, b1 = cluster.workloads
    cluster.api.put("networkpolicies", policy("web", from_app("a1")))
    within(SOON, "the policy", lambda: not answers(a2, b1, 80))
    cluster.api.stop()
    cluster.watchers[1].wait("server", resource="pods")
    assert answers(a1, b1, 80) and not answers(a2, b1, 80)
    cluster.api.put("networkpolicies", policy("web", from_app("a2")))
    cluster.api.start()
    wait_until("the change", lambda: answers(a2, b1, 80), 4 * TIMEOUT)
    assert not answers(a1, b1, 80)


def test_what_the_agent_refuses_is_said_once_and_tried_again(cluster):
    """A limit of the file: the old policies stay; with room for them, the new ones come by themselves."""
    a1, a2, b1 = cluster.workloads
    agent = cluster.hosts[1].agent
    agent.events()
    cluster.write(document={**cluster.document(), "limits": {"rules": 4}})
    agent.expect("reconciled")
    spec = from_app("a1")
    spec["ingress"] += [{"ports": [{"port": p}]} for p in range(81, 91)]
    cluster.api.put("networkpolicies", policy("web", spec))
    said = cluster.watchers[1].wait("refused")
    assert said["status"] in (422, 500) and "limits.rules" in json.dumps(said["answer"])
    time.sleep(1.5)
    assert len([e for e in cluster.watchers[1].events() if e["event"] == "refused"]) == 1
    assert answers(a2, b1, 80)
    cluster.write()
    wait_until("the policy", lambda: not answers(a2, b1, 80), 2 * TIMEOUT)
    assert answers(a1, b1, 80) and answers(a2, b1, 85)


def test_documents_of_others_are_left_alone(cluster):
    """In the file or the API: a watcher knows its own by their names."""
    b = cluster.hosts[1]
    b.agent.put("policies", {"name": "mine", "applies_to": "none", "direction": "ingress"})
    cluster.api.put("networkpolicies", policy("web", CLOSED))
    within(SOON, "the policy", lambda: "k8s_shop_web_in" in policies(b))
    cluster.watchers[1].kill()
    cluster.watchers[1].start()
    cluster.watchers[1].wait("applied")
    assert {"mine", "k8s_shop_web_in"} <= set(policies(b))


def test_what_is_not_understood_restricts(cluster):
    """A policy without the pods that it is about isolates all of its namespace, and is complained of once."""
    a1, _, b1 = cluster.workloads
    cluster.api.put("networkpolicies", policy("odd", {}))
    within(SOON, "isolation", lambda: not answers(a1, b1, 80))
    assert "podSelector" in json.dumps(cluster.watchers[1].wait("objects")["errors"])


def test_it_has_no_rights(cluster):
    """No capability is left, and none can come."""
    pid = cluster.watchers[0].process.popen.pid
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        status = dict(line.split(":", 1) for line in f.read().splitlines())
    assert all(int(status[key], 16) == 0 for key in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"))
    assert status["NoNewPrivs"].strip() == "1"


def test_a_connection_lives_through_changes(cluster):
    """Pods come and go, sets change, and a connection that stays allowed loses nothing."""
    a1, a2, b1 = cluster.workloads
    cluster.api.put("networkpolicies", policy("web", from_app("a1")))
    within(SOON, "the policy", lambda: not answers(a2, b1, 80))
    with nothing_lost(a1, b1):
        for i in range(20):
            cluster.api.put("pods", {"metadata": {"name": f"x{i}", "namespace": "shop", "labels": {"app": "a1"}},
                                     "spec": {"nodeName": "far"}, "status": {"phase": "Running", "podIP": f"10.1.9.{i}",
                                                                             "podIPs": [{"ip": f"10.1.9.{i}"}]}})
            tcp_between(a1, a1.ip4, b1, b1.ip4, 0, 1 << 18)  # whole; what TCP sends twice on a busy machine is its own


def test_a_pod_waits_for_its_policies(cluster):
    """weft-cni gives a pod no port before the agent has been told of the pod."""
    a = cluster.hosts[0]
    network = Network(a, {"type": "weft-cni", "network": "web", "node": a.node, "network_policies": True})
    container = Container(a.name, 7)
    args = {"args": "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=late"}
    late = {"metadata": {"name": "late", "namespace": "shop", "labels": {"app": "late"}},
            "spec": {"nodeName": a.node}, "status": {"phase": "Pending"}}
    cluster.api.put("networkpolicies", policy("closed", CLOSED))
    within(SOON, "the policy", lambda: "k8s_shop_closed_in" in policies(a))
    try:
        with ThreadPoolExecutor() as pool:
            adding = pool.submit(network.add, container, runtime={"ips": ["10.1.1.99/16"]}, **args)
            time.sleep(0.5)
            assert not adding.done() and a.agent.get("ports")["ports"][-1]["document"].get("pod") != "shop/late"
            cluster.api.put("pods", late)
            adding.result(5)
        assert "shop/late" in policies(a)["k8s_shop_closed_in"]["applies_to"]["pods"]
        network.delete(container, **args)
    finally:
        container.close()
