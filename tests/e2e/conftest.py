# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Fixtures of the end-to-end tests, and two rules for all of them.

A drop that a test did not announce fails it: @pytest.mark.drops("PKT_TOO_BIG") announces. And what
a test made is gone when it ends, also if the run is interrupted (see netns.sweep for kill -9).
"""
import atexit
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from lab import Lab, WEFT, two_hosts  # noqa: E402
from netns import sweep  # noqa: E402


def _close_all():
    for lab in list(Lab.live):
        lab.close()


def _interrupt(signum, _frame):
    raise KeyboardInterrupt(f"signal {signum}")


def pytest_configure(config):
    config.addinivalue_line("markers", "drops(*reasons): drops that this test is about")


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the end-to-end tests need root", 1)
    if not os.path.exists(WEFT):
        pytest.exit(f"{WEFT} is missing: run make", 1)
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, _interrupt)
    atexit.register(_close_all)
    sweep(WEFT)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """What other tests lost is not this one's."""
    for lab in Lab.live:
        lab.new_drops()


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item):
    """After the test has passed: nothing was lost that it did not announce."""
    allowed = {r for m in item.iter_markers("drops") for r in m.args}
    lost = {f"{lab.name}: {port} {reason}": n for lab in Lab.live
            for (port, reason), n in lab.new_drops().items() if reason not in allowed}
    assert not lost, f"unannounced drops: {lost}"


COMBINATIONS = [(family, xdp) for family in (4, 6) for xdp in ("native", "off")]


@pytest.fixture(scope="session", params=COMBINATIONS, ids=lambda c: f"ipv{c[0]}-xdp-{c[1]}")
def four(request):
    """Workloads a1, a2, b1, b2 of a lab for each underlay family and way of decapsulation."""
    family, xdp = request.param
    lab = two_hosts(f"{family}{xdp}", ports=2, family=family, xdp=xdp)
    lab.apply()
    yield lab.workloads
    lab.close()


@pytest.fixture(scope="session")
def other_build(tmp_path_factory):
    """weft with other programs: the same but for a name in their debug information."""
    with open(WEFT, "rb") as f:
        code = f.read()
    changed = code.replace(b"\0proto_stale\0", b"\0proto_STALE\0")
    assert changed != code
    path = tmp_path_factory.mktemp("build") / "weft"
    path.write_bytes(changed)
    path.chmod(0o755)
    return path


@pytest.fixture
def lab_name(request):
    """Short, as namespaces, nodes and pins are called after it."""
    _lab_number[0] += 1
    return f"{_lab_number[0]}"


_lab_number = [0]


@pytest.fixture
def lab(lab_name):
    """An empty lab."""
    made = Lab(lab_name)
    yield made
    made.close()


@pytest.fixture
def pair(lab_name):
    """Builds a lab of two hosts (see two_hosts) and applies its file."""
    made = []

    def build(apply=True, **kwargs):
        made.append(two_hosts(f"{lab_name}{'x' * len(made)}", **kwargs))
        if apply:
            made[-1].apply()
        return made[-1]

    yield build
    for each in made:
        each.close()
