# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Private VLANs across nodes: who may talk to whom, for every pair, by unicast and by broadcast.

On each of two hosts a workload that is promiscuous, one that is isolated, one blue and one red.
"""
import pytest

from lab import two_hosts
from traffic import BROADCAST, Frames, frame, mark, ping, unreachable

ROLES = ({}, {"isolation": "isolated"}, {"isolation": "community", "community": "blue"},
         {"isolation": "community", "community": "red"})


@pytest.fixture(scope="module", params=("native", "off"))
def eight(request):
    lab = two_hosts(f"iso{request.param}", ports=len(ROLES), xdp=request.param)
    for i, w in enumerate(lab.workloads):
        w.options = ROLES[i % len(ROLES)]
    lab.apply()
    yield lab.workloads
    lab.close()


def may_talk(a, b):
    return not a.options or not b.options or (a.options == b.options and "community" in a.options)


@pytest.mark.drops("ISOLATED")
def test_matrix(eight):
    ears = [Frames(w) for w in eight]
    unicast = {(a, b): mark() for a in eight for b in eight if a is not b}
    broadcast = {a: mark() for a in eight}
    for a, ear in zip(eight, ears):
        ear.send(*(frame(b.mac, a.mac, unicast[a, b]) for b in eight if a is not b))
        ear.send(frame(BROADCAST, a.mac, broadcast[a]))
    for b, ear in zip(eight, ears):
        for a in eight:
            if a is not b and may_talk(a, b):
                ear.expect(broadcast[a])  # sent after all else of a's
        for a in eight:
            if a is not b:
                assert len(ear.having(unicast[a, b])) == may_talk(a, b), (a.port, b.port)
                assert len(ear.having(broadcast[a])) == may_talk(a, b), (a.port, b.port)


@pytest.mark.drops("ISOLATED")
@pytest.mark.parametrize("family", (4, 6))
def test_ping(eight, family):
    """Whoever may talk finds the other, and whoever may not does not."""
    a_all, a_isolated, a_blue, _, b_all, b_isolated, b_blue, b_red = eight
    for one, other in ((a_isolated, a_all), (a_isolated, b_all), (b_isolated, a_all), (a_blue, b_blue),
                       (a_all, b_all), (b_red, a_all)):
        ping(one, other.address(family), count=1)
    for one, other in ((a_isolated, b_isolated), (a_blue, b_red), (a_isolated, a_blue)):
        unreachable(one, other.address(family))


@pytest.mark.drops("ISOLATED")
def test_a_change_of_roles(eight):
    """It reaches connections that are known."""
    a_all, _, a_blue, *_ = eight
    lab = a_all.host.lab
    ping(a_blue, a_all.ip4, count=1)
    a_all.options = ROLES[1]
    try:
        lab.apply()
        unreachable(a_blue, a_all.ip4)
    finally:
        a_all.options = ROLES[0]
        lab.apply()
    ping(a_blue, a_all.ip4, count=1)
