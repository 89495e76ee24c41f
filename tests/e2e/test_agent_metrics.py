# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Counters for Prometheus, read by Prometheus itself; and what an agent costs that is kept busy.

    a1 = a [ul]====[ul] b = b1        a has an agent
"""
import collections
import json
import os
import re
import socket
import stat
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from agent import Agent, Connection
from lab import Lab, two_hosts
from netns import wait_until
from test_scale import document
from traffic import ping

DASHBOARD = os.path.join(os.path.dirname(__file__), "../../docs/grafana-dashboard.json")


@pytest.fixture(scope="module")
def lab():
    made = two_hosts("metrics", xdp="off")
    made.hosts[1].apply()
    made.agent = Agent(made.hosts[0], "--metrics", "127.0.0.1:9470", interval=1).start()
    yield made
    made.close()


def samples(text):
    """{(name, labels): value} of the text format."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))] = float(value)
    return found


def pick(found, name, **labels):
    return next(v for (n, had), v in found.items() if n == name and set(labels.items()) <= had)


def scrape(lab):
    with lab.hosts[0].entered():
        with urllib.request.urlopen("http://127.0.0.1:9470/metrics", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            return answer.read().decode()


def test_counters_are_right(lab):
    """What was sent is what is counted, by the agent and without it; promtool has no complaint."""
    a, (a1, b1) = lab.hosts[0], lab.workloads
    before = samples(a.weft("metrics").stdout)
    ping(a1, b1.ip4, count=20)
    time.sleep(0.6)  # an answer is kept for half a second
    for text in (a.weft("metrics").stdout, scrape(lab)):
        after = samples(text)
        for direction in ("from_port", "to_port"):
            labels = {"port": "a1", "direction": direction}
            sent = (pick(after, "weft_port_packets_total", **labels)
                    - pick(before, "weft_port_packets_total", **labels))
            assert 20 <= sent <= 30, direction
            assert pick(after, "weft_port_bytes_total", **labels) >= 20 * 98
        assert pick(after, "weft_port_attached", port="a1") == 1
        assert pick(after, "weft_uplink_xdp_mode", interface="ul", mode="off") == 1
        assert pick(after, "weft_flows_limit") == 262144
        p = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                           check=False)
        assert p.returncode == 0 and not p.stdout + p.stderr, p.stdout + p.stderr
    assert pick(after, "weft_agent_in_step") == 1
    assert pick(after, "weft_agent_apply_duration_seconds_count") >= 1
    shown = {r["reason"] for r in a.show("drops")}
    assert {dict(had)["reason"] for (n, had) in after if n == "weft_dropped_packets_total"} == shown


def test_scraped_by_prometheus(lab):
    """The real one, from Debian's package; and every expression of the dashboard is answered."""
    a = lab.hosts[0]
    config = os.path.join(lab.dir, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as f:
        f.write("global: {scrape_interval: 1s}\nscrape_configs:\n"
                "  - {job_name: weft, static_configs: [{targets: ['127.0.0.1:9470']}]}\n")
    server = a.spawn("prometheus", f"--config.file={config}", "--web.listen-address=127.0.0.1:9091",
                     f"--storage.tsdb.path={lab.dir}/tsdb", "--log.level=error")

    def query(expression):
        url = "http://127.0.0.1:9091/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with a.entered(), urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []
    try:
        wait_until("a scrape", lambda: any(r["value"][1] == "1" for r in query('up{job="weft"}')), 30, 0.2)
        assert query('weft_port_packets_total{port="a1",direction="from_port"}')
        with open(DASHBOARD, encoding="utf-8") as f:
            panels = json.load(f)["panels"]
        names = set(re.findall(r"^# TYPE (\w+)", scrape(lab), re.M))
        for panel in panels:
            for target in panel.get("targets", []):
                used = {n.removesuffix("_bucket") for n in re.findall(r"weft_\w+", target["expr"])}
                assert used <= names, target["expr"]
                query(target["expr"].replace("$node", ".*").replace("$__rate_interval", "1m"))
    finally:
        server.close()


def hostile(path):
    """What nobody means well with: (bytes to send, statuses that may come; None: just hang up)."""
    def put(body, headers=b""):
        return (b"PUT /v1/ports/x HTTP/1.1\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), headers, body))
    yield b"\r\n\r\n", None
    yield os.urandom(4096), None
    yield b"GET /v1/ports/../../etc/passwd HTTP/1.1\r\n\r\n", (404,)
    yield b"GET /v1/ports/%2e%2e%2f HTTP/1.1\r\n\r\n", (404,)
    yield b"GET /v1/" + b"a" * 7000 + b" HTTP/1.1\r\n\r\n", (404,)
    yield b"GET /v1/ports HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n", None
    yield b"OPTIONS * HTTP/1.1\r\n\r\n", None
    yield b"PUT /v1/ports/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", None
    yield b"PUT /v1/ports/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", None
    yield put(b""), (400,)
    yield put(b"{"), (400,)
    yield put(b"[" * 100000), (400,)
    yield put(b'{"a":' * 30 + b"1" + b"}" * 30), (422,)
    yield put(b'{"name":"x","name":"y"}'), (400,)
    yield put(b'{"name":"\xff\xfe"}'), (400,)
    yield put(b'{"name":"x\\u0000y"}'), (400, 422)
    yield put(json.dumps({"name": "x" * 100000}).encode()), (422,)
    yield put(json.dumps({"k" * 5000: 1}).encode()), (400, 422)
    yield put(b'{"name": &a x, "b": *a}'), (400,)
    yield put(json.dumps({"name": "x", "addresses": ["10.0.0.1"] * 200000}).encode()), (422,)
    yield put(b'{"name":1e999}'), (400, 422)


def talk(path, data):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        except (BrokenPipeError, ConnectionResetError):
            return b""
    return answer


def test_hostile_input(lab):
    """None of it changes anything, or ends the agent; who is not root is refused."""
    agent = lab.agent
    before = agent.get("ports")
    for data, statuses in hostile(agent.socket):
        answer = talk(agent.socket, data)
        if statuses:
            assert int(answer.split()[1]) in statuses, (data[:80], answer[:200])
        assert agent.process.popen.poll() is None, data[:80]
    idle = [Connection(agent.socket) for _ in range(200)]
    for connection in idle:
        connection.connect()
    assert agent.get("ports") == before
    for connection in idle:
        connection.close()
    # The socket's mode is one lock, the peer's identity another.
    assert "PermissionError" in ask_as_nobody(agent.socket).stderr
    mode = stat.S_IMODE(os.stat("/run/weft").st_mode)
    try:
        os.chmod("/run/weft", 0o755)
        assert "PermissionError" in ask_as_nobody(agent.socket).stderr
        os.chmod(agent.socket, 0o666)
        assert " 403 " in ask_as_nobody(agent.socket).stdout
    finally:
        os.chmod(agent.socket, 0o600)
        os.chmod("/run/weft", mode)


def ask_as_nobody(path):
    return subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
         "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
         "s.send(b'GET /v1/ports HTTP/1.0\\r\\n\\r\\n'); print(s.recv(4096).decode())", path],
        capture_output=True, text=True, check=False)


def rights(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.split(":\t") for line in f.read().splitlines() if ":\t" in line)


def test_locked_down(lab):
    """Three capabilities, no new privileges, and a filter on its system calls."""
    now = rights(lab.agent.process.popen.pid)
    wanted = 1 << 12 | 1 << 38 | 1 << 39  # NET_ADMIN, PERFMON, BPF
    for key in ("CapPrm", "CapEff", "CapBnd"):
        assert int(now[key], 16) == wanted, (key, now[key])
    assert int(now["CapInh"], 16) == int(now["CapAmb"], 16) == 0
    assert now["NoNewPrivs"] == "1" and now["Seccomp"] == "2"


def test_service_manager_is_told(lab, tmp_path):
    """READY when the node is what it should be, then WATCHDOG, then STOPPING."""
    host = lab.hosts[0]
    lab.agent.stop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        os.environ.update(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000")
        try:
            lab.agent.start()
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        assert manager.recv(256) == b"READY=1"
        assert host.status()["in_step"]
        assert manager.recv(256) == manager.recv(256) == b"WATCHDOG=1"
        lab.agent.stop()
        said = manager.recv(256)
        while said == b"WATCHDOG=1":
            said = manager.recv(256)
        assert said == b"STOPPING=1"
    lab.agent.start()


def usage(pid):
    """Kilobytes of memory, and descriptors."""
    return int(rights(pid)["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd"))


def test_memory_and_descriptors_stay_flat(lab):
    """Over some hundred changes, refusals and scrapes; and small."""
    agent, pid = lab.agent, lab.agent.process.popen.pid
    row = {"name": "busy", "node": lab.hosts[1].node, "network": "web", "mac": "02:00:00:00:09:09"}
    policy = {"name": "busy", "applies_to": {"ports": ["a1"]}, "direction": "egress",
              "rules": [{"action": "allow"}]}

    def hang_up(path):
        """Ask, and leave before or while the answer comes."""
        connection = Connection(agent.socket)
        connection.request("PUT" if "ports" in path else "GET", path,
                           json.dumps({**row, "name": "gone", "mac": "02:00:00:00:09:0a"}) if "ports" in path else None)
        connection.close()

    def turn(i):
        hang_up("/v1/watch")
        hang_up("/v1/ports/gone")
        agent.put("ports", {**row, "addresses": [f"10.1.9.{1 + i % 200}"]})
        agent.put("policies", {**policy, "priority": i})
        agent.put("ports", {**row, "network": "nothing"}, status=422)
        agent.get("ports")
        agent.get("metrics")
        agent.delete("ports", "busy")
    begin = time.monotonic()
    agent.events()
    for i in range(20):
        turn(i)
    before = usage(pid)
    for i in range(60):
        turn(i)
    wait_until("descriptors of who hung up are closed", lambda: usage(pid)[1] <= before[1])
    after = usage(pid)
    agent.delete("policies", "busy")
    agent.delete("ports", "gone")
    said = collections.Counter(event["event"] for event in agent.events())
    assert max(said.values()) <= 50 + 5 * (time.monotonic() - begin) + 5, "no storm of events"
    assert after[0] <= before[0] * 1.05 + 256, (before, after)
    wait_until("20 MiB at rest", lambda: usage(pid)[0] < 20 * 1024)


def test_ten_thousand_ports(lab_name):
    """Ready within a second after a kill; one rule more is there at once; memory stays small."""
    lab = Lab(lab_name)
    try:
        a, b = lab.host("a", xdp="off"), lab.host("b", xdp="off")
        lab.wire()
        lab.network()
        a1, b1 = lab.workload(a), lab.workload(b)
        b.apply(lab.write())
        agent = Agent(a, file=lab.write("large.yaml", document(lab))).start()
        ping(a1, b1.ip4)
        agent.kill()
        start = time.monotonic()
        agent.start()
        took = time.monotonic() - start
        assert agent.in_step() and agent.events()[-1]["event"] == "started"
        times = [agent.put("policies", {
            "name": "one", "applies_to": {"ports": ["a1"]}, "direction": "ingress",
            "rules": [{"action": "allow", "protocol": "tcp", "ports": [80 + i]},
                      {"action": "allow", "protocol": "icmp"}]})["ms"] for i in range(6)]
        ping(b1, a1.ip4)
        rss, _ = usage(agent.process.popen.pid)
        assert rss < 64 * 1024 and took < 3 and min(times) < 200, (rss, took, times)  # busy machines too
        print(f"ready after {took:.2f} s; one rule: {min(times):.1f} ms; {rss >> 10} MiB")
    finally:
        lab.close()
