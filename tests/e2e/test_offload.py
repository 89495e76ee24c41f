# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft finds out about an uplink, what it chooses, and that traffic is right in each mode.

The uplinks are veths whose features are switched by ethtool, as NICs with and without them; and
taps, which stand for a NIC that has XDP: `auto` uses it there.
"""
import json
import os
import random
import signal
import struct
import time

import pytest

from agent import Agent
from lab import BUILD, INVALID, WEFT, Lab, two_hosts
from netns import Process, run, wait_until
from traffic import Frames, ping, tcp, udp

TAPWIRE = os.path.join(BUILD, "tests/e2e/tapwire")
TUNNEL = "tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"
PARKED = "02:77:65:66:74:00"


def features(host, interface="ul"):
    """What ethtool says is on."""
    lines = host.run("ethtool", "-k", interface).stdout.splitlines()[1:]
    return {line.split(":")[0].strip(): line.split(":")[1].split()[0] == "on" for line in lines}


def switch(host, on, *names):
    for name in names:
        host.run("ethtool", "-K", "ul", name, "on" if on else "off")


def choices(host):
    """What a status says, by what it is about."""
    return {row["what"]: row for row in host.status()["offloads"]}


def modes(host):
    return {what: row["mode"] for what, row in choices(host).items()}


def ask(lab, host, **options):
    """Apply a file that asks for something about the host's uplink."""
    row = lab.document()
    node = next(n for n in row["nodes"] if n["name"] == host.node)
    node["uplinks"] = [{"interface": "ul", **options}]
    return host.apply(lab.write(document=row))


def _sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def inner_tcp(frame):
    """Of a TCP segment in VXLAN over IPv4: (IP payload without Ethernet padding, sum over all)."""
    if len(frame) < 104 or frame[12:14] != b"\x08\0" or frame[23] != 17:
        return None
    ip = frame[64:]
    if frame[62:64] != b"\x08\0" or ip[9] != 6:
        return None
    segment = ip[20:struct.unpack("!H", ip[2:4])[0]]
    return segment, _sum(ip[12:20] + struct.pack("!HH", 6, len(segment)) + segment)


def checksum_errors(workload):
    """Segments that its kernel has thrown away because of their checksum."""
    out = workload.run("nstat", "-asz", "TcpInCsumErrors").stdout
    return int(out.splitlines()[-1].split()[1])


SENDERS = {  # features that are off: what is then chosen
    "all": ((), "device", "device"),
    "no-tunnel-segmentation": (TUNNEL, "kernel", "device"),
    "no-checksum": (("tx-checksum-ip-generic",), "kernel", "kernel"),
    "neither": ((*TUNNEL, "tx-checksum-ip-generic"), "kernel", "kernel"),
}


@pytest.mark.parametrize("case", SENDERS)
@pytest.mark.parametrize("family", (4, 6))
def test_sending(case, family):
    """What the kernel does with tunnels on a device of these features, and what arrives."""
    off, segmentation, checksum = SENDERS[case]
    lab = two_hosts(f"of{list(SENDERS).index(case)}{family}", family=family, xdp="auto")
    try:
        a, b = lab.hosts
        a1, b1 = lab.workloads
        switch(a, False, *off)
        lab.apply()
        got = choices(a)
        assert (got["segmentation"]["mode"], got["checksum"]["mode"]) == (segmentation, checksum)
        assert all("(tested)" in got[w]["why"] for w in ("segmentation", "checksum"))
        assert modes(b)["segmentation"] == "device"
        wire = Frames(b, "ul")
        tcp(a1, b1, 4, 1 << 20)
        seen = [s for s in map(inner_tcp, wire.poll()) if s]
        if family == 4:
            assert seen
            if checksum == "kernel":
                assert all(total == 0xffff for _, total in seen)
            assert (max(len(s) for s, _ in seen) > 1500) == (segmentation == "device")
        tcp(b1, a1, 6)
        udp(a1, b1, 4, [1, 1000, 4000])
        assert checksum_errors(a1) == checksum_errors(b1) == 0
        assert not lab.new_drops()
    finally:
        lab.close()


def test_asked_for(pair):
    """The file has its way, the device is switched, and switched back."""
    lab = pair(xdp="off")
    a, (a1, b1) = lab.hosts[0], lab.workloads
    before = features(a)
    assert before[TUNNEL[0]] and not before["generic-receive-offload"]

    ask(lab, a, xdp="off", segmentation="kernel", gro="on")
    now = features(a)
    assert {n for n in now if now[n] != before[n]} == {
        *TUNNEL, "tx-gre-segmentation", "tx-gre-csum-segmentation", "generic-receive-offload"}
    got = choices(a)
    assert got["segmentation"] == {"interface": "ul", "what": "segmentation", "mode": "kernel",
                                   "asked": "kernel", "changed": False,
                                   "why": "by the file (tested)"}
    assert got["gro"]["mode"] == "stack"
    tcp(a1, b1, 4)
    tcp(b1, a1, 4)
    assert ask(lab, a, xdp="off", segmentation="kernel", gro="on")["changes"] is False

    ask(lab, a, xdp="off", checksum="kernel")
    now = features(a)
    assert not now["tx-checksum-ip-generic"] and now[TUNNEL[0]]
    assert not now["generic-receive-offload"]
    assert modes(a)["checksum"] == modes(a)["segmentation"] == "kernel"
    tcp(a1, b1, 4)
    tcp(b1, a1, 6)

    a.apply(lab.write())
    assert features(a) == before
    assert modes(a)["segmentation"] == modes(a)["checksum"] == "device"
    ask(lab, a, xdp="off", segmentation="kernel", checksum="kernel", gro="on")
    assert features(a) != before
    a.weft("down")
    assert features(a) == before
    assert not os.path.exists(f"/run/weft/{a.node}.uplinks")


def test_not_an_uplink_any_more(pair):
    """What was switched for an uplink is switched back when it is none."""
    lab = pair(xdp="off")
    a = lab.hosts[0]
    before = features(a)
    ask(lab, a, xdp="off", segmentation="kernel")
    a.ip("link add other type veth peer name nowhere", "link set other up", "link set nowhere up")
    document = lab.document()
    document["nodes"][0]["uplinks"] = ["other"]
    p = run(WEFT, "apply", lab.write(document=document), "--node", a.node, "--netns", a.path)
    assert "not reached by an uplink" in p.stderr  # the other node is not behind this one
    assert features(a) == before
    assert {row["interface"] for row in a.status()["offloads"]} == {"other"}


def test_refused(pair):
    """What a device has not cannot be asked for; nothing changes then."""
    lab = pair(xdp="off")
    a = lab.hosts[0]
    a.ip("link add tunnelled type vxlan id 7 dstport 7777 local 192.0.2.1", "link set tunnelled up")
    document = lab.document()
    document["nodes"][0]["uplinks"] = ["ul", {"interface": "tunnelled", "segmentation": "device"}]
    before = a.status()
    file = lab.write("wrong.yaml", document)
    p = a.weft("apply", file, status=INVALID)
    line = next(i for i, text in enumerate(open(file, encoding="utf-8"), 1) if '"segmentation"' in text)
    assert f"wrong.yaml:{line}:" in p.stderr
    assert ('nodes[0].uplinks[1].segmentation: "tunnelled" has no tx-udp_tnl-segmentation; leave '
            '"segmentation" out, and it works without') in p.stderr
    assert a.status() == before


def test_switched_by_others(pair):
    """A status says so, and the next apply tests again."""
    lab = pair(xdp="off")
    a = lab.hosts[0]
    assert not any(row["changed"] for row in choices(a).values())
    switch(a, False, *TUNNEL)
    got = choices(a)
    assert got["segmentation"]["changed"] and not got["checksum"]["changed"]
    assert "CHANGED since" in got["segmentation"]["why"]
    assert "CHANGED since" in a.weft("status").stdout
    a.apply()
    got = choices(a)["segmentation"]
    assert (got["mode"], got["changed"]) == ("kernel", False)
    assert got["why"].startswith("the device has no tunnel segmentation;")


def next_index(host, name):
    """The index of a new interface; the tap of a test takes one too."""
    host.ip(f"link add {name} type bridge")
    return host.ifindex(name)


def test_no_test_without_need(pair):
    """Only an apply that goes on tests, and only once."""
    lab = pair(apply=False, xdp="off")
    a = lab.hosts[0]
    wrong = lab.document()
    wrong["ports"][0]["interface"] = "nobody"
    first = next_index(a, "first")
    a.weft("apply", lab.file, "--dry-run")
    a.weft("apply", lab.write("wrong.yaml", wrong), status=INVALID)
    assert next_index(a, "second") == first + 1
    assert not os.path.exists(f"/run/weft/{a.node}.uplinks")
    a.apply()
    third = next_index(a, "third")
    assert third == first + 5  # the second, the tap, weft-vxlan, weft-ports, and itself
    a.apply()
    a.weft("status", lab.file)
    assert next_index(a, "fourth") == third + 1


class TapLab(Lab):
    """Two hosts whose uplinks are taps, with a wire between them."""

    def wire(self):
        a, b = self.hosts
        wire = a.spawn(TAPWIRE, "plain", a.path, "ul", b.path, "ul")
        assert wire.read_line() == "ready", wire.finish()
        for host in self.hosts:
            host.underlay()
        for host in self.hosts:
            host.wait_carrier(["ul"])


@pytest.fixture
def tapped():
    lab = TapLab("taps")
    for label in ("a", "b"):
        lab.host(label, "auto")
    lab.wire()
    lab.network()
    for host in lab.hosts:
        lab.workload(host)
    yield lab
    lab.close()


def test_xdp_where_it_works(tapped):
    """Neighbours are asked for a packet, and it shows that XDP works."""
    a, b = tapped.hosts
    a1, b1 = tapped.workloads
    ping(a, b.vtep(4))  # so that there is a neighbour
    tapped.apply()
    got = choices(a)
    assert got["xdp"]["why"] == "the driver tun runs XDP, and its metadata reaches TC (tested)"
    assert (got["xdp"]["mode"], got["metadata"]["mode"]) == ("native", "carried")
    assert a.status()["uplinks"][0]["xdp"] == "native"
    assert got["gro"]["mode"] == "driver"
    for family in (4, 6):
        tcp(a1, b1, family, 1 << 20)
        tcp(b1, a1, family, 1 << 20)
    assert a.apply()["changes"] is False
    assert choices(a) == got


def test_xdp_without_traffic(tapped):
    """Nobody is there to be asked: it is used, and said that it is not tested."""
    a, b = tapped.hosts
    b.ip("link set ul down")
    a.apply(tapped.write())
    got = choices(a)
    assert (got["xdp"]["mode"], got["metadata"]["mode"]) == ("native", "unknown")
    assert "no packet came in during the test" in got["xdp"]["why"]


@pytest.mark.drops("META_LOST")
def test_xdp_that_fails_in_traffic(tapped):
    """Most frames have lost their metadata: XDP goes, and does not come back by itself."""
    a, b = tapped.hosts
    a1, b1 = tapped.workloads
    tapped.apply()
    assert a.status()["uplinks"][0]["xdp"] == "native"
    wire = Frames(b, "ul")
    parked = bytes.fromhex(PARKED.replace(":", ""))
    before = sum(n for (port, reason), n in a.drops().items() if reason == "META_LOST")
    wire.send(*[parked + b"\x02\0\0\0\0\7\x08\0" + b"\x45" + b"\0" * 60] * 100)
    wait_until("the frames to be dropped",
               lambda: a.drops()["ul", "META_LOST"] >= before + 100, timeout=5)
    a.apply()
    got = choices(a)
    assert got["xdp"]["mode"] == "off" and "META_LOST" in got["xdp"]["why"]
    assert got["metadata"]["mode"] == "lost"
    assert a.status()["uplinks"][0]["xdp"] == "off"
    ping(a1, b1.ip4)
    tcp(b1, a1, 4, 1 << 20)
    assert a.apply()["changes"] is False
    a.xdp = "native"
    a.apply(tapped.write())
    a.xdp = "auto"
    a.apply(tapped.write())
    assert a.status()["uplinks"][0]["xdp"] == "native"


def test_status_in_words(pair):
    """The table for people says the same as the document for programs."""
    lab = pair(xdp="auto")
    a = lab.hosts[0]
    text = a.weft("status").stdout
    for row in json.loads(a.weft("status", "--json").stdout)["offloads"]:
        assert any(line.split()[:3] == ["ul", row["what"], row["mode"]] and row["why"] in line
                   for line in text.splitlines()), (row, text)


def test_killed_while_it_switches(pair):
    """Whenever weft is killed, what it has switched by then is switched back by `down`."""
    lab = pair(xdp="off")
    a = lab.hosts[0]
    before = features(a)
    dice = random.Random(11)
    document = lab.document()
    document["nodes"][0]["uplinks"] = [{"interface": "ul", "xdp": "off", "segmentation": "kernel",
                                        "gro": "on"}]
    files = lab.write("switched.yaml", document), lab.write()
    killed = 0
    begin = time.monotonic()
    a.apply(files[0])
    took = time.monotonic() - begin
    assert features(a) != before
    for i in range(40):
        weft = Process(WEFT, "apply", files[(i + 1) % 2], "--node", a.node, "--netns", a.path)
        time.sleep(dice.uniform(0.2, 1.1) * took)
        weft.close()
        killed += weft.popen.returncode == -signal.SIGKILL
    assert killed >= 5
    a.weft("down")
    assert features(a) == before


def test_agent(pair):
    """It tests before it gives up its rights; those that are left suffice to switch features, and to
    put right what others have switched."""
    lab = pair(apply=False, xdp="off")
    a, (a1, b1) = lab.hosts[0], lab.workloads
    lab.hosts[1].apply()
    before = features(a)
    agent = Agent(a, interval=0.5).start()
    rows = {row["what"]: row for row in agent.get("status")["offloads"]}
    assert rows["segmentation"]["mode"] == "device" and "(tested)" in rows["segmentation"]["why"]
    ping(a1, b1.ip4)

    document = lab.document()
    document["nodes"][0]["uplinks"] = [{"interface": "ul", "xdp": "off", "segmentation": "kernel"}]
    lab.write(document=document)
    wait_until("the feature to be switched", lambda: not features(a)[TUNNEL[0]], timeout=10)
    wait_until("the reason", lambda: choices(a)["segmentation"]["asked"] == "kernel", timeout=10)
    switch(a, True, TUNNEL[0])
    wait_until("the feature to be put right", lambda: not features(a)[TUNNEL[0]], timeout=10)
    tcp(a1, b1, 4)
    agent.stop()
    a.weft("down")
    assert features(a) == before
