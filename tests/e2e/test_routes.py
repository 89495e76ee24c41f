# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The underlay's routes are the kernel's, and so is what becomes of tunnel packets when they change.

    a1 = a [ul]====[ul] b = b1        b's VTEP is also reached by a second address of b's
"""
import time

import pytest

from lab import two_hosts
from traffic import Frames, datagram, mark

PACE = 0.01
REMEMBERED = 0.4  # s; docs/design.md, "Sending": at most 0.16 s
NOBODY = {4: "192.0.2.77", 6: "2001:db8::77"}
GATEWAY = {4: "192.0.2.99", 6: "2001:db8::99"}


@pytest.fixture(scope="module", params=(4, 6), ids=("ipv4", "ipv6"))
def lab(request):
    made = two_hosts(f"route{request.param}", family=request.param, xdp="off", quiet=True)
    made.family = request.param
    made.apply()
    made.hosts[1].ip(f"addr add {GATEWAY[made.family]}/{24 if made.family == 4 else '64 nodad'} dev ul")
    yield made
    made.close()


def crosses(lab, sport):
    """Does a datagram from a1 arrive at b1, once what was remembered is so no longer?"""
    a1, b1 = lab.workloads
    sender, receiver = Frames(a1), Frames(b1)
    last = b""
    for _ in range(int(REMEMBERED / PACE)):  # all the while there is traffic
        last = mark()
        sender.send(datagram(a1, b1, sport, 9, last))
        time.sleep(PACE)
    time.sleep(0.1)
    arrived = bool(receiver.having(last))
    sender.socket.close()
    receiver.socket.close()
    return arrived


def test_route_changes(lab):
    """In the middle of a flow, the next packets but a few go where the kernel says now."""
    a, b = lab.hosts
    to = f"{b.vtep(lab.family)}/{32 if lab.family == 4 else 128}"
    assert crosses(lab, 4000)
    for how, arrives in ((f"via {NOBODY[lab.family]} dev ul", False),
                         (f"via {GATEWAY[lab.family]} dev ul", True),
                         (f"via {NOBODY[lab.family]} dev ul", False)):
        a.ip(f"route replace {to} {how}")
        assert crosses(lab, 4000) == arrives, how
    a.ip(f"route del {to}")
    assert crosses(lab, 4000)


def test_neighbour_changes(lab):
    """Nothing about the neighbour is remembered: the very next packet goes to the new address."""
    a, b = lab.hosts
    a1, b1 = lab.workloads
    assert crosses(lab, 4001)
    wire, what = Frames(b, "ul"), mark()
    a.ip(f"neigh replace {b.vtep(lab.family)} lladdr 02:00:00:00:00:77 dev ul nud permanent")
    Frames(a1).send(datagram(a1, b1, 4001, 9, what))
    assert wire.expect(what)[0].startswith(bytes.fromhex("020000000077"))
    a.ip(f"neigh del {b.vtep(lab.family)} dev ul")
    assert crosses(lab, 4001)
