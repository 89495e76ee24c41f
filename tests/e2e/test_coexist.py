# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Other people's programs on the same hooks: they keep running, they stay, and weft says so."""
import os

import pytest

import bpf
from lab import FAILED, NOT_APPLIED
from traffic import Frames, ping, tcp, udp


@pytest.fixture
def foreign(request):
    """Attaches foreign programs that are gone after the test."""
    made = []

    def attach(kind, *where):
        made.append(kind(*where))
        return made[-1]

    yield attach
    for each in made:
        each.close()


@pytest.mark.skipif(os.environ.get("WEFT_TEST_TC") == "clsact", reason="weft is told not to use tcx")
@pytest.mark.parametrize("order", ("before weft", "after weft"))
def test_tcx(pair, foreign, order):
    lab = pair(apply=order == "after weft")
    a, (a1, b1) = lab.hosts[0], lab.workloads
    uplink, port = (foreign(bpf.ForeignTcx, a, i) for i in ("ul", "wa1"))
    lab.apply()
    status = a.status()
    assert (status["uplinks"][0]["tc_others"], status["ports"][0]["tc_others"]) == (1, 1)
    ping(a1, b1.ip4)
    seen = uplink.count(), port.count()
    ping(b1, a1.ip4, count=5)
    ping(lab.hosts[1], a.vtep(4), count=5)
    # In front of weft, it sees all; behind it, what weft leaves to the host.
    tunnelled = 5 if order == "before weft" else 0
    assert uplink.count() - seen[0] >= 5 + tunnelled
    assert port.count() - seen[1] >= tunnelled
    assert order == "before weft" or port.count() == seen[1]
    assert a.apply()["changes"] is False
    a.weft("down")
    assert sorted(h[:2] for h in bpf.hooks(a)) == [("ul", "tcx"), ("wa1", "tcx")]
    seen = uplink.count()
    ping(lab.hosts[1], a.vtep(4))
    assert uplink.count() > seen


@pytest.mark.parametrize("tc", ("tcx", "clsact"))
def test_clsact_filter(pair, tc):
    """A filter of tc(8), on a qdisc that was there before: both are there after."""
    lab = pair(apply=False)
    a, (a1, b1) = lab.hosts[0], lab.workloads
    for interface in ("ul", "wa1"):
        a.run("tc", "qdisc", "add", "dev", interface, "clsact")
        a.run("tc", "filter", "add", "dev", interface, "ingress", "prio", 5, "handle", 7, "bpf",
              "bytecode", "1,6 0 0 0", "flowid", "1:1")  # "ret 0": never a match
    before = [filters(a, i) for i in ("ul", "wa1")]
    lab.hosts[1].apply()
    a.apply(env={"WEFT_TEST_TC": tc})
    ping(a1, b1.ip4)
    ping(b1, a1.ip6)
    ping(lab.hosts[1], a.vtep(4))
    a.weft("down")
    assert [filters(a, i) for i in ("ul", "wa1")] == before


def filters(host, interface):
    """Filters of tc(8), without their statistics."""
    return host.run("tc", "filter", "show", "dev", interface, "ingress").stdout


def test_xdp_taken(pair, foreign):
    """Somebody else's XDP program leaves no room: `native` is refused, `off` does without."""
    lab = pair(apply=False, xdp="native")
    a, b = lab.hosts
    a1, b1 = lab.workloads
    b.apply()
    theirs = foreign(bpf.ForeignXdp, a, "ul")
    before = bpf.hooks(a)
    p = a.weft("apply", lab.file, status=FAILED)
    assert "ul" in p.stderr and "XDP" in p.stderr.upper()
    assert bpf.hooks(a) == before
    a.xdp = "off"
    a.apply(lab.write())
    seen = theirs.count()
    ping(a1, b1.ip4)
    ping(b1, a1.ip6)
    assert theirs.count() >= seen + 6
    a.weft("down")
    assert bpf.hooks(a) == before


def test_generic_xdp(pair):
    """Only because the file asks for it."""
    lab = pair(xdp="generic")
    a1, b1 = lab.workloads
    for host in lab.hosts:
        assert host.status()["uplinks"][0]["xdp"] == "generic"
    for family in (4, 6):
        ping(a1, b1.address(family))
        tcp(a1, b1, family)
        udp(b1, a1, family, [1, 18, 19, 1000, a1.mtu - 48, 4000])


def test_xdp_mode_changes(pair):
    """`auto` is off on a veth."""
    lab = pair(xdp="native")
    a, (a1, b1) = lab.hosts[0], lab.workloads
    for mode, shown in ("off", "off"), ("generic", "generic"), ("native", "native"), ("auto", "off"):
        a.xdp = mode
        a.apply(lab.write())
        assert a.status()["uplinks"][0]["xdp"] == shown
        assert a.apply()["changes"] is False
        ping(b1, a1.ip4)
        ping(b1, a1.ip6)


@pytest.mark.drops("REPLICA_LOST")  # what is flooded while the interface is gone
def test_interface_goes_and_comes_back(pair):
    """A workload ends, and another takes its place under the same name."""
    lab = pair(ports=2)
    a, (a1, a2, b1, _) = lab.hosts[0], lab.workloads
    a.ip("link del wa2")
    a.weft("status", status=NOT_APPLIED)
    ping(a1, b1.ip4)
    a2.wire(quiet=False)
    done = a.apply()
    assert done["programs"]["attached"] == 1
    a.weft("status")
    ping(a2, b1.ip4)
    ping(a1, a2.ip6)


@pytest.mark.parametrize("xdp", ("native", "generic", "off"))
def test_somebody_listens(pair, xdp):
    """A tcpdump on every interface shares each packet with weft, and disturbs nothing."""
    lab = pair(xdp=xdp)
    a1, b1 = lab.workloads
    ears = [Frames(host, i) for host in lab.hosts for i in ("ul", host.workloads[0].interface)]
    for family in (4, 6):
        ping(a1, b1.address(family))
        tcp(b1, a1, family, 1 << 20)
        udp(a1, b1, family, [1, 1000, 4000])
    assert all(ear.poll() for ear in ears)


def test_uplink_flaps(pair):
    """Down and up again: everything is still attached, and nobody has to do anything."""
    lab = pair()
    a, (a1, b1) = lab.hosts[0], lab.workloads
    before = bpf.ids(a)
    for _ in range(3):
        a.ip("link set ul down")
        a.ip("link set ul up")
        a.wait_carrier(["ul"])
    assert bpf.ids(a) == before
    ping(b1, a1.ip4)
    ping(a1, b1.ip6)
