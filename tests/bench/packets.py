# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Frames for test runs and packet sockets, as bytes."""
import ipaddress
import struct

from contenders import VNI

PAYLOAD = b"w" * 18  # a 64-byte UDP frame, with the checksum that no one sees
FIN, SYN, ACK = 0x01, 0x02, 0x10


def _sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def _frame(source, target, protocol, segment, checksum_at=None):
    """Ethernet + IPv4 or IPv6 between two topology.End, around a segment whose checksum goes to @checksum_at."""
    src, dst = (ipaddress.ip_address(end.address).packed for end in (source, target))
    if checksum_at is not None:
        check = _sum(src + dst + struct.pack("!HH", protocol, len(segment)) + segment)
        segment = segment[:checksum_at] + struct.pack("!H", check) + segment[checksum_at + 2:]
    eth = _mac(target.mac) + _mac(source.mac)
    if len(src) == 16:
        return eth + b"\x86\xdd" + struct.pack("!IHBB16s16s", 6 << 28, len(segment), protocol, 64, src, dst) + segment
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, protocol, 0, src, dst)
    return eth + b"\x08\x00" + ip[:10] + struct.pack("!H", _sum(ip)) + ip[12:] + segment


def udp_frame(source, target, sport, dport, payload=PAYLOAD, checksum=True):
    header = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return _frame(source, target, 17, header + payload, 6 if checksum else None)


def tcp_frame(source, target, sport, dport, seq, ack, flags, payload=b""):
    header = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 0xFFFF, 0, 0)
    return _frame(source, target, 6, header + payload, 16)


def vxlan_frame(source, target, inner, vni=VNI):
    """@inner as it travels from one VTEP to the other."""
    return udp_frame(source, target, 0xC123, 4789, struct.pack("!II", 1 << 27, vni << 8) + inner, checksum=False)


def tagged(frame, vlan):
    """With an 802.1Q tag."""
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


def from_c1(frame, topology):
    return frame[6:12] == _mac(topology.containers[0].mac)
