# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the bench needs of the system: a mount namespace of its own, commands, background tools, facts on the machine.

The mount namespace is the clean-up. Network namespaces are held by mounts below /run/netns and BPF objects by pins
below /sys/fs/bpf; both are private to the bench, so when its last process ends, however it ends, the kernel takes
all of it away. The tools die with the bench (PR_SET_PDEATHSIG).
"""
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
_build = ROOT / "build"
NETNS = pathlib.Path("/run/netns")
BPFFS = pathlib.Path("/sys/fs/bpf")
_INSIDE = "WEFT_BENCH_INSIDE"
_children = []


class BenchError(Exception):
    """Something the user should read as one line, not as a traceback."""


def set_build(directory):
    """Where make has put the tools and weft."""
    global _build
    _build = pathlib.Path(directory).resolve()


def built(*parts):
    return _build.joinpath(*parts)


def tool(name):
    return built("tests", "bench", name)


def run(argv, text_in=None, timeout=60, check=True, env=None):
    """Run a command to its end and return its stdout; a failure raises with its stderr."""
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(argv, input=text_in, capture_output=True, text=True, timeout=timeout, check=False,
                              env=env)
    except FileNotFoundError as err:
        raise BenchError(f"{argv[0]}: {err.strerror}") from err
    except subprocess.TimeoutExpired as err:
        raise BenchError(f"{' '.join(argv)[:200]}: still running after {timeout} s") from err
    if check and done.returncode:
        said = done.stderr.strip()[-600:]
        raise BenchError(f"{' '.join(argv)[:200]}: exit status {done.returncode}: {said}")
    return done.stdout


def spawn(argv):
    """Start a background tool, of which stop_all() knows."""
    child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _children.append(child)
    return child


def stop(child):
    if child.poll() is None:
        child.kill()
    child.wait()
    child.stdout.close()
    child.stderr.close()
    _children.remove(child)


def stop_all():
    for child in list(_children):
        stop(child)


def enter_private_mounts():
    """Continue in a mount namespace with an own /run/netns and an own bpffs (by starting over inside it)."""
    if os.geteuid() != 0:
        raise BenchError("needs root: it makes network namespaces and loads BPF programs")
    if os.environ.get(_INSIDE) != str(os.getpid()):
        os.environ[_INSIDE] = str(os.getpid())
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    NETNS.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "tmpfs", "bench", NETNS])
    run(["mount", "-t", "bpf", "bench", BPFFS])


def exit_on_signals():
    """Signals leave through the `finally` blocks."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda num, _frame: sys.exit(128 + num))


class Conntrack:
    """Room in the kernel's connection tracking, whose limits are the machine's and not a namespace's.

    A shell puts them back once the bench lets go of its stdin, which it also does by being killed.
    """
    _limits = ("/proc/sys/net/netfilter/nf_conntrack_max", "/proc/sys/net/netfilter/nf_conntrack_buckets")

    def __init__(self, flows):
        self._wanted = flows
        self._holder = None

    def __enter__(self):
        limits = [pathlib.Path(p) for p in self._limits]
        before = [(p, int(p.read_text(encoding="ascii"))) for p in limits if p.exists()]
        raised = [(p, value) for p, value in before if value < self._wanted]
        if raised:
            restore = "".join(f"echo {value} > {p}\n" for p, value in raised)
            self._holder = subprocess.Popen(["sh", "-c", f"trap '' INT TERM HUP; read _\n{restore}"],
                                            stdin=subprocess.PIPE, start_new_session=True)
            for p, _ in raised:
                p.write_text(str(self._wanted), encoding="ascii")
        return self

    def __exit__(self, *_):
        if self._holder:
            self._holder.communicate()
            self._holder = None


def progress(text=""):
    """What is going on, on a terminal only; an empty text clears it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


class Disturbance:
    """How much of the machine others took meanwhile: CPU time of all other processes, and what the hypervisor stole.

    A process that ended is in its parent's children's times, so the sum over all processes only grows. Kernel threads
    are left out: ksoftirqd's work is the traffic's own.
    """

    def __init__(self):
        self._wall, self._ticks = time.monotonic(), self._read()

    @staticmethod
    def _read():
        own = str(os.getpid())
        with open("/proc/stat", encoding="ascii") as stat:
            ticks = int(stat.readline().split()[8])
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or entry == own:
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended; its parent has its times
            if fields[1] not in (own, "2"):
                ticks += sum(int(field) for field in fields[11:15])
        return ticks

    def share(self):
        """Fraction of all CPUs' time."""
        seconds = max(0, self._read() - self._ticks) / os.sysconf("SC_CLK_TCK")
        return seconds / (time.monotonic() - self._wall) / os.cpu_count()


def missing_tools():
    wanted = ["traffic", "flows", "conns", "stream", "progrun", "floorctl", "floor.bpf.o"]
    return [str(tool(name)) for name in wanted if not tool(name).exists()]


def two_cpus():
    """The sender's and the receiver's CPU, the same for every contender."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[1 % len(cpus)]


def _first_line(argv):
    try:
        return (run(argv).splitlines() or [""])[0]
    except BenchError:
        return None


def machine():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    names = os.uname()
    weft = built("weft")
    return {
        "cpu": fields.get("model name", names.machine),
        "virtual": "hypervisor" in fields.get("flags", ""),
        "cores": os.cpu_count(),
        "kernel": f"{names.release} {names.version}",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _first_line(["git", "-C", ROOT, "describe", "--always", "--dirty", "--tags"]),
        "weft": _first_line([weft, "--version"]) if weft.exists() else None,
        "load": os.getloadavg()[0],
    }
