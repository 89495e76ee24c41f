# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Debian's podman on a host of the lab, with weft-cni as one of its CNI plugins."""
import json
import os
import shutil
import subprocess

from lab import BUILD

TIMEOUT = 90
APPLETS = ("sh", "httpd", "ping", "nc", "ip", "sleep", "cat", "mkdir")

CONF = """
[network]
network_backend = "cni"
cni_plugin_dirs = ["{build}", "/usr/lib/cni"]
network_config_dir = "{dir}/net.d"
default_network = "{default}"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
"""


class Podman:
    """One installation: its own images, containers, networks and state."""

    def __init__(self, host, networks):
        self.host = host
        self.dir = os.path.join(host.lab.dir, f"podman-{host.label}")
        self.made = []
        os.makedirs(os.path.join(self.dir, "net.d"))
        for name, plugins in networks.items():
            with open(os.path.join(self.dir, "net.d", f"{name}.conflist"), "w", encoding="utf-8") as f:
                json.dump({"cniVersion": "1.0.0", "name": name, "plugins": plugins}, f)
        with open(os.path.join(self.dir, "conf"), "w", encoding="utf-8") as f:
            f.write(CONF.format(build=BUILD, dir=self.dir, default=next(iter(networks))))
        self._image()

    def _image(self):
        root = os.path.join(self.dir, "rootfs")
        os.makedirs(os.path.join(root, "bin"))
        for name in ("www", "tmp", "proc", "etc"):
            os.makedirs(os.path.join(root, name))
        shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
        for name in APPLETS:
            os.symlink("busybox", os.path.join(root, "bin", name))
        with open(os.path.join(root, "www/index.html"), "w", encoding="utf-8") as f:
            f.write(f"served by {self.host.label}\n")
        tar = os.path.join(self.dir, "image.tar")
        subprocess.run(["tar", "-C", root, "-cf", tar, "."], check=True)
        self.run("import", tar, "weft-test:1")

    def run(self, *args, check=True):
        p = subprocess.run(["nsenter", f"--net={self.host.path}", "podman", "--root", f"{self.dir}/root",
                            "--runroot", f"{self.dir}/run", "--tmpdir", f"{self.dir}/tmp", *args],
                           capture_output=True, text=True, timeout=TIMEOUT, check=False,
                           env={**os.environ, "CONTAINERS_CONF": f"{self.dir}/conf"})
        assert not check or p.returncode == 0, f"podman {' '.join(args)}: {p.stdout}{p.stderr}"
        return p

    def start(self, name, *options, command=("httpd", "-f", "-h", "/www")):
        self.made.append(name)
        self.run("run", "-d", "--name", name, *options, "weft-test:1", *command)

    def address(self, name):
        networks = json.loads(self.run("inspect", name).stdout)[0]["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"]

    def execute(self, name, *command):
        return self.run("exec", name, *command, check=False)

    def remove(self, *names):
        self.run("rm", "-f", "-t", "0", *names)
        self.made = [n for n in self.made if n not in names]

    def close(self):
        for name in list(self.made):
            self.run("rm", "-f", "-t", "0", name, check=False)
        self.run("system", "reset", "-f", check=False)
        subprocess.run(["umount", "-l", f"{self.dir}/root/overlay"], check=False, capture_output=True)
