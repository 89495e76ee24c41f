# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The contenders with a firewall, and the rules that all of them enforce.

Every host judges what passes it, once: the kernel in the forward chain of its bridge (br_netfilter, conntrack,
nftables), weft by an ingress and an egress policy of the same rules for all workloads. Some rules are about a port
and anybody, some about a prefix and a port; the ones that the bench's own traffic needs are the last.
"""
import dataclasses
import pathlib
import shutil
import typing

from contenders import ESTABLISHED, Kernel, Weft
from system import run, tool

RULES = 100  # where a part does not say otherwise
PORTS = (5201, 5264)  # destinations of all traffic of the bench
NFT_TIMEOUT = 120  # s
LEAST_ROOM = 65536  # flows
DIRECTIONS = ("ingress", "egress")


@dataclasses.dataclass(frozen=True)
class Rule:
    """An allowed protocol and range of destination ports, from a prefix or from anybody."""
    protocol: str
    first: int
    last: int
    prefix: typing.Optional[str] = None


def rule_list(count):
    """@count rules, two at least; 0 means that everything is allowed, but connections are tracked all the same."""
    if count == 0:
        return []
    rules = []
    for i in range(count - 2):
        protocol = ("tcp", "udp")[i // 2 % 2]
        if i % 2:
            rules.append(Rule(protocol, 20000 + i, 20000 + i, f"10.{100 + i // 256}.{i % 256}.0/24"))
        else:
            rules.append(Rule(protocol, 10000 + i, 10000 + i))
    return rules + [Rule("tcp", *PORTS), Rule("udp", *PORTS)]


def _ports(rule):
    return str(rule.first) if rule.first == rule.last else f"{rule.first}-{rule.last}"


def nft_line(rule):
    peer = f"ip saddr {rule.prefix} " if rule.prefix else ""
    return f"{peer}{rule.protocol} dport {_ports(rule)} accept"


def nft_linear(rules):
    """One line a rule, as they are in everybody's firewall. Connections that exist are let pass first."""
    return nft_table("", [nft_line(rule) for rule in rules] or ["accept"])


def nft_sets(rules):
    """The same as two sets, for a look-up each: the best that nftables can do with them."""
    anybody = [r for r in rules[:-2] if not r.prefix]
    prefixes = [r for r in rules[:-2] if r.prefix]
    sets, lines = "", []
    if anybody:
        elements = ", ".join(f"{r.protocol} . {r.first}" for r in anybody)
        sets += f" set anybody {{ type inet_proto . inet_service; elements = {{ {elements} }} }}\n"
        lines.append("meta l4proto . th dport @anybody accept")
    if prefixes:
        elements = ", ".join(f"{r.prefix} . {r.protocol} . {r.first}" for r in prefixes)
        sets += (" set prefixes { type ipv4_addr . inet_proto . inet_service; flags interval; "
                 f"elements = {{ {elements} }} }}\n")
        lines.append("ip saddr . meta l4proto . th dport @prefixes accept")
    return nft_table(sets, lines + [nft_line(rule) for rule in rules[-2:]] or ["accept"])


def nft_table(sets, lines):
    """A ruleset that replaces the one before it in one transaction."""
    return ("table ip weft_bench {}\ndelete table ip weft_bench\ntable ip weft_bench {\n" + sets +
            " chain forward {\n  type filter hook forward priority 0; policy drop;\n"
            "  ct state established,related accept\n" + "".join(f"  {line}\n" for line in lines) + " }\n}\n")


def weft_rule(rule, peer):
    where = f"{peer}: {{cidrs: {rule.prefix}}}, " if rule.prefix else ""
    return f"{{{where}protocol: {rule.protocol}, ports: {_ports(rule)}}}"


def weft_policies(rules, directions):
    lines = ["policies:"]
    for direction in directions:
        peer = {"ingress": "from", "egress": "to"}[direction]
        texts = [weft_rule(rule, peer) for rule in rules] or ["{}"]
        lines += [f"  - name: bench-{direction}", "    applies_to: {networks: bench}", f"    direction: {direction}",
                  "    rules:", *(f"      - {text}" for text in texts)]
    return "\n".join(lines) + "\n"


class KernelFw(Kernel):
    """The kernel's path with the firewall that comes with it; nf_conntrack_bridge knows no nftables of family ip."""
    name, title, iptables = "kernel-fw", "kernel, conntrack + nftables", 1
    parts = ESTABLISHED | {"rules", "flows", "apply", "memory"}
    ruleset = staticmethod(nft_linear)

    def missing(self):
        if not shutil.which("nft"):
            return "nft is not installed (package nftables)"
        if not pathlib.Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists():
            return "the kernel has no br_netfilter"
        return None

    def join(self, topology):
        super().join(topology)
        self.rules(topology, RULES)

    def rejoin(self, topology):
        """As after join(), after host a's tables were emptied."""
        self.add_remote(topology, 0)
        self.rules(topology, RULES)

    def rules(self, topology, count):
        """Enforce @count rules from here on."""
        text = self.ruleset(rule_list(count))
        for vtep in topology.vteps:
            topology.inside(vtep.netns, "nft", "-f", "-", text_in=text, timeout=NFT_TIMEOUT)

    def room(self, topology, flows):
        """Nothing: conntrack's limits are the machine's (system.Conntrack)."""

    @staticmethod
    def forget(topology):
        """Forget all connections."""
        for vtep in topology.vteps:
            run([tool("flows"), "-n", vtep.path, "flush"])


class KernelFwSet(KernelFw):
    """The same rules in sets; for established connections there is no difference."""
    name, title = "kernel-fw-set", "kernel, rules in nft sets"
    parts = frozenset(("conns", "rules", "apply"))
    ruleset = staticmethod(nft_sets)


class WeftFw(Weft):
    """weft with policies."""
    name, title = "weft-fw", "weft with policies"
    parts = ESTABLISHED | {"rules", "flows", "fw-progrun", "stats", "apply", "memory", "growth"}

    def join(self, topology):
        self.rules(topology, RULES)

    rejoin = join

    def rules(self, topology, count):
        self.apply(topology, self.with_policies(topology, count))

    def with_policies(self, topology, rules, flows=None, directions=DIRECTIONS, **config):
        """The file for a number of rules, or for a list of them."""
        rules = rule_list(rules) if isinstance(rules, int) else rules
        limits = {"rules": max(16384, 2 * len(rules) + 16)}
        text = self.config(topology, **config) + weft_policies(rules, directions)
        if flows:  # all of them one port's, and opened within a moment
            limits |= {"flows": flows, "half_open": flows}
            text += f"flows: {{new_per_port: {flows}}}\n"
        return text + "limits: {" + ", ".join(f"{name}: {value}" for name, value in limits.items()) + "}\n"

    def room(self, topology, flows):
        """Make room for as many flows."""
        self.apply(topology, self.with_policies(topology, RULES, flows=max(flows, LEAST_ROOM)))


class WeftFwXdp(WeftFw):
    """The same with tunnels ending at native XDP, on a wire."""
    name, title, xdp = "weft-fw-xdp", "same, decap at XDP", "native"
    parts = frozenset(("fw-tcp", "fw-udp", "fw-rr", "fw-progrun"))

    def differs(self, place):
        return place.wire
