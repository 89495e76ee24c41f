# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The client of a cluster's API server (loader/k8s_source.h), against a server that misbehaves.

k8swatch opens a source and prints what it says; the server is k8s_fake.py, in a namespace with it.
"""
import json
import os
import queue
import shutil
import signal
import threading
import time

import pytest

import k8s_fake as fake
from lab import BUILD
from netns import Namespace, run, wait_until

WATCH = f"{BUILD}/tests/e2e/k8swatch"
TIMEOUT = 20.0
PLURALS = sorted(fake.PLURALS)


class Client:
    """k8swatch, and what it has said so far."""

    def __init__(self, namespace, *args, env=None, within=()):
        self.process = namespace.spawn(*within, WATCH, *args, env={**os.environ, **(env or {})})
        self.problems = dict.fromkeys(PLURALS)
        self.said = []      # problems, in order
        self.states = []    # lists of objects, in order
        self.synced = False
        self.report = None
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.popen.stdout:
            self.lines.put(json.loads(line))

    def take(self):
        """Take in what has been said since."""
        while not self.lines.empty():
            line = self.lines.get()
            if "objects" in line:
                self.states.append(line["objects"])
                self.synced = line["synced"]
            elif "report" in line:
                self.report = line["report"]
            else:
                self.problems[line["resource"]] = line["problem"]
                self.said.append((line["resource"], line["problem"]))
        return self

    @property
    def objects(self):
        return self.states[-1] if self.states else []

    def names(self):
        return [(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"])
                for o in self.take().objects]

    def wait(self, what, condition, timeout=TIMEOUT):
        return wait_until(what, lambda: condition(self.take()), timeout)

    def wait_synced(self):
        self.wait("all is listed", lambda c: c.synced)
        return self

    def wait_names(self, *names):
        try:
            self.wait("objects", lambda c: c.names() == list(names))
        except AssertionError:
            raise AssertionError(f"{self.names()}, not {names}; {self.said}") from None

    def wait_problem(self, plural, *parts, timeout=TIMEOUT):
        """A problem that was said at any time."""
        def found(client):
            return [p for r, p in client.said if r == plural and p and all(x in p for x in parts)]
        try:
            return self.wait("a problem", found, timeout)[0]
        except AssertionError:
            raise AssertionError(f"{plural}: no {parts} in {self.said}") from None

    def ask(self):
        self.report = None
        self.process.popen.send_signal(signal.SIGUSR1)
        report = self.wait("a report", lambda c: c.report)
        return {r["resource"]: r for r in report}

    def end(self):
        self.process.popen.send_signal(signal.SIGTERM)
        self.process.popen.wait(TIMEOUT)
        err = self.process.popen.stderr.read()
        assert self.process.popen.returncode == 0 and not err, err


@pytest.fixture(name="place")
def _place(lab_name):
    """A namespace for server and client."""
    namespace = Namespace(f"k8s{lab_name}")
    namespace.ip("link set lo up")
    namespace.apis = []
    namespace.clients = []
    yield namespace
    for client in namespace.clients:
        if client.process.popen.poll() is None:
            client.end()
    for api in namespace.apis:
        api.stop()
    namespace.close()


def serve(place, **kwargs):
    place.apis.append(fake.Api(place, **kwargs))
    return place.apis[-1]


def connect(place, api, *args, watch=2, **kwargs):
    place.clients.append(Client(place, "-s", api.url, "-w", watch, *args, **kwargs))
    return place.clients[-1]


def space(name, **labels):
    return {"metadata": {"name": name, "uid": f"u-{name}", "labels": labels,
                         "annotations": {"note": "\0"}}}


def pod(name, namespace="default", ip="10.0.0.1", phase="Running", **labels):
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"u-{name}", "labels": labels,
                         "managedFields": [{"manager": "kubelet"}]},
            "spec": {"nodeName": "a", "volumes": [{"name": "v"}],
                     "containers": [{"name": "c", "image": "i",
                                     "ports": [{"name": "http", "containerPort": 80}]},
                                    {"name": "silent", "image": "i"}]},
            "status": {"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}],
                       "conditions": [{"type": "Ready"}]}}


def policy(name, namespace="default"):
    return {"metadata": {"name": name, "namespace": namespace},
            "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}}


def test_lists_then_watches(place):
    api = serve(place)
    api.put("namespaces", space("default", team="a"))
    api.put("pods", pod("p", app="web"))
    api.put("networkpolicies", policy("n"))
    client = connect(place, api).wait_synced()
    assert client.objects == [
        {"apiVersion": "v1", "kind": "Namespace",
         "metadata": {"name": "default", "uid": "u-default", "labels": {"team": "a"}}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
         "metadata": {"name": "n", "namespace": "default"}, "spec": policy("n")["spec"]},
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "p", "namespace": "default", "uid": "u-p", "labels": {"app": "web"}},
         "spec": {"nodeName": "a",
                  "containers": [{"ports": [{"name": "http", "containerPort": 80}]}]},
         "status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}},
    ]
    api.put("pods", pod("q"))
    api.delete("networkpolicies", "n", "default")
    client.wait_names(("Namespace", "", "default"), ("Pod", "default", "p"), ("Pod", "default", "q"))
    api.delete("pods", "p", "default")
    client.wait_names(("Namespace", "", "default"), ("Pod", "default", "q"))
    assert not client.said
    assert len(api.asked(verb="list")) == len(PLURALS)


def test_closes_itself(place):
    """From within the call that says that objects have changed, while other lists are not in yet."""
    api = serve(place)
    api.put("pods", pod("p"))
    for plural in set(PLURALS) - {"pods"}:
        api.fail(plural, "list", lambda h, p=plural: (time.sleep(1), api.list(h, p, {"limit": "9"})))
    client = connect(place, api, "-1")
    client.process.popen.wait(TIMEOUT)
    client.wait_names(("Pod", "default", "p"))
    assert client.process.popen.returncode == 0 and not client.process.popen.stderr.read()


def test_pages(place):
    api = serve(place)
    api.page = 3
    for i in range(10):
        api.put("pods", pod(f"p{i}", namespace=f"n{i % 2}"))
    client = connect(place, api).wait_synced()
    assert client.names() == sorted(("Pod", f"n{i % 2}", f"p{i}") for i in range(10))
    lists = api.asked("pods", "list")
    assert len(lists) == 4 and all(r[2]["limit"] == "500" for r in lists)
    assert not client.said


def test_a_page_that_expires_begins_the_list_anew(place):
    api = serve(place)
    api.page = 3
    for i in range(7):
        api.put("pods", pod(f"p{i}"))
    api.fail("pods", "list", lambda h: api.list(h, "pods", {"limit": "500"}),
             fake.status(410, "Expired"))
    client = connect(place, api).wait_synced()
    assert len(client.names()) == 7
    client.wait_problem("pods", "list pods", "410", "Expired")
    client.wait("it is right again", lambda c: c.problems["pods"] is None)
    assert len(api.asked("pods", "list")) == 2 + 3


def test_heartbeats_are_no_change(place):
    api = serve(place)
    api.put("pods", pod("p"))
    client = connect(place, api).wait_synced()
    before = len(client.states)
    for i in range(20):
        beat = pod("p")
        beat["status"]["conditions"] = [{"lastProbeTime": str(i)}]
        api.put("pods", beat)
    client.wait("the heartbeats are in", lambda c: c.ask()["pods"]["events"] == 20)
    assert len(client.take().states) == before
    api.put("pods", pod("p", phase="Failed"))
    client.wait("a change", lambda c: len(c.states) == before + 1)


def test_many_changes_at_once_are_told_as_few(place):
    api = serve(place)
    client = connect(place, api).wait_synced()
    before = len(client.states)
    with api.changed:
        for i in range(500):
            api.put("pods", pod(f"p{i:03}"))
    client.wait("all pods", lambda c: len(c.objects) == 500)
    assert len(client.states) - before < 50


def test_watches_again_from_where_it_was(place):
    api = serve(place)
    api.put("pods", pod("p"))
    client = connect(place, api, watch=1).wait_synced()
    api.bookmark("pods")
    version = str(api.version)
    wait_until("a watch from the bookmark",
               lambda: version in (r[2]["resourceVersion"] for r in api.asked("pods", "watch")),
               TIMEOUT)
    query = api.asked("pods", "watch")[-1][2]
    assert query["allowWatchBookmarks"] == "true" and query["timeoutSeconds"] == "1"
    api.put("pods", pod("q"))
    client.wait("the pod", lambda c: len(c.objects) == 2)
    assert len(api.asked("pods", "list")) == 1 and not client.said


@pytest.mark.parametrize("answer", [
    fake.lines(fake.gone()),
    fake.status(410, "Gone"),
    fake.lines(b'{"type": "ADDED", "object": {"kind": "Po\n'),
    fake.lines(b"nonsense\n"),
    fake.lines({"type": "ADDED", "object": {"kind": "Node", "metadata": {"name": "n"}}}),
    fake.lines(b"[" * 5000 + b"\n"),
    fake.lines(b'{"a": "' + b"x" * (17 << 20) + b'"}\n'),
], ids=["gone", "410", "half", "nonsense", "kind", "deep", "long"])
def test_lists_again_without_forgetting(place, answer):
    api = serve(place)
    api.put("pods", pod("p"))
    api.put("pods", pod("gone"))
    wait = threading.Event()
    api.fail("pods", "watch", lambda h: (wait.wait(TIMEOUT), answer(h)))
    client = connect(place, api).wait_synced()
    before = len(client.states)
    api.forget_history("pods")
    with api.changed:  # nobody hears of it but by a list
        api.put("pods", pod("q"))
        api.delete("pods", "gone", "default")
        api.forget_history("pods")
    api.fail("pods", "list", fake.status(500, "InternalError"), fake.raw(b"{}"),
             fake.raw(b'{"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [{}]}'))
    wait.set()
    client.wait_problem("pods", "watch pods")
    client.wait_problem("pods", "list pods", "HTTP 500", "InternalError")
    client.wait_problem("pods", "a list of kind none")
    client.wait_problem("pods", "metadata.name")
    client.wait_names(("Pod", "default", "p"), ("Pod", "default", "q"))
    assert len(client.states) == before + 1, "in one step"
    client.wait("it is right again", lambda c: c.problems["pods"] is None)
    assert client.problems == dict.fromkeys(PLURALS)
    assert len(api.asked("pods", "list")) == 5


@pytest.mark.parametrize("data", [b"", b'{"type": "MOD', b'{"type": "BOOKMARK", "object": {}}'])
def test_a_watch_that_breaks_off_goes_on(place, data):
    api = serve(place)
    api.put("pods", pod("p"))
    api.fail("pods", "watch", fake.cut(data) if data else fake.lines())
    client = connect(place, api).wait_synced()
    api.put("pods", pod("q"))
    client.wait_names(("Pod", "default", "p"), ("Pod", "default", "q"))
    client.wait_problem("pods", "watch pods")
    assert len(api.asked("pods", "list")) == 1


def test_a_server_that_is_away(place):
    api = serve(place)
    api.put("pods", pod("p"))
    client = connect(place, api).wait_synced()
    before = len(client.states)
    api.stop()
    api.put("pods", pod("q"))
    for plural in PLURALS:
        client.wait_problem(plural, "Failed to connect")
    assert len(client.states) == before and client.ask()["pods"]["synced"]
    assert client.ask()["pods"]["state"] == "waiting"
    api.start()
    client.wait_names(("Pod", "default", "p"), ("Pod", "default", "q"))
    client.wait("it is right again", lambda c: not any(c.problems.values()))
    report = client.ask()["pods"]
    assert (report["failures"], report["problem"], report["state"]) == (0, None, "watching")
    assert len(api.asked("pods", "list")) == 1


def test_a_server_that_refuses_is_asked_less_and_less(place):
    api = serve(place)
    api.fail("pods", "watch", *[fake.lines(fake.gone())] * 100)
    client = connect(place, api).wait_synced()
    time.sleep(3)
    assert 2 <= len(api.asked("pods", "list")) <= 8
    assert client.ask()["pods"]["failures"] >= 2


def test_a_server_that_is_busy_says_when(place):
    api = serve(place)
    api.fail("pods", "list", fake.status(429, "TooManyRequests", headers={"Retry-After": "2"}))
    client = connect(place, api)
    begun = time.monotonic()
    client.wait_synced()
    assert time.monotonic() - begun > 1.8
    client.wait_problem("pods", "HTTP 429")


def test_a_silent_peer_is_noticed(place):
    api = serve(place)
    api.put("pods", pod("p"))
    quiet = threading.Event()
    api.fail("pods", "watch", fake.silent(quiet))
    client = connect(place, api, watch=1).wait_synced()
    api.put("pods", pod("q"))
    client.wait_problem("pods", "timed out")
    client.wait_names(("Pod", "default", "p"), ("Pod", "default", "q"))
    quiet.set()


def test_the_kernel_asks_whether_the_peer_lives(place):
    api = serve(place)
    connect(place, api).wait_synced()
    sockets = place.run("ss", "-tnoH", "state", "established", "dport", "=", f":{api.port}").stdout
    assert sockets.count("timer:(keepalive,") == sockets.count("\n") == len(PLURALS), sockets


def test_what_is_forbidden_is_said(place):
    api = serve(place)
    api.fail("networkpolicies", "list", fake.status(403, "Forbidden", "User x cannot\nlist\x1b[m"))
    client = connect(place, api)
    problem = client.wait_problem("networkpolicies", "403")
    assert ("ClusterRole" in problem and "list and watch" in problem and "networkpolicies" in problem
            and '"networking.k8s.io"' in problem and "Forbidden: User x cannot?list?[m" in problem)
    client.wait_synced()


def test_redirects_are_not_followed(place):
    api, other = serve(place), serve(place)
    api.fail("pods", "list", fake.redirect(other.url + "/api/v1/pods"))
    client = connect(place, api)
    client.wait_problem("pods", "302", "redirects are not followed")
    client.wait_synced()
    assert not other.asked()


def test_the_environment_names_no_proxy(place):
    api = serve(place)
    proxy = {k: "http://127.0.0.1:1" for k in ("http_proxy", "https_proxy", "all_proxy")}
    connect(place, api, env=proxy).wait_synced()


# TLS.

@pytest.fixture(name="keys", scope="session")
def _keys(tmp_path_factory):
    """Two authorities, and of the first a server's and a client's certificate."""
    d = tmp_path_factory.mktemp("k8s-keys")

    def authority(name):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", d / f"{name}.key",
            "-out", d / f"{name}.crt")

    def signed(name, extension):
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", d / f"{name}.key", "-out", d / f"{name}.csr")
        (d / f"{name}.ext").write_text(extension)
        run("openssl", "x509", "-req", "-in", d / f"{name}.csr", "-CA", d / "ca.crt", "-CAkey",
            d / "ca.key", "-days", "2", "-extfile", d / f"{name}.ext", "-out", d / f"{name}.crt")

    authority("ca")
    authority("other")
    signed("server", "subjectAltName=IP:127.0.0.1,IP:::1")
    signed("elsewhere", "subjectAltName=DNS:elsewhere.example,IP:192.0.2.1")
    signed("client", "extendedKeyUsage=clientAuth")
    return d


def serve_tls(place, keys, name="server", client_ca=None, **kwargs):
    return serve(place, tls=fake.server_context(keys / f"{name}.crt", keys / f"{name}.key",
                                                client_ca), **kwargs)


def test_tls_with_a_token_that_changes(place, keys, tmp_path):
    api = serve_tls(place, keys)
    api.token = "first"
    api.put("pods", pod("p"))
    token = tmp_path / "token"
    token.write_text("first\n")
    client = connect(place, api, "-a", keys / "ca.crt", "-t", token, watch=1).wait_synced()
    api.token = "second"
    client.wait_problem("pods", "watch pods", "HTTP 401")
    token.write_text("second\n")
    client.wait("it is right again", lambda c: not any(c.problems.values()))
    assert len(api.asked("pods", "list")) == 1
    token.write_text("bad\r\nX: y\n")
    client.wait_problem("pods", "holds no token", str(token))
    token.write_text("second")
    client.wait("it is right again", lambda c: not any(c.problems.values()))


@pytest.mark.parametrize("name,ca", [("server", "other"), ("elsewhere", "ca"), ("server", None)],
                         ids=["authority", "name", "system"])
def test_tls_is_verified(place, keys, name, ca, tmp_path):
    api = serve_tls(place, keys, name)
    (tmp_path / "token").write_text("secret")
    args = ["-a", keys / f"{ca}.crt"] if ca else []
    client = connect(place, api, "-t", tmp_path / "token", *args)
    client.wait_problem("pods", "SSL")
    assert not client.synced and not api.asked()


def test_a_named_authority_is_the_only_one(place, keys, tmp_path):
    """The system trusts the server's authority: that counts only where no other is named."""
    shutil.copy(keys / "ca.crt", tmp_path / "ca-certificates.crt")
    shutil.copy(keys / "ca.crt", tmp_path / "ca.pem")
    run("openssl", "rehash", tmp_path)
    within = ["unshare", "-m", "sh", "-c",
              f"mount --bind '{tmp_path}' /etc/ssl/certs && exec \"$@\"", "sh"]
    api = serve_tls(place, keys)
    client = connect(place, api, "-a", keys / "other.crt", within=within)
    client.wait_problem("pods", "SSL")
    assert not client.synced and not api.asked()
    connect(place, api, within=within).wait_synced()


def test_a_client_certificate(place, keys):
    api = serve_tls(place, keys, client_ca=keys / "ca.crt")
    without = connect(place, api, "-a", keys / "ca.crt")
    without.wait_problem("pods", "list pods")
    connect(place, api, "-a", keys / "ca.crt", "-c", keys / "client.crt", "-k",
            keys / "client.key").wait_synced()


def test_in_a_pod(place, keys, tmp_path):
    """Its environment names the server; over IPv6 as well."""
    api = serve_tls(place, keys, host="127.0.0.1")
    (tmp_path / "token").write_text("t")
    for host in ("127.0.0.1", "::1"):
        env = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": str(api.port)}
        client = Client(place, "-t", tmp_path / "token", "-a", keys / "ca.crt", env=env)
        place.clients.append(client)
        if ":" in host:
            client.wait_problem("pods", "Failed to connect to ::1")
        else:
            client.wait_synced()


@pytest.mark.parametrize("args,words", [
    ([], "KUBERNETES_SERVICE_HOST"),
    (["-s", "127.0.0.1:6443"], "https://HOST:PORT"),
    (["-s", "ftp://a"], "https://HOST:PORT"),
    (["-s", "https://"], "https://"),
    (["-s", "https://u:p@a"], "token file or a certificate"),
    (["-s", "https://a/?x=1"], "nothing may follow"),
    (["-s", "http://a", "-t", "{tmp}/token"], "a token is not sent over http"),
    (["-s", "https://a", "-t", "{tmp}/empty"], "is empty"),
    (["-s", "https://a", "-t", "{tmp}/missing"], "missing: No such file"),
    (["-s", "https://a", "-a", "{tmp}/missing"], "missing: No such file"),
    (["-s", "https://a", "-c", "{tmp}/token"], "go together"),
])
def test_wrong_configurations(tmp_path, args, words):
    (tmp_path / "token").write_text("t")
    (tmp_path / "empty").write_text("\n")
    env = {"KUBERNETES_SERVICE_HOST": "", "KUBERNETES_SERVICE_PORT": ""}
    p = run(WATCH, *(a.format(tmp=tmp_path) for a in args), check=False, env=env)
    assert p.returncode == 2 and words in p.stderr and not p.stdout, p.stderr
