# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft apply, killed behind each single thing that it does to the kernel, while it replaces policies
by others that say the opposite: packets are judged by the one set or by the other, never by a bit of
each, and the next apply completes what was begun.

    a1 = a [ul]====[ul] b = b1, b2        killed on host b; see killat.c
"""
import collections
import itertools
import json
import os

import pytest

import bpf
from lab import BUILD, WEFT, two_hosts
from netns import run
from traffic import TIMEOUT, Frames, datagram, mark, settle

KILLAT = os.path.join(BUILD, "tests/e2e/killat")
KILLED, TOO_FEW = 0, 3  # killat's exit statuses
PORTS = range(1000, 1010)


def policies(parity):
    """Ten ports of UDP at each of b1 and b2, of which the odd ones or the even ones are open; and as
    much for what they send. The two sets have no rule in common.
    """
    def rules(key, first):
        return [{"action": "allow" if port % 2 == parity else "deny", "protocol": "udp", "ports": port,
                 **({} if port < first else {key: {"groups": "client"}})} for port in PORTS]
    return [
        {"name": f"in-1-{parity}", "applies_to": {"ports": "b1"}, "direction": "ingress",
         "rules": rules("from", 1005)},
        {"name": f"in-2-{parity}", "applies_to": {"ports": "b2"}, "direction": "ingress",
         "rules": rules("from", 1000)},
        {"name": f"out-1-{parity}", "applies_to": {"ports": "b1"}, "direction": "egress",
         "rules": rules("to", 1003)},
    ]


@pytest.fixture(scope="module")
def lab():
    made = two_hosts("kill", ports=2, quiet=True)
    made.workloads[0].groups = ["client"]
    made.files = []
    for parity in (0, 1):
        made.top["policies"] = policies(parity)
        made.files.append(made.write(f"{parity}.yaml"))
    # The same policies, but in tables of another size, with programs that use them.
    made.top["limits"] = {"flows": 4096, "rules": 1024, "policy_ranges": 8192, "policy_matches": 512}
    made.files.append(made.write("resized.yaml"))
    for host in made.hosts:
        host.apply(made.files[0])
    yield made
    made.close()


class Judges:
    """Finds out which policies are in force, by packets that they judge."""

    def __init__(self, lab):
        a1, _, b1, b2 = lab.workloads
        self.ways = [(a1, b1), (a1, b2), (b1, a1)]
        self.frames = {w: Frames(w) for w in (a1, b1, b2)}
        self.sports = itertools.cycle(range(20000, 60000))

    def arrived(self, patience=TIMEOUT):
        """Return: [(way, port, did it arrive)], of first packets and of packets of flows that have
        been there since the beginning. After so many seconds without a packet none comes.
        """
        sent = []
        for src, dst in self.ways:
            frames = []
            for port in PORTS:
                for sport in (10000 + port, next(self.sports)):
                    sent.append((src, dst, port, mark()))
                    frames.append(datagram(src, dst, sport, port, sent[-1][3]))
            self.frames[src].send(*frames)
        for src, dst in self.ways:
            try:
                settle(self.frames[src], [self.frames[dst]], dst.mac, timeout=patience)
            except AssertionError:
                if patience == TIMEOUT:
                    raise
        seen = {w: b"".join(f.seen) for w, f in self.frames.items()}
        for f in self.frames.values():
            f.seen.clear()
        return [((src.port, dst.port), port, payload in seen[dst]) for src, dst, port, payload in sent]

    def verdicts(self):
        """Return: {parity of the ports that are open}."""
        return {port % 2 if came else 1 - port % 2 for _, port, came in self.arrived()}

    def verdicts_by_source(self):
        """The same for what each workload sends, as packets of another host meet another program."""
        verdicts = collections.defaultdict(set)
        for (src, _), port, came in self.arrived():
            verdicts[src].add(port % 2 if came else 1 - port % 2)
        return verdicts


@pytest.fixture
def judges(lab):
    made = Judges(lab)
    yield made
    for frames in made.frames.values():
        frames.socket.close()


def apply_killed(host, n, file):
    p = run(KILLAT, n, WEFT, "apply", file, "--node", host.node, "--netns", host.path, check=False)
    assert p.returncode in (KILLED, TOO_FEW), p.stdout + p.stderr
    return p.returncode == KILLED


def calls_of(host, file):
    """How many there are in an apply."""
    p = run(KILLAT, 1 << 30, WEFT, "apply", file, "--node", host.node, "--netns", host.path, check=False)
    assert p.returncode == TOO_FEW, p.stdout + p.stderr
    return int(p.stderr)


def assert_clean(host, file):
    assert json.loads(host.weft("status", file, "--json").stdout)["in_step"] is True
    assert json.loads(host.weft("status", "--json").stdout)["firewall"]["unfinished"] is False
    before = bpf.ids(host)
    assert host.apply(file)["changes"] is False
    assert bpf.ids(host) == before


@pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS")
def test_killed_behind_every_call(lab, judges):
    host, files = lab.hosts[1], lab.files[:2]
    host.apply(files[0])
    assert judges.verdicts() == {0}
    seen = []
    for n in itertools.count(1):
        new = n % 2
        killed = apply_killed(host, n, files[new])
        (in_force,) = judges.verdicts()
        seen.append(in_force == new)
        if killed and n % 3 == 0:  # somebody wants it back, and is killed as well
            apply_killed(host, n // 3, files[1 - new])
            assert len(judges.verdicts()) == 1
        host.apply(files[new])
        assert judges.verdicts() == {new}
        assert_clean(host, files[new])
        if not killed:
            break
    assert n > 15 and True in seen[:-1] and False in seen


@pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS")
def test_killed_while_tables_change_their_size(lab, judges):
    """And their policies. At some calls only, for this takes longer. Until all programs have been
    replaced, each packet is judged by the policies that its program finds: by one set, whole.
    """
    host, files = lab.hosts[1], [lab.files[0], lab.files[2]]
    host.apply(files[0])
    new, seen = 1, set()
    for n in itertools.count(1, 17):
        killed = apply_killed(host, n, files[new])
        for (in_force,) in judges.verdicts_by_source().values():
            seen.add(in_force == new)
        host.apply(files[new])
        assert judges.verdicts() == {new}
        assert_clean(host, files[new])
        new = 1 - new
        if not killed:
            break
    assert n > 50 and seen == {True, False}


@pytest.mark.drops("POLICY_DENY_INGRESS", "POLICY_DENY_EGRESS")
def test_killed_at_the_first_apply(lab, judges):
    """Before it nothing came through; whatever is half there now, nothing does that is denied. The
    last calls, where something may.
    """
    host, file = lab.hosts[1], lab.files[0]
    host.weft("down")
    total = calls_of(host, file)
    assert judges.verdicts() == {0}
    nothing = 0
    for n in range(total - 72, total, 12):
        host.weft("down")
        assert apply_killed(host, n, file)
        arrived = judges.arrived(patience=0.3)
        assert not [each for each in arrived if each[2] and each[1] % 2 != 0], n
        nothing += not any(came for _, _, came in arrived)
        host.apply(file)
        assert judges.verdicts() == {0}
        assert_clean(host, file)
    assert nothing, "the first of these calls come before all that forwards"
