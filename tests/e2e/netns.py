# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Network namespaces, and processes in them, that do not outlive the test run.

A namespace is called e2e-<pid>-<what>; so is what weft pins for a node. sweep() removes what a run
that was killed has left behind: names that carry the pid of a process that is no more. Nothing here
touches the machine's own namespace, nor a process that it did not start.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PREFIX = "e2e"
PINS = "/sys/fs/bpf/weft"
LOCKS = "/run/weft"
IFF_RUNNING = 0x40
SIOCGIFFLAGS = 0x8913
PR_SET_PDEATHSIG = 1
ETH_P_ALL = 3

_libc = ctypes.CDLL(None, use_errno=True)


def unique(what):
    """A name that says whose it is."""
    return f"{PREFIX}-{os.getpid()}-{what}"


def run(*argv, check=True, timeout=30, input=None, env=None):
    """Run a command to its end; what it said is in the exception if it failed."""
    p = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout,
                       input=input, stdin=None if input is not None else subprocess.DEVNULL,
                       env={**os.environ, **env} if env else None)
    if check and p.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit status {p.returncode}\n"
                             f"{p.stdout}{p.stderr}{input or ''}")
    return p


def wait_until(what, condition, timeout=5.0, step=0.01):
    """Poll until condition() is true, and return its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(step)


def _setns(fd):
    if _libc.setns(fd, 0x40000000):  # CLONE_NEWNET
        err = ctypes.get_errno()
        raise OSError(err, f"setns: {os.strerror(err)}")


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A command in the background. It dies with us, however we die."""

    def __init__(self, *argv, out=subprocess.PIPE, **kwargs):
        self.argv = [str(a) for a in argv]
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=subprocess.PIPE, text=True,
                                      preexec_fn=_die_with_parent, **kwargs)

    def read_line(self):
        return self.popen.stdout.readline().strip()

    def finish(self, sig=signal.SIGTERM, timeout=20):
        """End it and return what it printed."""
        if sig and self.popen.poll() is None:
            self.popen.send_signal(sig)
        out, err = self.popen.communicate(timeout=timeout)
        assert not err, f"{' '.join(self.argv)}: {err}"
        return out

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        for pipe in filter(None, (self.popen.stdout, self.popen.stderr)):
            pipe.close()


class Namespace:
    """One network namespace."""

    def __init__(self, what):
        self.name = unique(what)
        self.path = f"/run/netns/{self.name}"
        self.processes = []
        self.sockets = []
        run("ip", "netns", "add", self.name)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    @contextlib.contextmanager
    def entered(self):
        """Run this thread, and what it starts, in here (only the network: bpffs stays in view)."""
        back = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _setns(self.fd)
        try:
            yield self
        finally:
            _setns(back)
            os.close(back)

    def run(self, *argv, **kwargs):
        with self.entered():
            return run(*argv, **kwargs)

    def spawn(self, *argv, **kwargs):
        with self.entered():
            process = Process(*argv, **kwargs)
        self.processes.append(process)
        return process

    def ip(self, *lines):
        """Commands of ip(8), all in one go."""
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines) + "\n")

    def ip_json(self, *args):
        return json.loads(run("ip", "-n", self.name, "-j", "-d", "-s", *args).stdout or "[]")

    def sysctl(self, key, value):
        with self.entered(), open(f"/proc/sys/{key}", "w", encoding="ascii") as f:
            f.write(str(value))

    def ifindex(self, interface):
        with self.entered():
            return socket.if_nametoindex(interface)

    def socket(self, *args):
        """A socket that lives in here."""
        with self.entered():
            s = socket.socket(*args)
        self.sockets.append(s)
        return s

    def packet_socket(self, interface):
        """A raw socket on an interface: what is sent goes out there, what is seen is read."""
        s = self.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        s.bind((interface, ETH_P_ALL))
        return s

    def wait_carrier(self, interfaces):
        """The kernel notices a carrier some time after "up", and drops until it has."""
        with self.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for name in interfaces:
                request = struct.pack("16sh14x", name.encode(), 0)
                wait_until(f"carrier of {name} in {self.name}",
                           lambda: struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
                           & IFF_RUNNING, timeout=30, step=0.005)

    def close(self):
        for process in self.processes:
            process.close()
        for s in self.sockets:
            s.close()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            run("ip", "netns", "del", self.name, check=False)


def _is_stale(name):
    match = re.match(rf"{PREFIX}-(\d+)-", name)
    if not match or int(match[1]) == os.getpid():
        return False
    try:
        with open(f"/proc/{match[1]}/cmdline", encoding="utf-8") as f:
            return "pytest" not in f.read()
    except OSError:
        return True


def _children(path):
    return os.listdir(path) if os.path.isdir(path) else []


def sweep(weft):
    """Remove what runs that were killed have left. A link's pin goes before its namespace does."""
    for version in _children(PINS):
        for node in filter(_is_stale, _children(f"{PINS}/{version}")):
            if os.path.exists(f"/run/netns/{node}"):
                run(weft, "down", "--node", node, "--netns", f"/run/netns/{node}", check=False)
            shutil.rmtree(f"{PINS}/{version}/{node}", ignore_errors=True)
    for name in filter(_is_stale, _children(LOCKS)):
        os.unlink(f"{LOCKS}/{name}")
    for name in filter(_is_stale, _children(tempfile.gettempdir())):
        shutil.rmtree(f"{tempfile.gettempdir()}/{name}", ignore_errors=True)
    for name in filter(_is_stale, _children("/run/netns")):
        run("ip", "netns", "del", name, check=False)
