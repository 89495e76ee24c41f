# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Much of everything on one node, by powers of ten: how long it takes, what memory it needs, and what traffic notices.

    endpoints   workloads on other nodes, in one network          1,000 to 100,000
    networks    each with two subnets and one remote workload       10 to 1,000
    ports       workloads on this node, each with an interface      100 to 10,000
    flows       connections between two workloads                10,000 to 1,000,000

Things are added to a node that forwards: meanwhile a numbered stream passes it (stream.c), and what it tells is how
many datagrams were lost and how long the slowest was on its way, next to the same without a change. Afterwards a packet
of an established connection is timed alone. Flows come with
the traffic itself. A time is worse than linear if ten times as many take more than ten times as long, by more than
SLACK.
"""
import json
import signal
import subprocess
import tempfile
import time

from firewall import LEAST_ROOM, RULES
from scale import Ledger, endpoints
from sweeps import PLACE, Alone, Traffic
from system import BenchError, Conntrack, built, progress, run, spawn, stop, tool
from weft_state import map_sizes

COUNTS = {"endpoints": (1000, 10000, 100000), "networks": (10, 100, 1000), "ports": (100, 1000, 10000),
          "flows": (10000, 100000, 1000000)}
ROOM = {"endpoints": 300000, "networks": 4096, "ports": 16384}
SLACK = 1.2
CALM_SECONDS = 1.0  # of the stream without a change
TIMEOUT = 300
PACKETS = 10000  # that are timed
LOOK_SECONDS = 0.005  # from look to look at weft's memory
FAR_NODES = 16  # that the endpoints are on
SPARE_GROUP = 7  # of interfaces that are made for ports


class Stream:
    """Datagrams from c1 to c2 meanwhile."""

    def __init__(self, topology):
        self.topology, self.said = topology, None

    def __enter__(self):
        c1, c2 = self.topology.containers
        self._receiver = spawn([tool("stream"), "-n", c2.path, "-a", c2.address, "receive"])
        if self._receiver.stdout.readline().strip() != "ready":
            raise BenchError(f"stream: {self._receiver.stderr.read().strip()}")
        self._sender = spawn([tool("stream"), "-n", c1.path, "-a", c2.address, "send"])
        time.sleep(0.2)
        return self

    def __exit__(self, *_):
        time.sleep(0.2)
        outputs = []
        for child in (self._sender, self._receiver):
            child.send_signal(signal.SIGTERM)
            try:
                outputs.append(child.communicate(timeout=10)[0])
            except subprocess.TimeoutExpired:
                outputs.append("")
            stop(child)
        self.said = json.loads(outputs[1].splitlines()[-1]) if outputs[1].strip() else {"received": 0}


def _most_memory(pid):
    """The most that a process has had so far, in bytes; 0 once it has ended. What wait4() tells would count the
    bench's own memory too, from between fork and exec.
    """
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def timed_apply(contender, vtep, path):
    """(seconds, most memory that weft itself was seen to have, in bytes) of `weft apply`."""
    argv = [built("weft"), "apply", path, "--node", contender.node(vtep), "--netns", vtep.path]
    memory, start = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=said)
        while True:
            try:
                child.wait(LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                memory = max(memory, _most_memory(child.pid))
        seconds = time.perf_counter() - start
        said.seek(0)
        if child.returncode:
            raise BenchError(f"weft apply {path}: {said.read().strip()[-400:]}")
    return seconds, memory


class Node:
    """Host a of weft's topology, with a file that can have more of one kind of thing."""

    def __init__(self, contender, topology):
        self.contender, self.topology = contender, topology
        self.vtep = topology.vteps[0]

    def file(self, kind, count):
        """The usual file, and @count of a kind more."""
        networks, ports = {"endpoints": self._endpoints, "networks": self._networks, "ports": self._ports}[kind](count)
        text = self.contender.with_policies(self.topology, RULES, subnet="10.0.0.0/8")
        far = "".join(f"  - {{name: far{i}, vtep: 192.0.2.{100 + i}}}\n" for i in range(FAR_NODES))
        text = text.replace("networks:\n", far + "networks:\n", 1)
        text = text.replace("ports:\n", "".join(networks) + "ports:\n" + "".join(ports), 1)
        room = ", ".join(f"{name}: {room}" for name, room in ROOM.items())
        return self.contender.write(self.topology, text.replace("limits: {", f"limits: {{{room}, "))

    @staticmethod
    def _remote(number, name, mac, address, network="bench"):
        return (f"  - {{name: {name}, node: far{number % FAR_NODES}, interface: {name}, network: {network}, "
                f"mac: \"{mac}\", addresses: [{address}]}}\n")

    def _endpoints(self, count):
        return [], [self._remote(i, *end) for i, end in enumerate(many_endpoints(count))]

    def _networks(self, count):
        networks = [f"  - {{name: n{i}, vni: {1000 + i}, subnets: [10.{64 + i // 256}.{i % 256}.0/24, "
                    f"\"fd00:{i:x}::/64\"]}}\n" for i in range(count)]
        ports = []
        for i in range(count):
            local = (f"  - {{name: l{i}, node: {self.contender.node(self.vtep)}, interface: d{i}, network: n{i}, "
                     f"mac: \"02:00:05:00:{i >> 8:02x}:{i & 255:02x}\", "
                     f"addresses: [10.{64 + i // 256}.{i % 256}.1]}}\n")
            ports += [local, self._remote(i, f"m{i}", f"02:00:06:00:{i >> 8:02x}:{i & 255:02x}",
                                          f"10.{64 + i // 256}.{i % 256}.2", f"n{i}")]
        return networks, ports

    def _ports(self, count):
        node = self.contender.node(self.vtep)
        return [], [f"  - {{name: {name}, node: {node}, interface: d{i}, network: bench, mac: \"{mac}\", "
                    f"addresses: [{address}]}}\n" for i, (name, mac, address) in enumerate(endpoints(count))]

    def interfaces(self, count):
        """Interfaces d0, d1 ... for ports; their other ends stay beside them."""
        run(["ip", "-n", self.vtep.netns, "-batch", "-"], "".join(
            f"link add d{i} group {SPARE_GROUP} type veth peer name e{i}\n" for i in range(count)), timeout=TIMEOUT)

    def remove_interfaces(self):
        run(["ip", "-n", self.vtep.netns, "link", "delete", "group", str(SPARE_GROUP)], timeout=TIMEOUT, check=False)


def many_endpoints(count):
    """[(name, MAC address, address)]"""
    return [(f"e{i}", f"02:00:01:{i >> 16:02x}:{i >> 8 & 255:02x}:{i & 255:02x}",
             f"10.{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}") for i in range(1, count + 1)]


def _packet_ns(node):
    """Of an established connection's packet, in the program at c1's port."""
    alone = Alone(node.contender, Traffic(node.topology))
    alone.open(1)
    return alone.established(1, PACKETS)


def _one(node, kind, count):
    """Add @count things to the node, and take them away."""
    need = count if kind in ("ports", "networks") else 0
    try:
        if need:
            node.interfaces(need)
        none = node.file(kind, 0)
        timed_apply(node.contender, node.vtep, none)
        ledger = Ledger(node.contender, node.topology)
        with Stream(node.topology) as calm:
            time.sleep(CALM_SECONDS)
        much = node.file(kind, count)
        with Stream(node.topology) as busy:
            seconds, memory = timed_apply(node.contender, node.vtep, much)
        use = ledger.since(count, 1)
        packet_ns = _packet_ns(node)
        again, _ = timed_apply(node.contender, node.vtep, much)
        none = node.file(kind, 0)
        with Stream(node.topology) as leaving:
            removal, _ = timed_apply(node.contender, node.vtep, none)
    finally:
        if need:
            node.remove_interfaces()
    return {"seconds": seconds, "again": again, "removal": removal, "weft_bytes": memory, "kernel_each": use["each"],
            "packet_ns": packet_ns, "calm": calm.said, "busy": busy.said, "leaving": leaving.said}


def _flows(node, count):
    """Open so many, at the pace that the datapath and the tools make."""
    node.contender.room(node.topology, 0)
    traffic, ledger = Traffic(node.topology), Ledger(node.contender, node.topology)
    node.contender.room(node.topology, 2 * count)
    start = time.perf_counter()
    traffic.prime(count)
    seconds = time.perf_counter() - start
    with Stream(node.topology) as busy:
        time.sleep(CALM_SECONDS)
    use = ledger.since(max(1, 2 * count - LEAST_ROOM), 2)  # the tables are as large as their room
    maps = map_sizes(node.contender, node.topology)
    node.contender.forget(node.topology)
    return {"seconds": seconds, "kernel_each": use["each"] if 2 * count > LEAST_ROOM else None, "busy": busy.said,
            "maps_bytes": sum(m["bytes_memlock"] for m in maps.values())}


def worse_than_linear(seconds):
    """The steps of {count: seconds} that grow faster than the count: [(from, to, times)]."""
    found, counts = [], sorted(seconds)
    for less, more in zip(counts, counts[1:]):
        times = seconds[more] / seconds[less]
        if times > SLACK * more / less:
            found.append((less, more, times))
    return found


def growth(field, quick):
    """(results, notes)"""
    results, notes = [], []
    for contender, topology in field.at(PLACE, "growth"):
        node = Node(contender, topology)
        for kind, counts in COUNTS.items():
            steps = {}
            with Conntrack(4 * counts[-1]):
                for count in counts[:-1] if quick else counts:
                    progress(f"growth: {contender.name}, {count} {kind}")
                    try:
                        steps[count] = _flows(node, count) if kind == "flows" else _one(node, kind, count)
                    except BenchError as err:
                        notes.append(f"{count} {kind}: {err}")
                        break
            worse = worse_than_linear({count: step["seconds"] for count, step in steps.items()})
            results.append({"kind": kind, "contender": contender.name, "steps": steps, "worse": worse})
        contender.rejoin(topology)
    progress()
    return results, notes
