# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What weft's pinned maps say, read with bpftool."""
import json
import shutil

from system import run

BPFTOOL = shutil.which("bpftool", path="/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin") or "bpftool"


def bpftool(*argv):
    return json.loads(run([BPFTOOL, "-j", *argv]) or "null")


def _maps(contender, topology):
    """The directory of host a's maps, or None if the contender has none."""
    state = getattr(contender, "state", None)
    directory = state(topology.vteps[0]) / "maps" if state else None
    return directory if directory and directory.is_dir() else None


def flow_stat(contender, topology):
    """struct weft_flow_stat of host a, summed over the CPUs; {} where there is none."""
    maps = _maps(contender, topology)
    if not maps or not (maps / "weft_flow_stat").exists():
        return {}
    total = {}
    for value in bpftool("map", "dump", "pinned", maps / "weft_flow_stat")[0]["formatted"]["values"]:
        for name, count in value["value"].items():
            total[name] = total.get(name, 0) + count
    return total


def map_sizes(contender, topology):
    """{map name: {type, max_entries, bytes_key, bytes_value, bytes_memlock}} of host a."""
    maps = _maps(contender, topology)
    return {pin.name: bpftool("map", "show", "pinned", pin) for pin in sorted(maps.iterdir())} if maps else {}
