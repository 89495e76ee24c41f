# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft shows agrees with what was sent: to the packet and the byte, by port and by network."""
import pytest

from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp

UNKNOWN = "02:00:00:00:77:77"


def counts(host):
    """{port or network: {direction: (packets, bytes)}}"""
    rows = {row.get("port") or row["network"]: row for what in ("ports", "networks")
            for row in host.show(what) if row.get("kind") in (None, "access")}
    ways = ("from_port", "to_port", "from_ports", "to_ports", "from_underlay", "to_underlay")
    return {name: {way: (row[way]["packets"], row[way]["bytes"]) for way in ways if way in row}
            for name, row in rows.items()}


def difference(before, after):
    """Without the zeros."""
    return {name: {way: (p - before[name][way][0], b - before[name][way][1])
                   for way, (p, b) in ways.items() if (p, b) != before[name][way]}
            for name, ways in after.items()}


@pytest.mark.parametrize("xdp", ("native", "off"))
def test_every_frame_is_counted_once(pair, xdp):
    lab = pair(ports=2, quiet=True, xdp=xdp)
    a, b = lab.hosts
    a1, a2, b1, b2 = lab.workloads
    source, *others = [Frames(w) for w in (a1, a2, b1, b2)]
    before = counts(a), counts(b)
    payload = mark().ljust(86, b".")  # a frame of 100 bytes
    source.send(*[frame(a2.mac, a1.mac, payload)] * 10, *[frame(b1.mac, a1.mac, payload)] * 20,
                *[frame(BROADCAST, a1.mac, payload)] * 3, *[frame(UNKNOWN, a1.mac, payload)] * 4)
    settle(source, others)  # one broadcast of 60 bytes more
    assert difference(before[0], counts(a)) == {
        "a1": {"from_port": (38, 3760)},
        "a2": {"to_port": (18, 1760)},
        "web": {"from_ports": (38, 3760), "to_ports": (18, 1760), "to_underlay": (28, 2760)},
    }
    assert difference(before[1], counts(b)) == {
        "b1": {"to_port": (28, 2760)},
        "b2": {"to_port": (8, 760)},
        "web": {"from_underlay": (28, 2760), "to_ports": (36, 3520)},
    }


@pytest.mark.parametrize("xdp", ("native", "off"))
def test_large_packets_count_as_their_segments(pair, xdp):
    """GSO on the way in, GRO on the way out: packets as a wire carries them, which may lose one in between."""
    lab = pair(xdp=xdp)
    a, b = lab.hosts
    a1, b1 = lab.workloads
    for w in (a1, b1):
        w.sysctl("net/ipv6/conf/all/disable_ipv6", 1)  # which would say something now and then
    ping(a1, b1.ip4)
    before = counts(a), counts(b)
    tcp(a1, b1, 4, 4 << 20)
    sent = difference(before[0], counts(a))
    got = difference(before[1], counts(b))
    packets = sent["a1"]["from_port"][0]
    assert (4 << 20) / a1.mtu < got["b1"]["to_port"][0] <= packets
    assert 0 < sent["a1"]["to_port"][0] <= got["b1"]["from_port"][0]


def test_status_shows_the_mtu_to_use(pair):
    for family, mtu in (4, 1450), (6, 1430):
        lab = pair(family=family)
        a = lab.hosts[0]
        assert [n["mtu"] for n in a.status()["networks"]] == [mtu]
        assert [n["mtu"] for n in a.show("networks")] == [mtu]
        assert [t["mtu"] for t in a.show("tunnels")] == [mtu]


def test_listings_name_what_the_file_names(pair):
    lab = pair(ports=2)
    a, b = lab.hosts
    rows = {(row["mac"], row["kind"], row["port"], row["node"]) for row in a.show("fdb")}
    assert rows == {(w.mac, "local" if w.host is a else "remote", w.port if w.host is a else None,
                     w.host.node) for w in lab.workloads}
    (tunnel,) = a.show("tunnels")
    assert (tunnel["node"], tunnel["vtep"], tunnel["uplink"]) == (b.node, "192.0.2.2", "ul")
    for what in ("ports", "networks", "fdb", "tunnels", "drops"):
        assert a.weft("show", what).stdout
