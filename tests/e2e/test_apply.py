# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft at work while traffic flows: whatever it does, or fails to do, or is killed at, what the
file before and the file after have in common loses not a packet.

    a1, a2 = a [ul]====[ul] b = b1        5,000 numbered datagrams a second each way between a1, b1
"""
import glob
import itertools
import json
import os
import random
import signal
import subprocess
import time

import pytest

import bpf
from lab import BUSY, FAILED, INVALID, NOT_APPLIED, OK, WEFT, Lab
from netns import PINS, Process, wait_until
from traffic import nothing_lost, ping, unreachable


class Files:
    """Files that all keep a1 and b1 connected."""

    def __init__(self, lab):
        self.lab = lab
        self.old = lab.write("old.yaml", self.document())
        self.port = lab.write("port.yaml", self.document(ports="a1 a2 b1"))
        self.network = lab.write("network.yaml", self.document(network=True))
        self.limits = lab.write("limits.yaml", {
            **self.document(), "limits": {"ports": 64, "networks": 32, "endpoints": 512, "vteps": 8}})

    def document(self, ports="a1 b1", network=False):
        document = self.lab.document()
        document["ports"] = [p for p in document["ports"] if p["name"] in ports.split()]
        if network:
            document["nodes"].append({"name": "c", "vtep": "192.0.2.3"})
            document["networks"].append({"name": "new", "vni": 77, "nodes": ["c", self.lab.hosts[0].node]})
        return document


@pytest.fixture(scope="module")
def lab():
    made = Lab("apply")
    a, b = made.host("a"), made.host("b")
    made.wire()
    made.network()
    for host in (a, a, b):
        made.workload(host)
    made.files = Files(made)
    a.apply(made.files.old)
    b.apply(made.files.port)
    yield made
    made.close()


@pytest.fixture
def host(lab):
    """Host a, with the old file applied before and after."""
    a = lab.hosts[0]
    a.apply(lab.files.old)
    yield a
    a.apply(lab.files.old)


@pytest.fixture
def traffic(lab):
    """All the test long, nothing is lost between a1 and b1."""
    with nothing_lost(lab.workloads[0], lab.workloads[2]):
        yield


def changes(done):
    """What apply says it did: entries, programs and maps, without the zeros."""
    counts = {**done["entries"], **done["programs"], **done["maps"]}
    return {what: n for what, n in counts.items() if n and what != "steps"}


def assert_complete(host, file, **kwargs):
    """The kernel holds what the file says, and nothing is left to do."""
    assert changes(host.apply(file, **kwargs)) == {}
    assert json.loads(host.weft("status", file, "--json", **kwargs).stdout)["in_step"] is True


# -- what changes, and what does not ---------------------------------------------------------------

def test_same_file_writes_nothing(lab, host, traffic):
    before = bpf.ids(host)
    for _ in range(5):
        done = host.apply(lab.files.old)
        assert done["changes"] is False and changes(done) == {}
    assert bpf.ids(host) == before


def test_a_port_comes_and_goes(lab, host, traffic):
    """Nothing is written that is not about it."""
    a1, a2, b1 = lab.workloads
    before = bpf.ids(host)
    unreachable(a2, b1.ip4)
    done = changes(host.apply(lab.files.port))
    # names, port, MAC address, two IP addresses, place in the flood list; the list's length, and
    # the generation
    assert done == {"added": 7, "changed": 2, "attached": 1}
    ping(a2, b1.ip4)
    ping(a1, a2.ip6)
    now = bpf.ids(host)
    assert [hook[0] for hook in set(now) - set(before)] == ["wa2"]
    assert {k: now[k] for k in before} == before
    done = changes(host.apply(lab.files.old))
    assert done["removed"] == 7 and done["detached"] == 1
    assert bpf.ids(host) == before
    unreachable(a2, b1.ip4)


def test_a_network_comes_and_goes(lab, host, traffic):
    before = bpf.ids(host)
    assert changes(host.apply(lab.files.network))["added"]
    assert [n["network"] for n in host.show("networks")] == ["new", "web"]
    host.apply(lab.files.old)
    assert [n["network"] for n in host.show("networks")] == ["web"]
    assert bpf.ids(host) == before


def test_limits_change(lab, host, traffic):
    """Tables are copied, not emptied: the counters are still there."""
    before = {p["port"]: p for p in host.show("ports")}["a1"]
    assert before["from_port"]["packets"] > 100
    done = changes(host.apply(lab.files.limits))
    assert done["resized"] >= 5 and done["replaced"] == len(bpf.hooks(host))
    assert done.pop("changed") == 1  # the generation
    assert not {"added", "changed", "removed", "attached", "detached"} & set(done)
    after = {p["port"]: p for p in host.show("ports")}["a1"]
    for way in ("from_port", "to_port"):
        assert after[way]["packets"] > before[way]["packets"]
    assert_complete(host, lab.files.limits)


def test_programs_are_replaced(lab, host, traffic, other_build):
    maps = {k: v for k, v in bpf.ids(host).items() if isinstance(k, str)}
    old = bpf.hooks(host)
    for binary in (other_build, WEFT):
        assert changes(host.apply(lab.files.old, binary=binary)) == {"replaced": len(old)}
        new = bpf.hooks(host)
        assert [h[:2] for h in new] == [h[:2] for h in old]
        assert not {h[2] for h in new} & {h[2] for h in old}
        old = new
    assert {k: v for k, v in bpf.ids(host).items() if isinstance(k, str)} == maps
    assert_complete(host, lab.files.old)


# -- what goes wrong -------------------------------------------------------------------------------

def test_bad_file_changes_nothing(lab, host, traffic):
    before, pins = bpf.ids(host), bpf.pins(host)
    document = lab.files.document("a1 a2 b1")
    document["ports"][1].update(interface="nobody", colour="red")
    document["networks"][0]["vni"] = 1 << 24
    bad = lab.write("bad.yaml", document)
    p = host.weft("apply", bad, status=INVALID)
    for complaint in ("colour", "vni", "bad.yaml:"):
        assert complaint in p.stderr
    document = lab.files.document("a1 a2 b1")
    document["ports"][1]["interface"] = "nobody"
    assert "nobody" in host.weft("apply", lab.write("bad.yaml", document), status=INVALID).stderr
    assert (bpf.ids(host), bpf.pins(host)) == (before, pins)
    assert_complete(host, lab.files.old)


def test_dry_run_changes_nothing(lab, host):
    before, pins = bpf.ids(host), bpf.pins(host)
    would = json.loads(host.weft("apply", lab.files.port, "--dry-run", "--json").stdout)
    assert changes(would) == {"added": 7, "changed": 2, "attached": 1}
    assert (bpf.ids(host), bpf.pins(host)) == (before, pins)
    host.weft("status", lab.files.port, status=NOT_APPLIED)


def weft_at(host, variable, step, file, binary=WEFT):
    """Apply a file with a fault at one step."""
    return subprocess.run([binary, "apply", file, "--node", host.node, "--netns", host.path],
                          env={**os.environ, variable: str(step)}, capture_output=True, text=True,
                          check=False, timeout=30)


CHEAP = ("port", "network")  # changes that load no programs


@pytest.mark.parametrize("what", CHEAP)
@pytest.mark.parametrize("back", (False, True), ids=("forth", "back"))
def test_failure_at_every_step(lab, host, traffic, what, back):
    """The old state is back, to the last entry, and says which step failed."""
    old, new = lab.files.old, getattr(lab.files, what)
    if back:
        old, new = new, old
        host.apply(old)
    before, pins = bpf.ids(host), bpf.pins(host)
    for step in itertools.count(1):
        p = weft_at(host, "WEFT_TEST_FAIL_STEP", step, new)
        if p.returncode == OK:
            break
        assert p.returncode == FAILED and "is as it was" in p.stderr, p.stderr
        assert (bpf.ids(host), bpf.pins(host)) == (before, pins)
        assert_complete(host, old)
    assert step > 5
    assert_complete(host, new)


@pytest.mark.parametrize("what", CHEAP)
@pytest.mark.parametrize("back", (False, True), ids=("forth", "back"))
def test_killed_at_every_step(lab, host, traffic, what, back):
    """Whatever half of the change is there, the next apply completes it."""
    old, new = lab.files.old, getattr(lab.files, what)
    if back:
        old, new = new, old
    for step in itertools.count(1):
        host.apply(old)
        p = weft_at(host, "WEFT_TEST_KILL_STEP", step, new)
        if p.returncode == OK:
            break
        assert p.returncode == -signal.SIGKILL
        host.apply(new)
        assert_complete(host, new)
    assert step > 5


@pytest.mark.parametrize("fault", ("WEFT_TEST_FAIL_STEP", "WEFT_TEST_KILL_STEP"))
@pytest.mark.parametrize("what", ("limits", "programs"))
def test_faults_while_programs_change(lab, host, traffic, other_build, what, fault):
    """The same for changes that load programs, which takes longer: at some steps only."""
    file = lab.files.limits if what == "limits" else lab.files.old
    binary = other_build if what == "programs" else WEFT
    broken = FAILED if "FAIL" in fault else -signal.SIGKILL
    for step in (1, 2, 3, 4) if what == "programs" else (3, 20, 44, 52, 60, 66, 72, 78, 95):
        p = weft_at(host, fault, step, file, binary)
        # What was done before a kill stays done, so that there may be less to do next time.
        assert p.returncode in (broken, OK), f"step {step}: {p.stdout}{p.stderr}"
        if p.returncode == OK:
            assert step > 2
            break
    if broken == FAILED:
        assert_complete(host, lab.files.old)
    host.apply(file, binary=binary)
    assert_complete(host, file, binary=binary)


def test_killed_at_random(lab, host, traffic):
    """Sixty times, changing over and over between files, without a moment to recover."""
    dice = random.Random(4711)
    files = [lab.files.port, lab.files.network, lab.files.old]
    killed = 0
    for i in range(60):
        weft = Process(WEFT, "apply", files[i % 3], "--node", host.node, "--netns", host.path)
        time.sleep(dice.uniform(0, 0.025))
        weft.close()
        killed += weft.popen.returncode == -signal.SIGKILL
    assert killed >= 30
    host.apply(lab.files.port)
    assert_complete(host, lab.files.port)


def holder(host):
    """The process that changes a node."""
    with open(lock_of(host), encoding="ascii") as f:
        return int(f.read() or 0)


def test_second_weft_is_told_to_wait(lab, host, traffic):
    """One weft a node: the others say so at once, and leave all as it is."""
    first = Process(WEFT, "apply", lab.files.limits, "--node", host.node, "--netns", host.path)
    wait_until("the lock", lambda: holder(host) == first.popen.pid)
    first.popen.send_signal(signal.SIGSTOP)
    try:
        for command in (("apply", lab.files.old), ("down",)):
            assert str(first.popen.pid) in host.weft(*command, status=BUSY).stderr
    finally:
        first.popen.send_signal(signal.SIGCONT)
    first.finish(sig=None)
    assert first.popen.returncode == OK
    assert_complete(host, lab.files.limits)


# -- the beginning and the end ---------------------------------------------------------------------

def lock_of(host):
    return f"/run/weft/{host.node}.lock"


def traces(host):
    """All that weft could leave: pins, hooks, qdiscs, interfaces."""
    return (bpf.pins(host), bpf.hooks(host), host.run("tc", "qdisc", "show").stdout,
            [link["ifname"] for link in host.ip_json("link", "show")],
            glob.glob(f"{PINS}/v*/{host.node}"))


@pytest.mark.parametrize("tc", ("tcx", "clsact"))
def test_down_leaves_no_trace(pair, tc):
    lab = pair(apply=False)
    a, a1, b1 = lab.hosts[0], *lab.workloads
    env = {"WEFT_TEST_TC": tc}
    before = traces(a)
    lab.hosts[1].apply()
    for _ in range(2):
        a.apply(env=env)
        assert a.status()["ports"][0]["tc"] == tc
        ping(a1, b1.ip4)
        a.weft("down", env=env)
        assert traces(a) == before and not os.path.exists(lock_of(a))
        unreachable(a1, b1.ip4)
    a.weft("status", status=NOT_APPLIED)
    a.weft("down")


STEPS = (1, 20, 45, 50, 54, 58, 61, 62, 63, 64, 65)  # of a first apply


def test_killed_at_the_first_apply(pair):
    """Whatever is half there is completed by the next apply, or removed by down."""
    lab = pair(apply=False)
    a, a1, b1 = lab.hosts[0], *lab.workloads
    before = traces(a)
    lab.hosts[1].apply()
    for step in STEPS:
        p = weft_at(a, "WEFT_TEST_KILL_STEP", step, lab.file)
        if p.returncode == OK:
            break
        assert p.returncode == -signal.SIGKILL
        a.weft("down")
        assert traces(a) == before, f"step {step}"
    weft_at(a, "WEFT_TEST_KILL_STEP", STEPS[-2], lab.file)
    a.apply()
    assert_complete(a, lab.file)
    ping(a1, b1.ip4)


def test_failure_at_the_first_apply(pair):
    lab = pair(apply=False)
    a = lab.hosts[0]
    before = traces(a)
    for step in STEPS:
        p = weft_at(a, "WEFT_TEST_FAIL_STEP", step, lab.file)
        if p.returncode == OK:
            break
        assert p.returncode == FAILED, p.stderr
        assert traces(a) == before, f"step {step}"
