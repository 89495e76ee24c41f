# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft k8s: what NetworkPolicies say and what the policies made of them say is the same.

The random part judges connections twice: by NetworkPolicy as its API reference words it, and by the documents that
weft k8s prints, as docs/policy.md words those.
"""

import ipaddress
import json
import os
import random
import subprocess

import pytest

BUILD = os.environ.get("BUILD", "build")
WEFT = os.path.join(BUILD, "weft")
SEED = int(os.environ.get("WEFT_K8S_SEED", "1"))
CLUSTERS = int(os.environ.get("WEFT_K8S_CLUSTERS", "150"))


def convert(objects, *options, text=None, status=0):
    """The documents, or what was said on standard error if that is to fail."""
    done = subprocess.run([WEFT, "k8s", "--json", *options, "-"], input=text or json.dumps(objects), text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if not status else done.stderr


def as_list(*objects):
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name, addresses, labels=None, ns="default", ports=(), node="n1", **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": ns, "labels": labels or {}},
            "spec": {"nodeName": node, "containers": [{"name": "c", "ports": list(ports)}], **spec},
            "status": {"phase": "Running", "podIP": addresses[0] if addresses else None,
                       "podIPs": [{"ip": a} for a in addresses]}}


def policy(name, spec, ns="default"):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": ns}, "spec": spec}


def service(name, address, ports, endpoints, ns="default"):
    """ports: [(port, target)], all TCP."""
    return [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": ns},
             "spec": {"clusterIP": address, "clusterIPs": [address],
                      "ports": [{"name": f"p{p}", "port": p, "targetPort": t} for p, t in ports]}},
            {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": ns},
             "subsets": [{"addresses": [{"ip": a} for a in endpoints],
                          "ports": [{"name": f"p{p}", "port": t, "protocol": "TCP"} for p, t in ports]}]}]


# ---- NetworkPolicy, from the words of its API reference


def label_match(selector, labels):
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for e in selector.get("matchExpressions") or []:
        key, values = e["key"], e.get("values") or []
        if not {"In": key in labels and labels[key] in values,
                "NotIn": key not in labels or labels[key] not in values,
                "Exists": key in labels, "DoesNotExist": key not in labels}[e["operator"]]:
            return False
    return True


class Cluster:
    def __init__(self, objects):
        of = lambda kind: [o for o in objects if o["kind"] == kind]
        self.namespaces = {o["metadata"]["name"]: {**o["metadata"]["labels"],
                                                   "kubernetes.io/metadata.name": o["metadata"]["name"]}
                           for o in of("Namespace")}
        self.pods = [o for o in of("Pod") if not o["spec"].get("hostNetwork")
                     and o["status"]["phase"] not in ("Succeeded", "Failed")]
        self.policies = of("NetworkPolicy")

    @staticmethod
    def addresses(p):
        return [a["ip"] for a in p["status"]["podIPs"]]

    def owners(self, address):
        return [p for p in self.pods if address in self.addresses(p)]

    def peer_match(self, peer, ns, address, owners):
        if "ipBlock" in peer:
            ip = ipaddress.ip_address(address)
            inside = lambda c: ip in ipaddress.ip_network(c, strict=False)
            return inside(peer["ipBlock"]["cidr"]) and not any(map(inside, peer["ipBlock"].get("except") or []))
        for p in owners:
            its = p["metadata"]["namespace"]
            if "namespaceSelector" in peer:
                if its not in self.namespaces or not label_match(peer["namespaceSelector"], self.namespaces[its]):
                    continue
            elif its != ns:
                continue
            if label_match(peer.get("podSelector") or {}, p["metadata"]["labels"]):
                return True
        return False

    @staticmethod
    def named(p, name, protocol):
        for c in p["spec"]["containers"]:
            for port in c["ports"]:
                if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                    return port["containerPort"]
        return None

    def port_match(self, port, targets, protocol, number):
        if port.get("protocol", "TCP") != protocol:
            return False
        if port.get("port") is None:
            return True
        if isinstance(port["port"], str):
            return any(self.named(t, port["port"], protocol) == number for t in targets)
        return port["port"] <= number <= port.get("endPort", port["port"])

    def allowed(self, p, direction, address, protocol, number):
        """Whether pod p may be reached from (Ingress), or reach (Egress), that address and port."""
        key, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
        isolated = False
        for policy_ in self.policies:
            spec, ns = policy_["spec"], policy_["metadata"]["namespace"]
            types = spec.get("policyTypes") or ["Ingress"] + (["Egress"] if spec.get("egress") else [])
            if ns != p["metadata"]["namespace"] or direction not in types or \
               not label_match(spec["podSelector"], p["metadata"]["labels"]):
                continue
            isolated = True
            owners = self.owners(address)
            for rule in spec.get(key) or []:
                peers, ports = rule.get(side) or [], rule.get("ports") or []
                if peers and not any(self.peer_match(x, ns, address, owners) for x in peers):
                    continue
                # A pod that has another's address (before Kubernetes has noticed) answers for itself alone.
                targets = [p] if direction == "Ingress" else [
                    o for o in owners if not peers or any(self.peer_match(x, ns, address, [o]) for x in peers)]
                if not ports or any(self.port_match(x, targets, protocol, number) for x in ports):
                    return True
        return not isolated


# ---- weft's documents, from the words of docs/policy.md


class Documents:
    def __init__(self, docs):
        self.sets = {s["name"]: s for s in docs["address_sets"]}
        self.policies = docs["policies"]
        assert len(self.sets) == len(docs["address_sets"])
        names = [p["name"] for p in self.policies]
        assert len(set(names)) == len(names)
        assert all(len(n) <= 63 and set(n) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
                   for n in names + list(self.sets))
        used = {s for p in self.policies for r in p["rules"] for s in (r.get("from") or r.get("to") or {}).get("sets", [])}
        assert used == set(self.sets)

    def peer(self, peer, address):
        ip = ipaddress.ip_address(address)
        inside = lambda cidrs: any(ip in ipaddress.ip_network(c) for c in cidrs)
        return inside(peer.get("cidrs", [])) or any(
            inside(self.sets[s]["cidrs"]) and not inside(self.sets[s].get("except", [])) for s in peer.get("sets", []))

    @staticmethod
    def port(ports, number):
        for x in ports:
            first, last = (x, x) if isinstance(x, int) else map(int, x.split("-"))
            if first <= number <= last:
                return True
        return False

    def allowed(self, name, direction, address, protocol, number):
        isolated = False
        for p in self.policies:
            if p["direction"] != direction.lower() or name not in p["applies_to"]["pods"]:
                continue
            isolated |= p.get("default") != "none"
            for rule in p["rules"]:
                peer = rule.get("from", rule.get("to"))
                if (peer is None or self.peer(peer, address)) and \
                   rule.get("protocol", protocol.lower()) == protocol.lower() and \
                   ("ports" not in rule or self.port(rule["ports"], number)):
                    return True
        return not isolated


# ---- random clusters

LABELS = {"app": ["web", "db", "cache"], "tier": ["front", "back"], "env": ["prod", "test"]}
PORT_NAMES = ["http", "sql"]
NUMBERS = [53, 80, 443, 8080, 8081, 9000]


class Forge:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def some(self, chance):
        return self.r.random() < chance

    def labels(self):
        return {k: self.r.choice(v) for k, v in LABELS.items() if self.some(0.6)}

    def selector(self):
        out = {}
        if self.some(0.5):
            out["matchLabels"] = self.labels() if self.some(0.7) else {}
        for _ in range(self.r.choice([0, 0, 1, 2])):
            key = self.r.choice(list(LABELS))
            op = self.r.choice(["In", "NotIn", "Exists", "DoesNotExist"])
            e = {"key": key, "operator": op}
            if op in ("In", "NotIn"):
                e["values"] = self.r.sample(LABELS[key] + ["other"], self.r.choice([1, 2]))
            elif self.some(0.3):
                e["values"] = []
            out.setdefault("matchExpressions", []).append(e)
        return out

    def peer(self):
        if self.some(0.25):
            block = self.r.choice([{"cidr": "10.1.0.0/16"}, {"cidr": "10.1.0.0/30", "except": ["10.1.0.2/32"]},
                                   {"cidr": "10.1.0.7/29"}, {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/9"]},
                                   {"cidr": "::/0"}, {"cidr": "fd00::/126", "except": []}])
            return {"ipBlock": block}
        peer = {}
        if self.some(0.6):
            peer["podSelector"] = self.selector()
        if not peer or self.some(0.4):
            peer["namespaceSelector"] = self.selector()
        return peer

    def port(self):
        port = {}
        if self.some(0.7):
            port["protocol"] = self.r.choice(["TCP", "TCP", "UDP", "SCTP"])
        kind = self.r.random()
        if kind < 0.35:
            port["port"] = self.r.choice(PORT_NAMES)
        elif kind < 0.9:
            port["port"] = self.r.choice(NUMBERS)
            if self.some(0.3):
                port["endPort"] = port["port"] + self.r.choice([0, 1, 100])
        return port

    def rules(self, side):
        out = []
        for _ in range(self.r.choice([0, 1, 1, 2])):
            rule = {}
            if self.some(0.8):
                rule[side] = [self.peer() for _ in range(self.r.choice([0, 1, 1, 2]))]
            if self.some(0.6):
                rule["ports"] = [self.port() for _ in range(self.r.choice([0, 1, 1, 3]))]
            out.append(rule)
        return out

    def cluster(self):
        spaces = ["default", "shop", "sys"]
        objects = [namespace(n, **self.labels()) for n in spaces if self.some(0.9)]
        for i in range(self.r.randint(2, 8)):
            ports = []
            for name in PORT_NAMES:
                if self.some(0.5):
                    ports.append({"name": name, "containerPort": self.r.choice(NUMBERS),
                                  **({"protocol": "UDP"} if self.some(0.3) else {})})
            addresses = [f"10.1.0.{i if self.some(0.95) else 1}"] + ([f"fd00::{i}"] if self.some(0.4) else [])
            p = pod(f"p{i}", addresses, self.labels(), self.r.choice(spaces), ports, self.r.choice(["n1", "n2"]))
            if self.some(0.1):
                p["spec"]["hostNetwork"] = True
            if self.some(0.1):
                p["status"]["phase"] = self.r.choice(["Succeeded", "Pending", "Failed"])
            objects.append(p)
        for i in range(self.r.randint(0, 5)):
            spec = {"podSelector": self.selector()}
            if self.some(0.7):
                spec["policyTypes"] = self.r.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"]])
            types = spec.get("policyTypes", ["Ingress", "Egress"])
            if "Ingress" in types and self.some(0.8):
                spec["ingress"] = self.rules("from")
            if "Egress" in types and self.some(0.8):
                spec["egress"] = self.rules("to")
            objects.append(policy(f"np.{i}", spec, self.r.choice(spaces)))
        self.r.shuffle(objects)
        return objects


def test_random_clusters():
    """Every pod, asked by and asking every address on every port, gets the same answer twice."""
    asked = refused = 0
    for seed in range(SEED, SEED + CLUSTERS):
        objects = Forge(seed).cluster()
        cluster, docs = Cluster(objects), Documents(convert(as_list(*objects)))
        addresses = [a for p in cluster.pods for a in cluster.addresses(p)] + ["192.0.2.1", "10.200.0.1", "2001:db8::1"]
        for p in cluster.pods:
            name = f"{p['metadata']['namespace']}/{p['metadata']['name']}"
            for address in addresses:
                for direction in ("Ingress", "Egress"):
                    for protocol in ("TCP", "UDP", "SCTP"):
                        for number in NUMBERS + [54, 8181]:
                            expected = cluster.allowed(p, direction, address, protocol, number)
                            got = docs.allowed(name, direction, address, protocol, number)
                            assert got == expected, (seed, name, direction, address, protocol, number)
                            asked += 1
                            refused += not got
    assert asked > 400 * CLUSTERS and asked / 20 < refused < asked * 19 / 20


def test_order_does_not_matter():
    for seed in range(20):
        objects = Forge(seed).cluster()
        once = convert(as_list(*objects))
        random.Random(seed).shuffle(objects)
        assert convert(as_list(*objects)) == once


def test_only_what_a_node_needs():
    """--node: policies of its pods alone, and the sets that those need; together they are the whole."""
    for seed in range(50):
        objects = Forge(seed).cluster()
        cluster = Cluster(objects)
        for node in ("n1", "n2"):
            docs = Documents(convert(as_list(*objects), "--node", node))
            its = {f"{p['metadata']['namespace']}/{p['metadata']['name']}" for p in cluster.pods
                   if p["spec"]["nodeName"] == node}
            assert {n for p in docs.policies for n in p["applies_to"]["pods"]} <= its
            for p in cluster.pods:
                name = f"{p['metadata']['namespace']}/{p['metadata']['name']}"
                if name in its:
                    for number in NUMBERS:
                        assert docs.allowed(name, "Ingress", "10.1.0.1", "TCP", number) == \
                            cluster.allowed(p, "Ingress", "10.1.0.1", "TCP", number)


# ---- Services

CLIENT = pod("client", ["10.1.0.1"], {"app": "client"})
BACKENDS = [pod("b1", ["10.1.0.2"], {"app": "web"}), pod("b2", ["10.1.0.3"], {"app": "web"}),
            pod("odd", ["10.1.0.4"], {"app": "odd"})]


def egress(*rules):
    return policy("out", {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"],
                          "egress": list(rules)})


WEB = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}


@pytest.mark.parametrize("endpoints, rule, allowed", [
    (["10.1.0.2", "10.1.0.3"], WEB, True),
    (["10.1.0.2", "10.1.0.4"], WEB, False),  # one endpoint that the rule does not allow
    ([], WEB, False),
    (["10.1.0.2"], {**WEB, "ports": [{"port": 80}]}, False),  # the Service's port is not what is asked for
    (["10.1.0.2"], {"to": WEB["to"]}, True),
    (["192.0.2.7"], {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}, True),
    (["192.0.2.7"], {"ports": [{"port": 8080}]}, True),
])
def test_services(endpoints, rule, allowed):
    """A Service's address may be asked if each of its endpoints may."""
    docs = Documents(convert(as_list(CLIENT, *BACKENDS, egress(rule),
                                     *service("s", "10.96.0.7", [(80, 8080), (81, 9000)], endpoints))))
    assert docs.allowed("default/client", "Egress", "10.96.0.7", "TCP", 80) is allowed
    assert not docs.allowed("default/client", "Egress", "10.96.0.7", "TCP", 82)
    assert not docs.allowed("default/client", "Egress", "10.96.0.7", "UDP", 80)
    if "ports" in rule:
        assert not docs.allowed("default/client", "Egress", "10.96.0.7", "TCP", 81)


def test_headless_service():
    docs = convert(as_list(CLIENT, *BACKENDS, egress(WEB), *service("s", "None", [(80, 8080)], ["10.1.0.2"])))
    assert len(docs["policies"][0]["rules"]) == 1


# ---- options, reading and refusing


def test_admit():
    """The node may always talk to its pods, also to one that a policy isolates; and only it."""
    docs = convert(as_list(CLIENT, policy("none", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
                   "--admit", "node-a", "--admit", "192.0.2.1", "--admit", "fd00:1::/64", "--admit", "b")
    peer = {"groups": ["node-a", "b"], "cidrs": ["192.0.2.1/32", "fd00:1::/64"]}
    rules = {p["direction"]: p for p in docs["policies"] if p.get("default") == "none"}
    assert rules["ingress"]["rules"] == [{"from": peer}]
    assert rules["egress"]["rules"] == [{"to": peer}]
    assert all(p["applies_to"] == {"pods": ["default/client"]} for p in docs["policies"])


def test_long_names_stay_apart():
    names = ["a" * 253, "a" * 252 + "b", "a.b", "a-b", "in", "x." + "y" * 200]
    docs = Documents(convert(as_list(CLIENT, *[policy(n, {"podSelector": {}}) for n in names])))
    assert len(docs.policies) == len(names)


def test_selectors_of_like_names_do_not_share_a_set():
    """Sets are told apart by all of what the selector says, not by what of it fits a name."""
    spec = lambda value: {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"k": value}}}]}]}
    docs = Documents(convert(as_list(
        pod("x", ["10.1.0.1"], {"k": "a.b"}), pod("y", ["10.1.0.2"], {"k": "a-b"}),
        policy("one", spec("a.b")), policy("two", spec("a-b")))))
    assert sorted(tuple(s["cidrs"]) for s in docs.sets.values()) == [("10.1.0.1/32",), ("10.1.0.2/32",)]


WRONG = [
    ("spec: {}", "spec.podSelector: it is needed"),
    ("spec: {podSelector: {}, ingres: []}", "spec.ingres: no such key; did you mean ingress?"),
    ("spec: {podSelector: {}, policyTypes: [Egres]}", "spec.policyTypes: no such type; Ingress or Egress"),
    ("spec: {podSelector: {}, ingress: {}}", "spec.ingress: should be a list"),
    ("spec: {podSelector: {}, ingress: [[]]}", "spec.ingress[0]: should be a mapping"),
    ("spec: {podSelector: {}, ingress: [{to: []}]}", "spec.ingress[0].to: no such key"),
    ("spec: {podSelector: {}, ingress: [{from: [{}]}]}", "spec.ingress[0].from[0]: it names nobody"),
    ("spec: {podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}",
     "spec.ingress[0].from[0]: it names an ipBlock and pods"),
    ("spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}",
     "from[0].ipBlock.cidr: should be a prefix"),
    ("spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}",
     "from[0].ipBlock.cidr: should be a prefix"),
    ("spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]}",
     "ipBlock.except[0]: should be inside of cidr"),
    ("spec: {podSelector: {}, ingress: [{ports: [{port: 0}]}]}", "ports[0].port: should be a port"),
    ("spec: {podSelector: {}, ingress: [{ports: [{port: 65536}]}]}", "ports[0].port: should be a port"),
    ('spec: {podSelector: {}, ingress: [{ports: [{port: "80"}]}]}', "ports[0].port: should be a number, or a name"),
    ("spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}]}]}", "ports[0].endPort: is less than port"),
    ("spec: {podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}]}]}",
     "ports[0].endPort: it needs a port that is a number"),
    ("spec: {podSelector: {}, ingress: [{ports: [{endPort: 90}]}]}",
     "ports[0].endPort: it needs a port that is a number"),
    ("spec: {podSelector: {}, ingress: [{ports: [{protocol: ICMP}]}]}", "ports[0]: no such protocol; TCP, UDP or SCTP"),
    ("spec: {podSelector: {matchLabels: {a: 1}}}", "podSelector.matchLabels[a]: a label's value is text; quote it"),
    ("spec: {podSelector: {matchLabels: {a: yes}}}", "podSelector.matchLabels[a]: a label's value is text; quote it"),
    ("spec: {podSelector: {matchExpressions: [{key: a, operator: In}]}}", "values: In and NotIn need values"),
    ("spec: {podSelector: {matchExpressions: [{key: a, operator: Exists, values: [x]}]}}",
     "values: Exists and DoesNotExist have no values"),
    ("spec: {podSelector: {matchExpressions: [{key: a, operator: in, values: [x]}]}}", "it needs an operator"),
    ("spec: {podSelector: {matchExpressions: [{operator: Exists}]}}", "matchExpressions[0]: it needs a key"),
]


@pytest.mark.parametrize("spec, said", WRONG)
def test_refusals(spec, said):
    """File, line and key of what is wrong; nothing is printed."""
    text = "# a comment\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n" + spec
    err = convert(None, text=text, status=2)
    assert "<stdin>:5:" in err and "error: NetworkPolicy default/web: " in err
    assert said in err


@pytest.mark.parametrize("text, said", [
    ("a: [", "not YAML"),
    ("", "the file is empty"),
    ("- 1", "<stdin>:1:1: error: an object has an apiVersion and a kind"),
    ("apiVersion: v1\nkind: List\n", "a list has items"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "it needs a metadata.name"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: a b}\n", "it needs a metadata.name"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x.y}\n", "a namespace that is one"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
     "<stdin>:5:1: error: Pod default/a: : there is another of its name"),
    ("a: 1\na: 2\n", 'the key "a" stands here twice'),
])
def test_bad_files(text, said):
    assert said in convert(None, text=text or "\n", status=2)


def test_kubectls_files(tmp_path):
    """Several documents, lists of kinds, defaults that the API server would fill in, kinds of others."""
    (tmp_path / "a.yaml").write_text(
        "---\n# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n---\n"
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: x, labels: {app: web}}\n"
        "  status: {podIP: 10.1.0.1}\n- metadata: {name: y}\n  status: {podIP: 10.1.0.2}\n")
    (tmp_path / "b.json").write_text(json.dumps(policy("np", {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}]}]})))
    (tmp_path / "c.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n"
                                     "apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: w}\n")
    done = subprocess.run([WEFT, "k8s", *map(str, sorted(tmp_path.iterdir()))], text=True, capture_output=True,
                          timeout=60, check=True)
    assert "10.1.0.1/32, 10.1.0.2/32" in done.stdout and "pods: [default/x]" in done.stdout
    assert 'c.yaml:1:1: warning: objects of kind "Deployment of apps/v1"' in done.stderr
    assert "NetworkPolicy of crd.projectcalico.org/v1" in done.stderr


def test_what_it_prints_is_a_configuration(tmp_path):
    """weft check accepts it as a part of a file, and it selects the ports of those pods."""
    objects = Forge(7).cluster()
    printed = subprocess.run([WEFT, "k8s", "--admit", "host", "-"], input=json.dumps(as_list(*objects)), text=True,
                             capture_output=True, timeout=60, check=True).stdout
    config = tmp_path / "weft.yaml"
    config.write_text("nodes: [{name: a, vtep: 192.0.2.1, uplinks: [eth0]}]\nnetworks:\n"
                      "  - {name: pods, vni: 1, subnets: [10.1.0.0/16, \"fd00::/64\"]}\nports:\n"
                      "  - {name: h, node: a, interface: h0, network: pods, mac: \"02:00:00:00:00:01\", groups: [host]}\n"
                      + printed)
    done = subprocess.run([WEFT, "check", str(config), "--node", "a"], text=True, capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert "selects no port" not in done.stderr
