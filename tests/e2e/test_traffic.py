# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft is for: workloads talk, over both underlay families and with both ways of decapsulation.

One lab of two hosts with two workloads each serves all tests of a combination.
"""
import pytest

from lab import two_hosts
from traffic import ping, tcp, udp

COMBINATIONS = [(family, xdp) for family in (4, 6) for xdp in ("native", "off")]


@pytest.fixture(scope="module", params=COMBINATIONS, ids=lambda c: f"ipv{c[0]}-xdp-{c[1]}")
def four(request):
    """Workloads a1, a2, b1, b2."""
    family, xdp = request.param
    lab = two_hosts(f"t{family}{xdp}", ports=2, family=family, xdp=xdp)
    lab.apply()
    yield lab.workloads
    lab.close()


@pytest.fixture(params=["across", "local"])
def ends(request, four):
    """Two workloads, on two hosts or on one."""
    a1, a2, b1, _ = four
    return (a1, b1) if request.param == "across" else (a1, a2)


@pytest.mark.parametrize("family", (4, 6))
def test_ping(four, family):
    for src in four:
        for dst in four:
            if src is not dst:
                ping(src, dst.address(family))


@pytest.mark.parametrize("family", (4, 6))
def test_tcp(ends, family):
    src, dst = ends
    tcp(src, dst, family)
    tcp(dst, src, family)


@pytest.mark.parametrize("family", (4, 6))
def test_udp_sizes(ends, family):
    src, dst = ends
    most = src.mtu - (28 if family == 4 else 48)
    udp(src, dst, family, [*range(1, 120), *range(120, most - 8, 17), *range(most - 8, most + 1)])


@pytest.mark.parametrize("family", (4, 6))
def test_largest_ping_fits(ends, family):
    src, dst = ends
    ping(src, dst.address(family), size=src.mtu - (28 if family == 4 else 48))


@pytest.mark.parametrize("family", (4, 6))
def test_fragments(ends, family):
    """A datagram larger than the MTU arrives as fragments; later ones have no ports."""
    udp(*ends, family, [4000, 20000, 60000])
