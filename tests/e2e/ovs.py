# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Open vSwitch in a network namespace: a database and a daemon of its own, which end with the test."""
import os
import re

from netns import wait_until

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Switch:
    """Runs in a host of a lab; env is what its clients need to find it."""

    def __init__(self, host, directory):
        self.dir = os.path.join(directory, "ovs")
        os.mkdir(self.dir)
        self.env = {f"OVS_{d}DIR": self.dir for d in ("RUN", "LOG", "DB", "SYSCONF")}
        self.host = host
        database, socket = self._path("conf.db"), self._path("db.sock")
        host.run("ovsdb-tool", "create", database, SCHEMA, env=self.env)
        self._start("ovsdb-server", database, f"--remote=punix:{socket}")
        wait_until("the database's socket", lambda: os.path.exists(socket))
        self.vsctl("--no-wait", "init")
        self._start("ovs-vswitchd", f"unix:{socket}")

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _start(self, daemon, *args):
        with self.host.entered():
            self.host.spawn(daemon, *args, f"--pidfile={self._path(daemon)}.pid",
                            f"--unixctl={self._path(daemon)}.ctl", "-vconsole:off",
                            f"--log-file={self._path(daemon)}.log", env={**os.environ, **self.env})

    def vsctl(self, *args):
        return self.host.run("ovs-vsctl", *args, env=self.env).stdout

    def packets(self, bridge, match):
        """Packets of a bridge's flow, known by a part of it; counted with some delay."""
        flows = self.host.run("ovs-ofctl", "dump-flows", bridge, env=self.env).stdout
        flow = next(f for f in flows.splitlines() if match in f)
        return int(re.search(r"n_packets=(\d+)", flow)[1])
