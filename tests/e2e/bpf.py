# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the kernel says is loaded, attached and pinned; and a program of somebody else's.

The foreign program only counts packets and hands them on, so that a test can tell whether it is
still there and still run. It is written in bytes, as a compiler for one program is too much.
"""
import ctypes
import glob
import json
import os
import struct

from netns import run

BPF_MAP_TYPE_ARRAY = 2
BPF_PROG_TYPE_SCHED_CLS = 3
BPF_PROG_TYPE_XDP = 6
BPF_TCX_INGRESS = 46
TCX_NEXT = -1
XDP_PASS = 2
XDP_FLAGS_DRV_MODE = 4

_lib = ctypes.CDLL("libbpf.so.1", use_errno=True)
_lib.bpf_map_create.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint32,
                                ctypes.c_uint32, ctypes.c_void_p]
_lib.bpf_prog_query.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p,
                                ctypes.c_void_p, ctypes.c_void_p]
_lib.bpf_prog_load.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p,
                               ctypes.c_size_t, ctypes.c_void_p]


def _check(result, what):
    if result < 0:
        raise OSError(-result, f"{what}: {os.strerror(-result)}")
    return result


def _insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, src << 4 | dst, off, imm)


def _counter(counts, verdict):
    """++counts[0]; return verdict;"""
    return b"".join((
        _insn(0x18, 1, 1, imm=counts), _insn(0),    # r1 = map
        _insn(0x62, 10, off=-4, imm=0),             # *(u32 *)(r10 - 4) = 0
        _insn(0xbf, 2, 10), _insn(0x07, 2, imm=-4),  # r2 = r10 - 4
        _insn(0x85, imm=1),                         # r0 = lookup(r1, r2)
        _insn(0x15, 0, off=2, imm=0),               # if (r0) {
        _insn(0xb7, 1, imm=1),                      # r1 = 1
        _insn(0xdb, 0, 1),                          # atomic *(u64 *)r0 += r1 }
        _insn(0xb7, 0, imm=verdict), _insn(0x95)))  # return verdict


class Foreign:
    """Somebody else's program that counts what it sees; attached until close()."""

    def __init__(self, kind, verdict):
        self.counts = _check(_lib.bpf_map_create(BPF_MAP_TYPE_ARRAY, b"foreign", 4, 8, 1, None),
                             "map")
        code = _counter(self.counts, verdict)
        self.fds = [self.counts, _check(_lib.bpf_prog_load(kind, b"foreign", b"GPL", code,
                                                           len(code) // 8, None), "program")]
        self.program = self.fds[1]

    def count(self):
        key, value = ctypes.c_uint32(0), ctypes.c_uint64(0)
        _check(_lib.bpf_map_lookup_elem(self.counts, ctypes.byref(key), ctypes.byref(value)), "count")
        return value.value

    def close(self):
        for fd in self.fds:
            os.close(fd)


class ForeignTcx(Foreign):
    """At a tcx ingress hook: behind what is there."""

    def __init__(self, namespace, interface):
        super().__init__(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT)
        index = namespace.ifindex(interface)
        with namespace.entered():
            self.fds.append(_check(_lib.bpf_link_create(self.program, index, BPF_TCX_INGRESS, None),
                                   "tcx link"))


class ForeignXdp(Foreign):
    """Alone at a native XDP hook."""

    def __init__(self, namespace, interface):
        super().__init__(BPF_PROG_TYPE_XDP, XDP_PASS)
        self.namespace, self.index = namespace, namespace.ifindex(interface)
        self._attach(self.program)

    def _attach(self, program):
        with self.namespace.entered():
            _check(_lib.bpf_xdp_attach(self.index, program, XDP_FLAGS_DRV_MODE, None), "XDP")

    def close(self):
        with self.namespace.entered():
            _lib.bpf_xdp_detach(self.index, XDP_FLAGS_DRV_MODE, None)
        super().close()


def pins(host):
    """Every path that is pinned for a node."""
    return sorted(p for p in glob.glob(f"/sys/fs/bpf/weft/v*/{host.node}/**", recursive=True)
                  if os.path.isfile(p))


def ids(host):
    """Ids of the node's pinned maps, and of the programs on its hooks."""
    found = {}
    for path in glob.glob(f"/sys/fs/bpf/weft/v*/{host.node}/maps/*"):
        found[os.path.basename(path)] = _id(path)
    return {**found, **{(interface, hook): program for interface, hook, program in hooks(host)}}


def _id(path):
    return json.loads(run("bpftool", "-j", "map", "show", "pinned", path).stdout)["id"]


def _tcx_programs(host, index):
    programs, n = (ctypes.c_uint32 * 64)(), ctypes.c_uint32(64)
    with host.entered():
        _check(_lib.bpf_prog_query(index, BPF_TCX_INGRESS, 0, None, programs, ctypes.byref(n)), "tcx")
    return list(programs[:n.value])


def hooks(host):
    """(interface, hook, program's id) for all that is attached in a host's namespace, in order."""
    found = []
    for link in host.ip_json("link", "show"):
        name = link["ifname"]
        found += [(name, "tcx", p) for p in _tcx_programs(host, link["ifindex"])]
        if "xdp" in link:
            found.append((name, "xdp", link["xdp"]["prog"]["id"]))
    for net in json.loads(host.run("bpftool", "-j", "net", "show").stdout):
        found += [(hook["devname"], hook["kind"], hook["id"]) for hook in net["tc"]]
    return found


def map_delete_all(path, key_size):
    """Delete every entry of a pinned hash, as somebody with bpftool might."""
    fd = _check(_lib.bpf_obj_get(path.encode()), path)
    key = ctypes.create_string_buffer(key_size)
    while _lib.bpf_map_get_next_key(fd, None, key) == 0:
        _check(_lib.bpf_map_delete_elem(fd, key), "delete")
    os.close(fd)
