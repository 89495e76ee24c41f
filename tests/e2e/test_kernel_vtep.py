# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The kernel's own vxlan device and bridge as the remote VTEP: an opinion on VXLAN that is not ours.

    a1, a2 = a (weft) [ul]====[ul] k (vxlan, bridge) = k1, k2

The file knows k1. It does not know k2, which is reached by flooding.
"""
import pytest

from lab import Lab
from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp, udp


@pytest.fixture(scope="module", params=[(f, x) for f in (4, 6) for x in ("native", "off")],
                ids=lambda p: f"ipv{p[0]}-xdp-{p[1]}")
def mixed(request):
    family, xdp = request.param
    lab = Lab(f"k{family}{xdp}", (family,))
    a, k = lab.host("a", xdp), lab.kernel_host("k")
    lab.wire()
    network = lab.network()
    for host in (a, a, k, k):
        lab.workload(host)
    k.join(network, family, [a])
    lab.workloads[3].listed = False
    lab.apply()
    yield lab.workloads
    lab.close()


@pytest.fixture(params=["there", "back"])
def ends(request, mixed):
    a1, _, k1, _ = mixed
    return (a1, k1) if request.param == "there" else (k1, a1)


@pytest.mark.parametrize("family", (4, 6))
def test_ping(mixed, family):
    """Nobody knows the others' MAC addresses yet: ARP and ND work in both directions as well."""
    for src in mixed:
        src.ip("neigh flush all")
    for src in mixed:
        for dst in mixed:
            if src is not dst:
                ping(src, dst.address(family), size=src.mtu - (28 if family == 4 else 48))


@pytest.mark.parametrize("family", (4, 6))
def test_tcp(ends, family):
    tcp(*ends, family)


@pytest.mark.parametrize("family", (4, 6))
def test_udp_sizes(ends, family):
    src, dst = ends
    most = src.mtu - (28 if family == 4 else 48)
    udp(src, dst, family, [*range(1, 70), *range(70, most, 97), most, 4000])


def test_flooding(mixed):
    """One copy each, also for what the kernel's side floods."""
    everybody = [Frames(w) for w in mixed]
    for src, source in zip(mixed, everybody):
        others = [f for f in everybody if f is not source]
        payload = mark()
        for dst in (BROADCAST, "01:00:5e:01:02:03", "33:33:00:00:01:02"):
            source.send(*[frame(dst, src.mac, payload)] * 10)
        settle(source, others)
        assert not source.having(payload)
        for receiver in others:
            assert len(receiver.having(payload)) == 30, f"{src.port} to {receiver.name}"


@pytest.mark.parametrize("size", (60, 64, 590, 1400))
def test_frames_that_are_not_ip(ends, size):
    src, dst = ends
    source, receiver, payload = Frames(src), Frames(dst), mark()
    f = frame(dst.mac, src.mac, payload.ljust(size - 14, b"x"))
    source.send(f)
    assert receiver.expect(payload) == [f]
