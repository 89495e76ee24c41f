# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Instructions that a packet executes: each program on each path (paths.py), in a guest whose CPU is emulated.

No counter tells them: the kernel has none for BPF, and a virtual machine often none at all. QEMU can log every
instruction that its CPU executes, and its log is switched on and off from outside, so the guest's programs are those
that are shipped, translated by a kernel's own compiler, with their own maps: nothing of them is changed to be
counted. Counted are x86 instructions, of the program by stage, and of the helpers that it called. The guest's clock
counts instructions too (-icount), so that a count is the same every time.

The guest boots Debian's kernel (scripts/test-kernels --fetch) and what the bench needs of this machine: Python, ip and
the like, from where they are.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import cputrace
from system import ROOT, BenchError, built, progress, run, tool

SERIES = "6.12"  # has tcx, by which the bench finds programs
PROGRAMS = ("/bin/bash", "/bin/ip", "/sbin/tc", "/usr/sbin/bridge", "/usr/sbin/ethtool", "/usr/bin/nsenter",
            "/usr/bin/unshare", "/usr/sbin/bpftool", "/usr/bin/python3")
DIRECTORIES = ("dev", "proc", "run", "sys", "tmp", "root", "etc", "var", "usr/bin", "usr/sbin", "w/tests")
FETCH = 900  # seconds, to get the kernel
ANSWER = 300  # and for one answer of the guest's
APPLETS = ("mount", "insmod", "stty", "poweroff", "sh", "cat", "env")


def _add_program(root, path, name=None):
    """With the shared libraries it needs."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    for source, target in [(path, name or path), *((lib, lib) for lib in re.findall(r"/[^ ]+", said))]:
        to = root / str(target).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)


def _add_python(root):
    library = pathlib.Path(run(["/usr/bin/python3", "-c", "import os; print(os.__file__)"]).strip()).parent
    ignored = shutil.ignore_patterns("__pycache__", "test", "idlelib", "tkinter", "ensurepip", "pydoc_data", "config-*",
                                     "lib2to3", "dist-packages", "distutils")
    shutil.copytree(library, root / str(library).lstrip("/"), ignore=ignored)
    for extension in (root / str(library).lstrip("/") / "lib-dynload").iterdir():
        _add_program(root, f"/{extension.relative_to(root)}")


def _pack(root, image):
    """The guest's files as an initramfs."""
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        _add_program(root, program)
    _add_program(root, "/bin/busybox")
    (root / "bin/sh").symlink_to("bash")
    for applet in APPLETS:
        if not (root / "bin" / applet).exists():
            (root / "bin" / applet).symlink_to("busybox")
    (root / "var/run").symlink_to("/run")
    _add_python(root)
    shutil.copytree(ROOT / "tests/bench", root / "w/tests/bench", ignore=shutil.ignore_patterns("__pycache__"))
    _add_program(root, built("weft"), "/w/build/weft")
    for name in ("progrun", "floorctl", "jitmap"):
        _add_program(root, tool(name), f"/w/build/tests/bench/{name}")
    shutil.copy(tool("floor.bpf.o"), root / "w/build/tests/bench")
    for dispatcher in pathlib.Path("/usr/lib").glob("*/bpf/xdp-dispatcher.o"):
        _add_program(root, dispatcher)
    (root / "init").symlink_to("/w/tests/bench/guest.py")
    files = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    with open(image, "ab") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=root, input=files.encode(), stdout=out,
                       check=True)


class _Socket:
    """One end of a character device of QEMU's."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            if path.exists():
                break
            time.sleep(0.05)
        self._socket.connect(str(path))
        self._socket.settimeout(ANSWER)
        self._file = self._socket.makefile("rb")

    def send(self, text):
        self._socket.sendall(text.encode())

    def line(self):
        line = self._file.readline()
        if not line:
            raise BenchError("the guest has ended")
        return line

    def until(self, end):
        said = b""
        while not said.endswith(end):
            byte = self._file.read(1)
            if not byte:
                raise BenchError("QEMU has ended")
            said += byte


class Guest:
    """A booted guest, of which the instructions can be logged."""

    def __init__(self, directory, kernel):
        self._log = directory / "trace"
        self._console = directory / "console"
        image = directory / "initrd"
        shutil.copy(kernel / "modules.cpio", image)
        _pack(directory / "root", image)
        line, monitor = directory / "line", directory / "monitor"
        self._qemu = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=0",
             "-cpu", "max", "-smp", "1", "-m", "3072",
             "-display", "none", "-nodefaults", "-no-reboot", "-no-user-config",
             "-monitor", f"unix:{monitor},server=on,wait=off", "-serial", f"file:{self._console}",
             "-serial", f"unix:{line},server=on,wait=off", "-dfilter", "0xffff800000000000+0x7fffffffffff",
             "-kernel", str(kernel / "vmlinuz"), "-initrd", str(image),
             "-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr"], stdin=subprocess.DEVNULL)
        self._line, self._monitor = _Socket(line), _Socket(monitor)
        self._monitor.until(b"(qemu) ")

    def hear(self):
        said = json.loads(self._line.line())
        if "error" in said:
            raise BenchError(f"in the guest: {said['error']}")
        return said

    def answer(self, **what):
        self._line.send(json.dumps(what) + "\n")

    def _do(self, *commands):
        for command in commands:
            self._monitor.send(command + "\n")
            self._monitor.until(b"(qemu) ")

    def watch(self):
        self._do(f"logfile {self._log}", "singlestep on", "log exec,nochain")

    def watched(self, program):
        """The runs of a program since watch()."""
        self._do("log none", "singlestep off")
        runs = cputrace.runs(self._log.read_bytes(), program)
        self._log.unlink()
        return runs

    def end(self):
        self._qemu.kill()
        self._qemu.wait()

    def console(self):
        return self._console.read_text(encoding="utf-8", errors="replace")[-2000:]


def _least(runs):
    return min(runs, key=lambda run: run.total)


def _counts(run, names):
    """As in the baseline: by stage, and what the helpers took."""
    helpers = {names[pc]: count for pc, count in run.helpers.most_common()}
    return {"instructions": run.total, "own": run.stages.total(), "calls": run.calls.total(),
            "stages": dict(run.stages.most_common()) | {f"in {name}": count for name, count in helpers.items()}}


def _watch_all(guest):
    """{(case, contender): the Run that counts}, and {address: name} of helpers."""
    found = {}
    while "done" not in (said := guest.hear()):
        progress(f"executed: {said['contender']}, {said['case']}")
        guest.watch()
        guest.answer()
        ran = guest.hear()
        runs = guest.watched(cputrace.Program(said["code"]))
        if not runs or "ran" not in ran:
            raise BenchError(f"{said['contender']}, {said['case']}: saw no run")
        # Of a packet that changes something, only the first does.
        found.setdefault((said["case"], said["contender"]), []).append(
            runs[0] if said["case"].startswith("new ") else _least(runs))
        guest.answer()
    progress()
    best = {key: _least(runs) for key, runs in found.items()}
    wanted = sorted({pc for run in best.values() for pc in run.helpers})
    guest.answer(addresses=wanted)
    names = dict(zip(wanted, guest.hear()["names"]))
    guest.answer()
    return best, names


def count(compiler):
    """{"guest": kernel and compiler, "executed": {"contender, case": counts}}"""
    kernel = pathlib.Path(run([ROOT / "scripts/test-kernels", "--fetch", SERIES], timeout=FETCH,
                              env={**os.environ, "BUILD": str(built())}).strip())
    with tempfile.TemporaryDirectory(prefix="executed-", dir=built()) as name:
        guest = Guest(pathlib.Path(name), kernel)
        try:
            best, names = _watch_all(guest)
        except (OSError, ValueError, BenchError) as error:
            raise BenchError(f"executed: {error}\n{guest.console()}") from error
        finally:
            guest.end()
    return {"guest": f"Linux {kernel.name}, {compiler}", "executed": {
        f"{contender}, {case}": _counts(run, names) for (case, contender), run in best.items()}}
