# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Calls CNI plugins as a container runtime does: libcni's part, for tests."""
import json
import os
import signal
import subprocess

from lab import BUILD
from netns import Namespace

PLUGIN = os.path.join(BUILD, "weft-cni")
DEBIANS = "/usr/lib/cni"
TIMEOUT = 30


class CniError(Exception):
    """What a plugin printed instead of a result."""

    def __init__(self, answer):
        super().__init__(f"code {answer.get('code')}: {answer.get('msg')}; {answer.get('details')}")
        self.answer = answer
        self.code = answer.get("code")


def exec_plugin(host, kind, command, conf, *, container="", netns="", ifname="eth0", args="", env=None):
    """One plugin, in the host's namespaces. Return: what it printed, decoded, or None."""
    binary = PLUGIN if kind == "weft-cni" else os.path.join(DEBIANS, kind)
    text = conf if isinstance(conf, str) else json.dumps(conf)
    p = subprocess.run(["nsenter", f"--net={host.path}", binary], input=text, capture_output=True,
                       text=True, timeout=TIMEOUT, check=False, env={
                           **os.environ, "CNI_COMMAND": command, "CNI_CONTAINERID": container,
                           "CNI_NETNS": netns, "CNI_IFNAME": ifname, "CNI_ARGS": args,
                           "CNI_PATH": f"{BUILD}:{DEBIANS}", **(env or {})})
    answer = json.loads(p.stdout) if p.stdout.strip() else None
    if p.returncode:
        raise CniError(answer or {"code": None, "msg": f"exit {p.returncode}", "details": p.stderr})
    assert not p.stderr, p.stderr
    return answer


class Network:
    """A network configuration: a list of plugins that are called one after the other."""

    def __init__(self, host, *plugins, version="1.0.0", name="weft"):
        self.host = host
        self.version = version
        self.name = name
        self.plugins = plugins
        self.results = {}

    def call(self, command, plugin, previous=None, runtime=None, **kwargs):
        conf = {**plugin, "cniVersion": self.version, "name": self.name}
        if runtime:
            conf["runtimeConfig"] = runtime
        if previous:
            conf["prevResult"] = previous
        return exec_plugin(self.host, plugin["type"], command, conf, **kwargs)

    def add(self, container, **kwargs):
        result = None
        for plugin in self.plugins:
            result = self.call("ADD", plugin, result, container=container.id, netns=container.path, **kwargs)
        self.results[container.id] = result
        return result

    def check(self, container, **kwargs):
        for plugin in self.plugins:
            self.call("CHECK", plugin, self.results[container.id], container=container.id,
                      netns=container.path, **kwargs)

    def delete(self, container, netns=None, previous=True, **kwargs):
        for plugin in reversed(self.plugins):
            self.call("DEL", plugin, self.results.get(container.id) if previous else None,
                      container=container.id, netns=container.path if netns is None else netns, **kwargs)

    def status(self):
        return exec_plugin(self.host, "weft-cni", "STATUS",
                           {**self.plugins[0], "cniVersion": "1.1.0", "name": self.name})

    def gc(self, *valid):
        exec_plugin(self.host, "weft-cni", "GC", {
            **self.plugins[0], "cniVersion": "1.1.0", "name": self.name,
            "cni.dev/valid-attachments": [{"containerID": c.id, "ifname": "eth0"} for c in valid]})


class Container(Namespace):
    """A network namespace that a runtime made, and nothing else yet."""

    def __init__(self, name, number):
        super().__init__(f"{name}-c{number}")
        self.id = f"{self.name}-{number:064x}"[:64]
        self.ip("link set lo up")

    def links(self):
        return {link["ifname"]: link for link in json.loads(self.run("ip", "-j", "-d", "link").stdout)}

    def addresses(self, ifname="eth0"):
        rows = json.loads(self.run("ip", "-j", "addr", "show", "dev", ifname).stdout)
        return {f"{a['local']}/{a['prefixlen']}" for row in rows for a in row["addr_info"]
                if a["scope"] == "global"}

    def routes(self):
        return {(r["dst"], r.get("gateway")) for family in ("-4", "-6")
                for r in json.loads(self.run("ip", "-j", family, "route").stdout)}


def killed(popen):
    return popen.returncode == -signal.SIGKILL
