# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the bench makes of its samples: ratios, targets, growth, tables and pictures."""
import xml.etree.ElementTree

import growth
import peers
import picture
import pytest
import report
import workloads
from contenders import VNI
from topology import PLACES, Topology


def row(*samples):
    found = workloads.Row()
    for sample in samples:
        found.add(sample, False)
    return found.summary()


def result(**more):
    kernel, ours = row(100, 110, 90), row(150, 220, 90)
    for summary in (kernel, ours):
        summary["vs_kernel"] = workloads.ratio(summary, kernel)
    return {"workload": "udp", "title": "UDP <64>", "place": "wire", "place_title": "a wire & more",
            "metric": "received", "unit": "kpps", "higher_is_better": True, "bases": ("raw", "kernel", "kernel-fw"),
            "contenders": {"kernel": kernel, "weft": ours}, "targets": [], "notes": [], **more}


TITLES = {"kernel": "kernel bridge", "weft": "weft"}


def test_ratio_is_of_the_rounds():
    """A machine that halves its pace in one round changes both sides."""
    assert workloads.ratio(row(20, 10, 20), row(10, 5, 10)) == 2
    assert result()["contenders"]["weft"]["vs_kernel"] == 1.5


def test_summary_keeps_the_spread():
    summary = row(3, 1, 2)
    assert (summary["median"], summary["min"], summary["max"], summary["samples"]) == (2, 1, 3, [3, 1, 2])


@pytest.mark.parametrize("now, reached", ((2.49, False), (2.5, True)))
def test_targets(now, reached):
    workload = workloads.WORKLOADS["fw-udp"]
    contenders = {"kernel-fw": {}, "weft-fw": {"vs_kernel-fw": now}}
    found = workloads._targets(workload, PLACES["wire"], workload.metrics[0], contenders)
    assert [(t["factor"], t["reached"]) for t in found] == [(2.5, reached)]
    assert not workloads._targets(workload, PLACES["same"], workload.metrics[0], contenders)


def test_less_is_better_for_latency():
    workload = workloads.WORKLOADS["fw-rr"]
    found = workloads._targets(workload, PLACES["gso"], workload.metrics[0],
                               {"kernel": {}, "weft-fw": {"vs_kernel": 0.86}})
    assert [t["reached"] for t in found] == [False]


def test_traffic_table():
    lines = report.traffic(result(notes=["odd"]), TITLES).splitlines()
    assert lines[0] == "UDP <64>, a wire & more: received, kpps (more is better)"
    assert lines[3].split() == ["weft", "150", "90.0..220", "-", "1.50x"]
    assert lines[-1] == "  ! odd"


def test_encapsulations_are_about_two_hosts():
    planned = workloads.planned(["udp", "progrun", "encap-udp"], ["gso", "same"])
    assert [(w.name, p.name) for w, p in planned] == [("udp", "gso"), ("udp", "same"), ("encap-udp", "gso")]


def test_halves_of_both_directions():
    workload, topology = workloads.WORKLOADS["udp-both"], Topology("x", PLACES["gso"])
    there, back = (workloads._halves(workload, topology, 1, b) for b in (False, True))
    assert topology.receiver.address in map(str, there[0]) and topology.sender.address in map(str, back[0])
    assert str(topology.receiver.path) in map(str, back[1])


def test_picture(tmp_path):
    paths = picture.draw([result(), result(place="gso"), result(workload="none", contenders={})], TITLES, "a note",
                         tmp_path / "p")
    assert [p.name for p in paths] == ["udp-received.svg"]
    svg = xml.etree.ElementTree.parse(paths[0]).getroot()
    space = "{http://www.w3.org/2000/svg}"
    bars = [r for r in svg.iter(f"{space}rect") if r.get("class") in ("bar", "ours")]
    widths = [float(b.get("width")) for b in bars]
    assert [b.get("class") for b in bars] == ["bar", "ours"] * 2
    assert widths[1] / widths[0] == pytest.approx(1.5, abs=0.01)
    ends = [float(line.get("x2")) for line in svg.iter(f"{space}line")]
    assert max(ends) == picture.LABELS + picture.PLOT  # the most of all spreads fills the plot
    words = [t.text for t in svg.iter(f"{space}text")]
    assert "UDP <64>: received" in words and words.count("1.50×") == 2 and "of kernel" in words
    assert "prefers-color-scheme: dark" in paths[0].read_text()
    texts = [(float(t.get("y")), t.text) for t in svg.iter(f"{space}text")]
    assert max(y for y, _ in texts) < float(svg.get("height"))


def test_worse_than_linear():
    assert growth.worse_than_linear({10: 1.0, 100: 11.9, 1000: 20}) == []
    assert growth.worse_than_linear({10: 1.0, 100: 5.0, 1000: 61}) == [(100, 1000, 12.2)]


def test_growth_table():
    step = {"seconds": 0.5, "again": 0.1, "removal": 0.2, "weft_bytes": 1 << 20, "kernel_each": 1234.0,
            "calm": {"received": 9, "lost": 0, "slowest_us": 40.0}, "busy": {"received": 9, "lost": 2,
                                                                            "slowest_us": 1500.0},
            "leaving": {"received": 0}}
    text = report.growth([{"kind": "ports", "steps": {10000: step}, "worse": [(10, 100, 12.5)]}])
    assert "1.50, 2 lost" in text and "nothing came" in text and "1,234" in text
    assert "! from 10 to 100: 12.5 times the time" in text


def test_endpoints_are_all_different():
    made = growth.many_endpoints(70000)
    assert all(len({end[i] for end in made}) == len(made) for i in range(3))
    assert made[65535] == ("e65536", "02:00:01:01:00:00", "10.17.0.0")


def test_metavxlan_entries(monkeypatch):
    """As metavxlan.h has them."""
    topology = Topology("x", PLACES["gso"])
    monkeypatch.setattr(topology, "ifindex", lambda netns, interface: 7)
    (where, port), end = topology.ports[1], topology.containers[1]
    key, value = peers.MetaVxlan._entry(topology, 0, where, port, end)
    assert key == VNI.to_bytes(4, "little") + bytes.fromhex("020000000202") + bytes(2)
    assert value == (7).to_bytes(4, "little") + bytes(4) + bytes((2, 2, 0, 192)) + bytes(12)
    _, value = peers.MetaVxlan._entry(topology, 1, where, port, end)
    assert value == (7).to_bytes(4, "little") + bytes((1, 0)) + bytes(18)
