# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Services where nodes do not know each other's workloads: what goes along in the tunnel, and what policies make of it.

The lab of test_services.py, with files as agents have them.
"""
import pytest

from lab import two_hosts
from test_services import QUIET_DROPS, document, prepare, refused, server_in, session, translate, way_out
from traffic import ping

pytestmark = pytest.mark.drops(*QUIET_DROPS)


@pytest.fixture(scope="module", params=("vxlan-gbp", "geneve"))
def strangers(request):
    """As with agents: each file has its node's own workloads, and all host ports. It knows others' groups."""
    made = two_hosts("svcs", ports=2, subnets=["10.1.0.0/16", "fd00:1::/64"], encap=request.param, learning=True,
                     mtu=1400)
    prepare(made)
    made.policies = []
    yield made
    made.close()


def apply_strangers(lab, policies):
    for host in lab.hosts:
        whole = document(lab, policies)
        own = [p for p in whole["ports"] if p["node"] == host.node or "host_interface" in p]
        known = {tuple(p["groups"]) for p in own}
        peer = next(h for h in lab.hosts if h is not host)
        own += [{"name": f"twin-{n}", "node": peer.node, "network": "web", "mac": f"02:00:00:02:00:{n:02x}",
                 "groups": w.groups} for n, w in enumerate(lab.workloads) if tuple(w.groups) not in known]
        host.apply(lab.write(f"{host.label}.yaml", {**whole, "ports": own}))


@pytest.mark.drops("POLICY_DENY_INGRESS")
def test_strangers(strangers):
    """The groups that go with a packet are the client's, not those of the host port that it came by."""
    a1, a2, b1, _ = strangers.workloads
    apply_strangers(strangers, [server_in("client")])
    translate(strangers)
    way_out(strangers)
    with session(a1, b1) as s:
        assert s.client == a1.ip4
        s.exchange(1 << 20)
        apply_strangers(strangers, [server_in("client"), {**server_in("idle"), "name": "more"}])
        s.exchange()
        refused(a2, b1)
        apply_strangers(strangers, [server_in("host", "other")])
        refused(a1, b1)
        with session(a2, b1) as other:
            other.exchange()
        apply_strangers(strangers, [server_in("host")])
        refused(a2, b1)
        ping(a1.host, b1.ip4)
