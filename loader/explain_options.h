/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a command line says about the packet to be explained, and the words that it may use. */
#ifndef WEFT_LOADER_EXPLAIN_OPTIONS_H
#define WEFT_LOADER_EXPLAIN_OPTIONS_H

#include <stdbool.h>
#include <linux/types.h>

#include <weft/abi.h>

/**
 * struct explain_number - a number, if it was given.
 */
struct explain_number {
	bool given;
	__u32 v;
};

/** struct explain_mac - a MAC address, if it was given; any at all. */
struct explain_mac {
	bool given;
	__u8 v[WEFT_ETH_ALEN];
};

/**
 * struct explain_want - the packet as it was described; texts are NULL if not given.
 * @port: name of the port that sends it.
 * @underlay: interface of the uplink that it comes in by.
 * @vtep: address, or node, of the VTEP that sends it; only with @underlay.
 * @network: name; that of @port is known.
 * @vni: instead of that of @network.
 * @from, @to: address, or name of a port.
 * @proto: IP protocol; 0 cannot be told apart, hence struct explain_number.
 * @sport, @dport: host order.
 * @icmp_type, @icmp_code, @flags: as in the packet.
 * @size: bytes of the IP packet.
 * @question: ARP request or neighbour solicitation for @to.
 * @broadcast: to everybody.
 * @pcap: file with the frame, instead of all that describes one.
 * @frame: its number in there.
 */
struct explain_want {
	const char *port;
	const char *underlay;
	const char *vtep;
	const char *network;
	struct explain_number vni;
	const char *from;
	const char *to;
	struct explain_mac smac;
	struct explain_mac dmac;
	struct explain_number proto;
	struct explain_number sport;
	struct explain_number dport;
	struct explain_number icmp_type;
	struct explain_number icmp_code;
	struct explain_number flags;
	struct explain_number size;
	struct explain_number ttl;
	bool question;
	bool broadcast;
	const char *pcap;
	unsigned long frame;
};

/*
 * The words of a command line. Return: whether the text is right; what receives it is untouched if
 * not.
 */

/** explain_parse_number - a number from @min to @max. */
bool explain_parse_number(const char *text, __u32 min, __u32 max, struct explain_number *number);

/** explain_parse_mac - "02:00:00:00:00:01". */
bool explain_parse_mac(const char *text, struct explain_mac *mac);

/** explain_parse_flags - "SYN,ACK", in any case; "none". */
bool explain_parse_flags(const char *text, struct explain_number *flags);

/** explain_parse_icmp - "8", "3/4": type, and code if there is one. */
bool explain_parse_icmp(const char *text, struct explain_number *type, struct explain_number *code);

/**
 * explain_parse_pcap - "FILE", "FILE:3".
 * @text: changed: the number is cut off. A file whose name ends like that is asked for as "NAME:1".
 */
bool explain_parse_pcap(char *text, unsigned long *frame);

#endif
