#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""/init of the guest that executed.py boots: sets contenders up, and has each program run on each path, once the host
says that it is watching. Speaks JSON, a line each, on the second serial port:

    guest   {"case": ..., "contender": ..., "code": what jitmap says}    ready to run
    host    {}                                                           watching
    guest   {"ran": what progrun says}                                   and waits for {} again
    guest   {"done": {}}
    host    {"addresses": [...]}                                         of helpers
    guest   {"names": [...]}                                             and powers off after {}
    guest   {"error": ...}                                               instead, at any time
"""
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback

os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
sys.path.insert(0, "/w/tests/bench")

import paths  # noqa: E402
from contenders import Weft  # noqa: E402
from field import Field  # noqa: E402
from programs import HostA, progrun_argv  # noqa: E402
from system import BenchError, run, tool  # noqa: E402

MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/run"), ("tmpfs", "/tmp"),
          ("bpf", "/sys/fs/bpf"))


class Host:
    """The other end of the serial line."""

    def __init__(self):
        run(["stty", "-F", "/dev/ttyS1", "raw", "-echo"])
        self._line = open("/dev/ttyS1", "r+b", buffering=0)

    def say(self, **what):
        data = json.dumps(what).encode() + b"\n"
        while data:
            data = data[self._line.write(data):]

    def hear(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self._line.read(4096)
        return json.loads(line)

    def ask(self, **what):
        self.say(**what)
        return self.hear()


def prepare():
    for kind, where in MOUNTS:
        run(["mount", "-t", kind, kind, where])
    pathlib.Path("/run/netns").mkdir()
    run(["ip", "link", "set", "lo", "up"])
    for module in pathlib.Path("/modules/order").read_text(encoding="ascii").split():
        run(["insmod", f"/modules/{module}"])


def watch(host, who, contender, entry, step):
    """Run a step's program while the host watches."""
    code = json.loads(run([tool("jitmap"), str(who.info(entry)["id"])]))
    _, frame = who.arriving(step.frame)
    argv = progrun_argv(who.netns, "-w", "-r", 1, *who.options(entry, frame, step.samples))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        host.ask(case=step.name, contender=contender.name, code=code)
        child.stdin.write("\n")
        child.stdin.close()
        ran = json.loads(child.stdout.read())
    if ran["retval"] != step.answer or ran["strays"]:
        raise BenchError(f"{contender.name}, {step.name}: answers {ran['retval']}, not always {step.answer}")
    host.ask(ran=ran)


def travel(host, who, contender, steps):
    for step in steps:
        time.sleep(step.after)
        arrival, frame = who.arriving(step.frame)
        entry = step.entry or arrival
        if step.name:
            watch(host, who, contender, entry, step)
        elif who.has(entry):  # the floor remembers nothing
            who.run(entry, frame, 1, "-r", "1")


def serve(host):
    Weft.nodes = 1
    field, known = Field(list(paths.CONTENDERS)), {}
    for journey in paths.JOURNEYS:
        for contender, topology in field.at(journey.place, "fw-progrun"):
            if contender.name not in journey.contenders:
                continue
            who = known.setdefault(topology.tag, None) or HostA(contender, topology)
            known[topology.tag] = who
            for number in range(journey.times):
                travel(host, who, contender, journey.steps(topology, number))
    if field.skipped:
        raise BenchError("; ".join(f"{k}: {v}" for k, v in field.skipped.items()))
    wanted = host.ask(done={})["addresses"]
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        names = {int(line.split()[0], 16): line.split()[2] for line in symbols}
    host.ask(names=[names.get(address, hex(address)) for address in wanted])


def main():
    prepare()
    host = Host()
    try:
        serve(host)
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        host.ask(error=str(error))
    run(["poweroff", "-f"])


if __name__ == "__main__":
    main()
