# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Ten thousand endpoints, most of them elsewhere: applied in seconds, and one of them in no time.

The bounds are wide, as this is about a change of order, not a benchmark (see tests/bench).
"""
import time

from lab import Lab
from traffic import ping

N = 10000


def document(lab, n=N):
    made = lab.document()
    made["nodes"] += [{"name": f"n{i}", "vtep": f"192.0.2.{100 + i}"} for i in range(100)]
    made["ports"] += [{
        "name": f"r{i}", "node": f"n{i % 100}", "network": "web",
        "mac": f"02:01:00:00:{i >> 8:02x}:{i & 255:02x}",
        "addresses": [f"10.1.{4 + (i >> 8)}.{i & 255}", f"fd00:1::9:{i:x}"]} for i in range(n)]
    return made


def timed(function, *args):
    start = time.monotonic()
    result = function(*args)
    return time.monotonic() - start, result


def test_ten_thousand_endpoints(lab_name):
    lab = Lab(lab_name)
    try:
        a, b = lab.host("a"), lab.host("b")
        lab.wire()
        lab.network()
        a1, b1 = lab.workload(a), lab.workload(b)
        b.apply(lab.write())
        large = lab.write("large.yaml", document(lab))
        seconds, done = timed(a.apply, large)
        assert done["entries"]["added"] > 3 * N and seconds < 10
        ping(a1, b1.ip4)
        seconds, done = timed(a.apply, large)
        assert done["changes"] is False and seconds < 5
        less = lab.write("less.yaml", document(lab, N - 1))
        seconds, done = timed(a.apply, less)
        assert done["entries"] == {"added": 0, "changed": 1, "removed": 3} and seconds < 5  # the generation
        ping(a1, b1.ip6)
        assert len(a.show("fdb")) == N + 1
    finally:
        lab.close()
