# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft is for: workloads talk, over both underlay families and with both ways of decapsulation.

The lab is conftest.py's `four`: two hosts with two workloads each, one lab a combination.
"""
import pytest

from traffic import ping, tcp, udp


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
