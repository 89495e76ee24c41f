# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Frames that are not IP are a switch's business too: they cross tunnels of both families whole."""
import os
import struct

import pytest
from scapy.layers.l2 import ARP, Ether

from traffic import Frames, frame, mac_bytes, mark, settle


@pytest.fixture(params=["across", "back", "local"])
def ends(request, four):
    a1, a2, b1, _ = four
    return {"across": (a1, b1), "back": (b1, a1), "local": (a1, a2)}[request.param]


@pytest.mark.parametrize("size", (60, 61, 64, 100, 590, 1400))
def test_unknown_ethertype(ends, size):
    src, dst = ends
    source, receiver, payload = Frames(src), Frames(dst), mark()
    f = frame(dst.mac, src.mac, payload + os.urandom(size - 14 - len(payload)))
    source.send(f)
    assert receiver.expect(payload) == [f]


def test_largest(ends):
    src, dst = ends
    source, receiver, payload = Frames(src), Frames(dst), mark()
    f = frame(dst.mac, src.mac, payload.ljust(src.mtu, b"x"))
    source.send(f)
    assert receiver.expect(payload) == [f]


@pytest.mark.drops("FRAME_LLC")
def test_llc(ends):
    """A length where the ethertype usually is, IEEE 802.3, could hide anything from a secured port."""
    src, dst = ends
    source, receiver, payload = Frames(src), Frames(dst), mark()
    body = b"\xf8\xf8\x03" + payload
    f = (mac_bytes(dst.mac) + mac_bytes(src.mac) + struct.pack("!H", len(body)) + body).ljust(60, b"\0")
    source.send(f)
    settle(source, [receiver], dst.mac)
    assert not receiver.having(payload)


def test_arp_reply(ends):
    src, dst = ends
    source, receiver, last = Frames(src), Frames(dst), mark()
    f = bytes(Ether(dst=dst.mac, src=src.mac) / ARP(op=2, hwsrc=src.mac, psrc=src.ip4,
                                                    hwdst=dst.mac, pdst=dst.ip4)) + last
    source.send(f)
    assert receiver.expect(last) == [f.ljust(60, b"\0")]
