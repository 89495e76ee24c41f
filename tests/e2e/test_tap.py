# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Workloads on a tap, as virtual machines are: tapwire.c stands for the machine.

    a1 [eth0]--tapwire--[wa1] a [ul]====[ul] b [wb1]==[eth0] b1
    a2 [eth0]==[wa2]
"""
import os

import pytest

from lab import BUILD, Lab, Workload
from traffic import BROADCAST, Frames, frame, mark, ping, settle, tcp, udp

TAPWIRE = os.path.join(BUILD, "tests/e2e/tapwire")


class TapWorkload(Workload):
    """A workload whose eth0 is the far end of the host's tap."""

    mode = "plain"

    def wire(self, quiet):
        wire = self.host.spawn(TAPWIRE, self.mode, self.host.path, self.interface, self.path, "eth0")
        assert wire.read_line() == "ready", wire.finish()
        self.host.ip(f"link set {self.interface} mtu {self.mtu} up")
        self.configure(quiet)
        self.wait_carrier(["eth0"])
        self.host.wait_carrier([self.interface])


class OffloadTapWorkload(TapWorkload):
    mode = "offload"


@pytest.fixture(scope="module", params=[(k, x) for k in (TapWorkload, OffloadTapWorkload)
                                        for x in ("native", "off")],
                ids=lambda p: f"{p[0].mode}-xdp-{p[1]}")
def tapped(request):
    kind, xdp = request.param
    lab = Lab(f"tap{kind.mode}{xdp}")
    a, b = lab.host("a", xdp), lab.host("b", xdp)
    lab.wire()
    lab.network()
    lab.workload(a, kind=kind)
    lab.workload(a)
    lab.workload(b)
    lab.apply()
    yield lab.workloads
    lab.close()


@pytest.mark.parametrize("family", (4, 6))
def test_ping(tapped, family):
    a1, *others = tapped
    for w in others:
        ping(a1, w.address(family))
        ping(w, a1.address(family), size=w.mtu - (28 if family == 4 else 48))


@pytest.mark.parametrize("family", (4, 6))
def test_tcp(tapped, family):
    a1, *others = tapped
    for w in others:
        tcp(a1, w, family, 4 << 20)
        tcp(w, a1, family, 4 << 20)


@pytest.mark.parametrize("family", (4, 6))
def test_udp(tapped, family):
    a1, *others = tapped
    for w in others:
        udp(a1, w, family, [1, 17, 18, 19, 100, a1.mtu - (28 if family == 4 else 48), 9000])


def test_flooding(tapped):
    everybody = [Frames(w) for w in tapped]
    for w, source in zip(tapped, everybody):
        others = [f for f in everybody if f is not source]
        payload = mark()
        source.send(*[frame(BROADCAST, w.mac, payload)] * 10)
        settle(source, others)
        assert [len(f.having(payload)) for f in everybody] == [10 * (f is not source) for f in everybody]
