# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What many rules, endpoints and flows take of time and memory, on host a.

    apply    seconds from a file to the kernel's tables: from nothing, again without a change, and with one change
    memory   bytes of kernel memory for each flow, rule and endpoint

Every endpoint is on the other host: to the kernel an entry of the bridge's and one of the vxlan device's forwarding
table, to weft a port of node b. weft is given the whole file each time and finds the difference itself; the kernel's
tools are told what the difference is, which is less to ask.

Memory is what of the machine's the kernel holds and could not give back, before and after; other work on the machine
is in it. Of weft's maps the kernel also says itself what they take (bytes_memlock): most are made with all their
entries, so that their size is their room and not their use.
"""
import dataclasses
import pathlib
import statistics
import time

from firewall import NFT_TIMEOUT, RULES, Rule, nft_line, rule_list
from sweeps import PLACE, Traffic
from system import BenchError, Conntrack, progress, run
from weft_state import map_sizes

SIZES = ((10000, 1000), (10000, 10000))  # endpoints, rules
STEPS = ("from nothing", "again", "one rule", "one endpoint")
TARGETS = {"from nothing": 1.0, "one rule": 0.01, "one endpoint": 0.01}  # s, of the first size
FLOWS = 100000
MANY, FEW = 10000, RULES  # rules
SETTLE = 0.5  # s; the kernel frees after a grace period
SUBNET = "10.9.0.0/16"
APPLY_TIMEOUT = 120


def endpoints(count, version=0):
    """[(name, MAC address, address)]; another version differs in the first one's MAC address."""
    made = [(f"e{i}", f"02:00:01:00:{i >> 8:02x}:{i & 255:02x}", f"10.9.{1 + i // 250}.{1 + i % 250}")
            for i in range(count)]
    if made and version:
        made[0] = (made[0][0], f"02:00:02:00:00:{version & 255:02x}", made[0][2])
    return made


class KernelTables:
    """nftables and the forwarding tables of host a."""

    def __init__(self, contender, topology):
        self.contender, self.topology = contender, topology
        self.host = topology.vteps[0].netns

    def _fdb(self, members, verb="replace"):
        run(["bridge", "-n", self.host, "-batch", "-"], "".join(
            f"fdb {verb} {mac} dev vx0 master static\n"
            f"fdb {verb} {mac} dev vx0 self static dst {self.topology.vteps[1].address}\n"
            for _, mac, _ in members), timeout=APPLY_TIMEOUT)

    def _nft(self, text):
        self.topology.inside(self.host, "nft", "-f", "-", text_in=text, timeout=NFT_TIMEOUT)

    def nothing(self):
        self._nft("table ip weft_bench {}\ndelete table ip weft_bench\n")
        run(["ip", "-n", self.host, "link", "delete", "vx0"])
        self.contender.add_vxlan(self.topology, 0)

    def everything(self, members, rules):
        """A function that brings all of it about; what it needs is written before."""
        text = self.contender.ruleset(rules)
        return lambda: (self._nft(text), self._fdb(members))

    def one_rule(self, members, rules, version):
        del members, rules
        line = nft_line(Rule("tcp", 40000 + version, 40000 + version))
        return lambda: self._nft(f"insert rule ip weft_bench forward {line}\n")

    def one_endpoint(self, members, rules, version):
        del members, rules
        return lambda: self._fdb(endpoints(1, version))


class WeftTables:
    """`weft apply` on node a."""

    def __init__(self, contender, topology):
        self.contender, self.topology = contender, topology
        self.vtep = topology.vteps[0]

    def nothing(self):
        self.contender.weft("down", self.vtep)

    def everything(self, members, rules):
        text = self.contender.with_policies(self.topology, rules, directions=("ingress",), subnet=SUBNET,
                                            remote=members)
        path = self.contender.write(self.topology, text)
        return lambda: self.contender.weft("apply", self.vtep, path, timeout=APPLY_TIMEOUT)

    def one_rule(self, members, rules, version):
        return self.everything(members, [Rule("tcp", 40000 + version, 40000 + version), *rules[1:]])

    def one_endpoint(self, members, rules, version):
        return self.everything(endpoints(len(members), version), rules)


def _tables(field, part):
    """[(contender, topology, tables)]"""
    return [(c, t, WeftTables(c, t) if c.pins(t) else KernelTables(c, t)) for c, t in field.at(PLACE, part)]


def _timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _apply_once(tables, members, rules, turn):
    """{step: seconds}"""
    tables.nothing()
    everything = tables.everything(members, rules)
    times = {"from nothing": _timed(everything), "again": _timed(everything)}
    times["one rule"] = _timed(tables.one_rule(members, rules, turn + 1))
    tables.everything(members, rules)()
    times["one endpoint"] = _timed(tables.one_endpoint(members, rules, turn + 1))
    return times


def apply(field, rounds, quick):
    """(results, notes)"""
    sizes = ((1000, 100),) if quick else SIZES
    taking_part, samples, notes, out = _tables(field, "apply"), {}, [], set()
    for turn in range(rounds):
        for size in sizes:
            members, rules = endpoints(size[0]), rule_list(size[1])
            for contender, _, tables in (t for t in taking_part if t[0].name not in out):
                progress(f"apply round {turn + 1}/{rounds} {contender.name}: {size[0]} endpoints, {size[1]} rules")
                try:
                    for step, seconds in _apply_once(tables, members, rules, turn).items():
                        samples.setdefault(size, {}).setdefault(contender.name, {}).setdefault(step, []).append(seconds)
                except BenchError as err:
                    out.add(contender.name)
                    notes.append(str(err))
    for contender, topology, tables in (t for t in taking_part if t[0].name not in out):
        tables.nothing()
        contender.rejoin(topology)
    progress()
    results = []
    for (count, rules), named in samples.items():
        contenders = {name: {step: {"median": statistics.median(values), "min": min(values), "max": max(values),
                                    "samples": values} for step, values in steps.items()}
                      for name, steps in named.items()}
        targets = [{"step": step, "seconds": limit, "now": contenders["weft-fw"][step]["median"],
                    "reached": contenders["weft-fw"][step]["median"] <= limit} for step, limit in TARGETS.items()
                   if (count, rules) == SIZES[0] and "weft-fw" in contenders]
        results.append({"endpoints": count, "rules": rules, "contenders": contenders, "targets": targets})
    return results, notes


def _kernel_memory():
    """Bytes of the kernel's that cannot be reclaimed: small objects, large ones, and those for each CPU."""
    time.sleep(SETTLE)
    lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return 1024 * (kib["SUnreclaim"] + kib["VmallocUsed"] + kib["Percpu"])


@dataclasses.dataclass
class Use:
    """Growth of the kernel's memory, and of weft's maps on host a, in bytes for each of what was added."""
    each: float
    maps_each: float


class Ledger:
    """Memory of one contender, step by step."""

    def __init__(self, contender, topology):
        self.contender, self.topology = contender, topology
        self._memory, self._maps = _kernel_memory(), self._map_bytes()

    def _map_bytes(self):
        return sum(m["bytes_memlock"] for m in map_sizes(self.contender, self.topology).values())

    def since(self, added, hosts):
        """What @added things on each of @hosts hosts have taken since the last call; forgets it."""
        memory, maps = _kernel_memory(), self._map_bytes()
        use = Use((memory - self._memory) / added / hosts, (maps - self._maps) / added)
        self._memory, self._maps = memory, maps
        return dataclasses.asdict(use)


def _memory_of(contender, topology, tables, quick):
    """{what: use} of one contender; it is left with the usual rules and no flows."""
    count = FLOWS // 10 if quick else FLOWS
    contender.room(topology, 2 * count)
    ledger = Ledger(contender, topology)
    Traffic(topology).open(count)
    found = {"flow": ledger.since(count, 2)}
    contender.rules(topology, FEW)
    ledger.since(1, 1)
    contender.rules(topology, MANY)
    found["rule"] = ledger.since(MANY - FEW, 2)
    contender.rules(topology, FEW)
    tables.everything((), rule_list(FEW))()
    ledger.since(1, 1)
    tables.everything(endpoints(MANY), rule_list(FEW))()
    found["endpoint"] = ledger.since(MANY, 1)
    return found


def memory(field, quick):
    """(results, notes)"""
    results, notes = [], []
    with Conntrack(4 * FLOWS):
        for contender, topology, tables in _tables(field, "memory"):
            progress(f"memory: {contender.name}")
            try:
                uses = _memory_of(contender, topology, tables, quick)
                results.append({"contender": contender.name, "each": uses, "maps": map_sizes(contender, topology)})
                tables.nothing()
                contender.rejoin(topology)
            except BenchError as err:
                notes.append(str(err))
    progress()
    return results, notes
