# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Ports and networks that learn: what is behind them is in no file.

    s1, s2 = [br0] a1 [wa1] a [ul]====[ul] b [wb1] b1 [br0] = s3
                a2 =  [wa2]                  [wb2] = b2

a1 and b1 are bridges of hosts' own, with stations behind them; a2 and b2 are workloads of the file.
"""
import json
import os
import struct
import threading
import time

import pytest

from lab import BUILD, INVALID, Lab, Workload
from netns import run, wait_until
from traffic import BROADCAST, Frames, frame, mark, mac_bytes, nothing_lost, ping, settle, tcp, udp_pair

MACFLOOD = os.path.join(BUILD, "tests/e2e/macflood")


class Gateway(Workload):
    """A namespace with a bridge that eth0 is a port of; nothing about it is in the file but the port."""

    options = {}

    def __init__(self, *args):
        super().__init__(*args)
        self.workloads = []
        self.label = self.port
        self.index = 100 * self.host.index + len(self.host.workloads)

    def configure(self, quiet):
        self.ip("link set lo up", "link add br0 type bridge mcast_snooping 0",
                f"link set eth0 mtu {self.mtu} master br0 up", "link set br0 up")
        self.wait_carrier(["br0"])

    def row(self):
        return {"name": self.port, "node": self.host.node, "interface": self.interface,
                "network": self.network.name, "learning": True, **self.options}


class Station(Workload):
    """Behind a gateway."""

    def __init__(self, *args):
        super().__init__(*args)
        self.listed = False

    def wire(self, quiet):
        super().wire(quiet)
        self.host.ip(f"link set {self.interface} master br0")


def station(lab, gateway):
    return lab.workload(gateway, gateway.network, kind=Station)


def learned(host, *options):
    """Learned addresses of a host: {mac: (port or node)}."""
    rows = json.loads(host.weft("show", "fdb", "--learned", *options, "--json").stdout)["fdb"]
    return {r["mac"]: r["port"] or r["node"] for r in rows}


def maps(host):
    return f"/sys/fs/bpf/weft/v1/{host.node}/maps"


def dump(host, name):
    rows = json.loads(run("bpftool", "-j", "map", "dump", "pinned", f"{maps(host)}/{name}").stdout)
    return [r["formatted"] for r in rows]


def counts(host):
    """Learned addresses by port, by network and by VTEP in a network: as counted, and as there are."""
    counted, found = {}, {}
    for name in ("weft_learn_port", "weft_learn_net", "weft_learn_vtep"):
        for r in dump(host, name):
            if r["value"]["learned"]:
                key = tuple(r["key"].values()) if isinstance(r["key"], dict) else r["key"]
                counted[name, key] = r["value"]["learned"]
    for r in dump(host, "weft_learned"):
        where, network = r["value"]["where"], r["key"]["network"]
        at = (("weft_learn_vtep", (where["target"], network, 0)) if where["kind"] == 2
              else ("weft_learn_port", where["port"]))
        for key in (at, ("weft_learn_net", network)):
            found[key] = found.get(key, 0) + 1
    return counted, found


def check_counts(host):
    """They agree, as soon as nobody new speaks meanwhile."""
    try:
        wait_until("", lambda: len({str(sorted(c.items())) for c in counts(host)}) == 1, 3)
    except AssertionError:
        counted, found = counts(host)
        assert counted == found


@pytest.fixture(scope="module", params=[(4, "off"), (6, "native")], ids=lambda p: f"ipv{p[0]}-xdp-{p[1]}")
def bridged(request):
    family, xdp = request.param
    lab = Lab(f"l{family}", (family,))
    a, b = lab.host("a", xdp), lab.host("b", xdp)
    lab.wire()
    lab.network(learning=True)
    a1, a2 = lab.workload(a, kind=Gateway), lab.workload(a)
    b1, b2 = lab.workload(b, kind=Gateway), lab.workload(b)
    lab.stations = [station(lab, a1), station(lab, a1), station(lab, b1)]
    lab.apply()
    lab.fixed = [a2, b2]
    yield lab
    lab.close()


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.drops("HAIRPIN")
def test_everybody_reaches_everybody(bridged, family):
    everybody = bridged.stations + bridged.fixed
    for src in everybody:
        for dst in everybody:
            if src is not dst:
                ping(src, dst.address(family), size=src.mtu - (28 if family == 4 else 48))


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.drops("HAIRPIN")
def test_tcp(bridged, family):
    s1, _, s3 = bridged.stations
    a2, b2 = bridged.fixed
    for src, dst in ((s1, s3), (s3, s1), (s1, b2), (b2, s1), (a2, s1), (s3, a2)):
        tcp(src, dst, family, 2 << 20)


@pytest.mark.drops("HAIRPIN")
def test_where_they_are(bridged):
    a, b = bridged.hosts
    s1, s2, s3 = bridged.stations
    for src in (s1, s2):
        ping(src, s3.ip4)
    assert {s1.mac: "a1", s2.mac: "a1", s3.mac: b.node}.items() <= learned(a).items()
    assert {s1.mac: a.node, s2.mac: a.node, s3.mac: "b1"}.items() <= learned(b).items()
    assert s3.mac not in learned(a, "--local") and s1.mac in learned(a, "--local")
    assert s3.mac in learned(a, "--remote", "--vtep", b.vtep(bridged.families[0]))
    assert learned(a, "--remote", "--vtep", "192.0.2.99") == {}
    assert list(learned(a, "--mac", s1.mac)) == [s1.mac]
    assert learned(a, "--port", "a2") == {}
    for host in (a, b):
        check_counts(host)


@pytest.mark.drops("HAIRPIN")
def test_what_is_learned_is_not_flooded(bridged):
    s1, s2, s3 = bridged.stations
    a2, b2 = bridged.fixed
    bystanders = [Frames(w) for w in (a2, b2)]
    for src, dst in ((s1, s3), (s3, s1)):
        source, receiver, payload = Frames(src), Frames(dst), mark()
        source.send(*[frame(dst.mac, src.mac, payload)] * 20)
        receiver.expect(payload, 20)
        settle(source, [*bystanders, receiver])
        assert [len(f.having(payload)) for f in bystanders] == [0, 0]


# -- the kernel's vxlan as the other end ---------------------------------------------------------

def join_learning(k, network, family, remote):
    """The kernel learns as well: it only knows whom to flood to."""
    k.ip("link add name br0 type bridge mcast_snooping 0",
         f"link add name vx type vxlan id {network.vni} local {k.vtep(family)} dstport 4789 "
         f"{'udp6zerocsumrx' if family == 6 else ''}",
         f"link set vx mtu {k.workloads[0].mtu} master br0 up", "link set br0 up",
         *(f"link set {w.interface} master br0" for w in k.workloads))
    k.run("bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vx", "dst", remote.vtep(family))
    k.wait_carrier(["vx", "br0"])


@pytest.fixture(params=[(f, how) for f in (4, 6) for how in ("learning", "static")],
                ids=lambda p: f"ipv{p[0]}-{p[1]}")
def foreign(request):
    """a1 (behind it s1), a2 = a [ul]====[ul] k (vxlan, bridge) = k1, k2, which no file knows."""
    family, how = request.param
    lab = Lab(f"lk{family}{how[0]}", (family,))
    a, k = lab.host("a", "off"), lab.kernel_host("k")
    lab.wire()
    network = lab.network(learning=True, nodes=[k.node])
    a1, _ = lab.workload(a, kind=Gateway), lab.workload(a)
    lab.station = station(lab, a1)
    for w in (lab.workload(k), lab.workload(k)):
        w.listed = False
    if how == "learning":
        join_learning(k, network, family, a)
    else:
        k.join(network, family, [a])
        k.run("bridge", "fdb", "append", lab.station.mac, "dev", f"vx{network.index}", "dst",
              a.vtep(family))
    lab.apply()
    yield lab
    lab.close()


@pytest.mark.drops("HAIRPIN")
def test_kernel_vxlan(foreign):
    a, k = foreign.hosts
    s1, a2, (k1, k2) = foreign.station, a.workloads[1], k.workloads
    for src in (s1, a2, k1, k2):
        for dst in (s1, a2, k1, k2):
            if src is not dst:
                ping(src, dst.ip4)
                ping(src, dst.ip6)
    for src, dst in ((s1, k1), (k1, s1), (k2, a2)):
        tcp(src, dst, 4, 1 << 20)
    assert {s1.mac: "a1", k1.mac: k.node, k2.mac: k.node}.items() <= learned(a).items()
    bystander, source, receiver, payload = Frames(a2), Frames(s1), Frames(k1), mark()
    source.send(*[frame(k1.mac, s1.mac, payload)] * 20)
    receiver.expect(payload, 20)
    settle(source, [bystander])
    assert not bystander.having(payload)
    check_counts(a)


# -- moves -----------------------------------------------------------------------------------------

class Roamer(Gateway):
    """A bridge with an address of its own, and several ports of weft of which it uses one at a time."""

    def configure(self, quiet):
        super().configure(quiet)
        self.ip(f"link set br0 address {self.mac}", f"addr add {self.ip4}/16 dev br0")
        self.index = 200
        self.legs = [self]

    def leg(self, host):
        """Another port, on a host."""
        self.legs.append(Leg(self, host, f"eth{len(self.legs)}"))
        return self.legs[-1]

    def move(self, old, new):
        """As a bond or a switch does it: the other link, and a gratuitous ARP."""
        self.ip(f"link set {old.inner} nomaster", f"link set {new.inner} master br0")
        self.wait_carrier(["br0"])  # which was without a port for a moment
        own = mac_bytes(self.mac), bytes(map(int, self.ip4.split(".")))
        announce = b"\0\1\x08\0\6\4\0\1" + own[0] + own[1] + b"\0" * 6 + own[1]
        Frames(self, "br0").send(frame(BROADCAST, self.mac, announce, 0x0806))

    inner = "eth0"

    def received(self, leg):
        return self.ip_json("link", "show", leg.inner)[0]["stats64"]["rx"]["packets"]


class Leg:
    """A further port of a Roamer."""

    listed = True

    def __init__(self, roamer, host, inner):
        self.roamer, self.host, self.inner = roamer, host, inner
        self.port = f"{host.label}-{inner}"
        self.interface = f"w{self.port}"
        host.ip(f"link add {self.interface} type veth peer name {inner} netns {roamer.name}",
                f"link set {self.interface} mtu {roamer.mtu} up")
        roamer.ip(f"link set {inner} mtu {roamer.mtu} up")
        host.wait_carrier([self.interface])
        roamer.host.lab.workloads.append(self)

    def row(self):
        return {"name": self.port, "node": self.host.node, "interface": self.interface,
                "network": self.roamer.network.name, "learning": True}


@pytest.fixture
def roaming(lab):
    a, b = lab.host("a", "off"), lab.host("b", "off")
    lab.wire()
    lab.network(learning=True)
    lab.roamer = lab.workload(a, quiet=True, kind=Roamer)
    lab.roamer.leg(a)
    lab.roamer.leg(b)
    lab.fixed = [lab.workload(a, quiet=True), lab.workload(b, quiet=True)]
    for w in lab.fixed:
        w.ip(f"addr add {w.ip4}/16 dev eth0",
             f"neigh replace {lab.roamer.ip4} lladdr {lab.roamer.mac} dev eth0 nud permanent")
        lab.roamer.ip(f"neigh replace {w.ip4} lladdr {w.mac} dev br0 nud permanent")
    lab.apply()
    return lab


class OneWay:
    """Datagrams of an established flow whose other side says nothing more."""

    def __init__(self, sender):
        self.sender, self.stop = sender, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            self.sender.send(b"x" * 64)
            time.sleep(0.0005)

    def end(self):
        self.stop.set()
        self.thread.join()


@pytest.mark.drops("NO_RECEIVER", "HAIRPIN")
def test_flows_follow_a_move_at_once(roaming):
    """From the announcement on, nothing goes to the old place any more: on both nodes, whether the
    old place and the new one are local or remote."""
    roamer, flows, pairs = roaming.roamer, [], []
    for w in roaming.fixed:
        pair = udp_pair(w, roamer, 4)
        pairs.append((pair, *pair.__enter__()))
    for wait in (0, 2.2, 0):  # a stream that is older than 2 s has a place of its own
        time.sleep(wait)
        for _, s, r in pairs:
            s.send(b"there")
            r.sendto(b"back", r.recvfrom(100)[1])
            s.recv(100)
    for host in roaming.hosts:
        rows = json.loads(host.weft("show", "flows", "--protocol", "udp", "--json").stdout)["flows"]
        assert "established" in {r["table"] for r in rows}
    flows = [OneWay(s) for _, s, _ in pairs]
    try:
        legs = roamer.legs
        for old, new in zip(legs, [*legs[1:], legs[0]]):
            roamer.move(old, new)
            time.sleep(0.1)
            before = roamer.received(old), roamer.received(new)
            time.sleep(0.3)
            after = roamer.received(old), roamer.received(new)
            assert after[0] == before[0], f"{old.port} to {new.port}: {after[0] - before[0]} astray"
            assert after[1] - before[1] > 100
    finally:
        for flow in flows:
            flow.end()
    for pair, *_ in pairs:
        pair.__exit__(None, None, None)
    for host in roaming.hosts:
        check_counts(host)


@pytest.mark.drops("MAC_FLAPPING", "NO_RECEIVER")
def test_flapping_is_held_and_reported(roaming):
    a, _ = roaming.hosts
    roamer = roaming.roamer
    mac, legs = "02:ee:00:00:00:01", [Frames(roamer, leg.inner) for leg in roamer.legs[:2]]
    for _ in range(20):
        for leg in legs:
            leg.send(frame(BROADCAST, mac, mark()))
    held = a.status()["learning"]["held"]
    assert [(h["mac"], h["network"]) for h in held] == [(mac, "web")]
    assert {held[0]["at"], held[0]["from"]} == {"a1", "a-eth1"} and held[0]["ago_ms"] < 5000
    assert mac in a.weft("status").stdout
    use = {r["key"]: r["value"] for r in dump(a, "weft_learn_net")}[1]
    assert use["held"] == roaming.drops()["a1", "MAC_FLAPPING"] + roaming.drops()["a-eth1", "MAC_FLAPPING"]
    check_counts(a)


# -- floods ----------------------------------------------------------------------------------------

@pytest.mark.drops("MAC_LIMIT", "HAIRPIN", "NO_RECEIVER")
def test_a_million_addresses_cost_their_port_only(lab):
    """The others keep every entry, and nothing of theirs is flooded."""
    count, share = 1000000, 100
    a, b = lab.host("a", "off"), lab.host("b", "off")
    lab.wire()
    lab.network(learning=True, mac_limit=1000)
    attacker, a2, bystander = (lab.workload(a, kind=Gateway), lab.workload(a, kind=Gateway),
                               lab.workload(a, quiet=True))
    attacker.options = {"mac_limit": share}
    b1 = lab.workload(b, kind=Gateway)
    s1, s3 = station(lab, a2), station(lab, b1)
    lab.apply()
    ping(s1, s3.ip4)
    kept = {host: learned(host) for host in lab.hosts}
    watch = Frames(bystander)
    with nothing_lost(s1, s3, rate=500):
        begin = time.monotonic()
        assert attacker.run(MACFLOOD, "eth0", count, bystander.mac).stdout.strip() == str(count)
        print(f"{count / (time.monotonic() - begin):.0f} addresses a second")
    for host in lab.hosts:
        assert kept[host].items() <= learned(host).items()
        check_counts(host)
    assert len(learned(a, "--port", attacker.port)) == share
    assert a.drops()[attacker.port, "MAC_LIMIT"] > count // 2
    astray = [f for f in watch.poll() if f[:6] in (mac_bytes(s1.mac), mac_bytes(s3.mac))]
    assert not astray
    (row,) = (r for r in a.status()["learning"]["pressure"] if r["on"] == "port")
    assert (row["name"], row["learned"], row["most"]) == (attacker.port, share, share)
    assert row["refused"] == a.drops()[attacker.port, "MAC_LIMIT"]


# -- the loader ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def alone():
    """A host with ports that learn, a1 and a2 in one network, a3 in another. None says anything itself."""
    lab = Lab("alone")
    a = lab.host("a", "off")
    lab.wire()
    web, db = lab.network("web"), lab.network("db", mac_age="60s")
    for network in (web, web, db):
        lab.workload(a, network, quiet=True, kind=Gateway)
    yield lab
    lab.close()


@pytest.fixture
def taught(alone):
    """As the file had it at first, and 50 addresses behind each port."""
    web, db = alone.networks
    (a,) = alone.hosts
    alone.top = {"limits": {"fdb_learned": 1000}}
    alone.__dict__.pop("document", None)
    for w, network in zip(alone.workloads, (web, web, db)):
        w.listed, w.network = True, network
        w.__dict__.pop("row", None)
    alone.apply()
    for i, w in enumerate(alone.workloads):
        Frames(w).send(*(frame(BROADCAST, f"02:ee:00:00:{i:02x}:{n:02x}", mark()) for n in range(50)))
    wait_until("150 learned addresses", lambda: len(learned(a)) == 150)
    alone.new_drops()
    return alone


def in_step(lab):
    host = lab.hosts[0]
    assert json.loads(host.weft("status", lab.file, "--json").stdout)["in_step"]
    check_counts(host)


def test_an_apply_keeps_what_was_learned(taught):
    (a,) = taught.hosts
    before = learned(a)
    in_step(taught)
    assert not any(a.apply()["entries"].values())
    taught.top["flows"] = {"per_port": 1000}
    taught.apply()
    assert learned(a) == before
    in_step(taught)


@pytest.mark.drops("MAC_LIMIT")
def test_another_limit_copies_the_table(taught):
    """And ages go on: what was copied is as old as it was."""
    (a,) = taught.hosts
    before, ages = learned(a), {r["mac"]: r["age_ms"] for r in a.show("fdb")}
    for limit in (2000, 120):
        taught.top["limits"] = {"fdb_learned": limit}
        taught.apply()
        (shape,) = (json.loads(run("bpftool", "-j", "map", "show", "pinned",
                                   f"{maps(a)}/weft_learned").stdout),)
        assert shape["max_entries"] == limit
        in_step(taught)
        now = learned(a)
        assert len(now) == min(limit, 150) and now.items() <= before.items()
    assert all(ages[r["mac"]] <= r["age_ms"] for r in a.show("fdb"))
    Frames(taught.workloads[0]).send(frame(BROADCAST, "02:ee:00:00:00:ff", b""))
    assert "02:ee:00:00:00:ff" not in learned(a)  # no room, and nobody's place is taken
    (row,) = (r for r in a.status()["learning"]["pressure"] if r["on"] == "network")
    assert row["refused"] == 1 and a.status()["learning"]["limit"] == 120


def leave(lab):
    lab.workloads[0].listed = False


def stop_learning(lab):
    w = lab.workloads[0]
    w.row = lambda: Workload.row(w)


def change_network(lab):
    lab.workloads[0].network = lab.networks[1]


def new_interface(lab):
    (host,), w = lab.hosts, lab.workloads[0]
    host.ip(f"link del {w.interface}",
            f"link add {w.interface} type veth peer name eth0 netns {w.name}", f"link set {w.interface} up")
    w.ip("link set eth0 up")
    w.wait_carrier(["eth0"])


def become_static(lab):
    """Half of the addresses are the file's now."""
    class Row:
        listed = True

        def __init__(self, i):
            self.i = i

        def row(self):
            return {"name": f"p{self.i}", "node": "elsewhere", "network": "web",
                    "mac": f"02:ee:00:00:00:{self.i:02x}"}

    document = lab.document()
    document["nodes"].append({"name": "elsewhere", "vtep": "192.0.2.77"})
    document["ports"] += [Row(i).row() for i in range(50)]
    lab.document = lambda: document


@pytest.mark.parametrize("change", (leave, stop_learning, change_network, new_interface, become_static),
                         ids=lambda f: f.__name__)
def test_what_is_no_more_is_forgotten(taught, change):
    (a,) = taught.hosts
    change(taught)
    taught.apply()
    now = learned(a)
    assert {at for at in now.values()} == {"a2", "a3"} and len(now) == 100
    in_step(taught)


def test_killed_while_the_table_is_copied(taught):
    """Whatever half of the change is there, the next apply completes it, and nothing is forgotten."""
    (a,) = taught.hosts
    before = learned(a)
    files = []
    for limit in (2000, 3000):
        taught.top["limits"] = {"fdb_learned": limit}
        files.append(taught.write(f"{limit}.yaml"))
    for i, step in enumerate((4, 12, 18, 20, 22, 24)):
        p = run(os.path.join(BUILD, "weft"), "apply", files[i % 2], "--node", a.node,
                "--netns", a.path, check=False, env={"WEFT_TEST_KILL_STEP": str(step)})
        if p.returncode == 0:
            continue
        assert p.returncode == -9, p.stderr
        assert learned(a) == before
        a.apply(files[(i + 1) % 2])
        assert learned(a) == before
        check_counts(a)


def tagged(dst, src, vlan, payload):
    return mac_bytes(dst) + mac_bytes(src) + struct.pack("!HHH", 0x8100, vlan, 0x88B5) + payload.ljust(46)


@pytest.mark.drops("HAIRPIN")
def test_trunks_and_wires_keep_what_was_learned(lab):
    """A port of a trunk, and a network that lives in a VLAN of the uplink."""
    a = lab.host("a", "off")
    lab.wire()
    web, wire = lab.network("web"), lab.network("wire", encap="vlan", vlan=70)
    wire.row = lambda: {"name": "wire", "encap": "vlan", "vlan": 70}
    trunk, other = lab.workload(a, web, quiet=True, kind=Gateway), lab.workload(a, web, quiet=True)
    third = lab.workload(a, wire, quiet=True)
    trunk.options = {"vlan": 7}
    lab.apply()
    seen = Frames(other), Frames(third)
    Frames(trunk).send(tagged(BROADCAST, "02:ee:00:00:00:01", 7, payload := mark()))
    seen[0].expect(payload)
    Frames(a, "nowhere").send(tagged(BROADCAST, "02:ee:00:00:00:02", 70, payload := mark()))
    seen[1].expect(payload)
    here = {"02:ee:00:00:00:01": trunk.port, "02:ee:00:00:00:02": "ul.70"}
    assert learned(a) == here
    lab.top["limits"] = {"fdb_learned": 1000}
    lab.top["flows"] = {"per_port": 1000}
    lab.apply()
    other.listed = False  # of both networks something changes
    lab.workload(a, wire, quiet=True)
    lab.apply()
    assert learned(a) == here
    in_step(lab)
    assert learned(a, "--port", "ul.70") == {"02:ee:00:00:00:02": "ul.70"}
    trunk.listed = False
    lab.apply()
    assert learned(a) == {"02:ee:00:00:00:02": "ul.70"}
    in_step(lab)


@pytest.mark.parametrize("options, gone", [
    (("--port", "a1"), 50), (("--network", "web"), 100), (("--mac", "02:ee:00:00:02:07"), 1),
    (("--network", "db", "--port", "a1"), 0), (("--local",), 150), (("--remote",), 0), (("--all",), 150),
], ids=lambda p: "".join(p) if isinstance(p, tuple) else str(p))
def test_flush(taught, options, gone):
    (a,) = taught.hosts
    p = a.weft("fdb", "flush", *options)
    assert p.stdout == f"{a.node}: {gone} learned address{'' if gone == 1 else 'es'} flushed\n"
    assert len(learned(a)) == 150 - gone
    check_counts(a)


@pytest.mark.parametrize("words, told", [
    (("flush",), "say which addresses, or --all"), (("flsh",), 'did you mean "flush"?'),
    (("flush", "--all", "--mac", "02:00:00:00:00:01"), "--all does not go with --mac"),
    (("flush", "--mac", "02:00"), "write a MAC address"), (("flush", "--vtep", "x"), "write the address of a"),
    (("flush", "--static"), "unrecognized option"),
], ids=lambda p: "-".join(p) if isinstance(p, tuple) else "")
def test_wrong_command_lines(lab, words, told):
    host = lab.host("a")
    assert told in host.weft("fdb", *words, status=INVALID).stderr
    assert "takes no --learned" in host.weft("show", "ports", "--learned", status=INVALID).stderr
