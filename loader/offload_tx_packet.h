/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The packets of offload_tx.c: made, known again when they leave, and judged. */
#ifndef WEFT_LOADER_OFFLOAD_TX_PACKET_H
#define WEFT_LOADER_OFFLOAD_TX_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/if_ether.h>
#include <linux/types.h>

#include "datapath_probe.h"
#include "offload.h"

#define TX_MSS      512
#define TX_SEGMENTS 3

/**
 * struct tx_packet - a TCP packet of a workload, and what goes in front of it.
 * @frame: to be written to a tap: a virtio-net header, then the frame; its first @len bytes.
 * @header: what takes the place of its Ethernet header.
 */
struct tx_packet {
	__u8 frame[2048];
	size_t len;
	__u8 header[PROBE_HEADER_LEN];
};

/**
 * struct tx_sight - what was seen of one packet.
 * @gso: of which.
 * @payload: bytes of TCP payload.
 * @left: to the device: packets that were whole, or had no checksum yet.
 * @wrong: packets with a length or a checksum that is not right.
 */
struct tx_sight {
	bool gso;
	size_t payload;
	int left;
	int wrong;
};

/** tx_packet_make - @mac: of the interface, source and destination of the outer frame. */
struct tx_packet tx_packet_make(const __u8 mac[static ETH_ALEN], __u16 vxlan_port, bool gso);

/**
 * tx_see - add what a packet socket has seen.
 * @bytes: a virtio-net header, then a frame, whatever it is.
 */
void tx_see(struct tx_sight *sight, const __u8 *bytes, size_t len);

/** tx_seen_all - whether all of the packet has been seen. */
bool tx_seen_all(const struct tx_sight *sight);

/** tx_judge - what became of it. */
enum tx_result tx_judge(const struct tx_sight *sight);

#endif
