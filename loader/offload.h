/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which modes an uplink works in: decided from what its interface claims (nic.h), what tests of it
 * have shown (offload_rx.h, offload_tx.h), how it went since, and what the file asks for. Decides
 * only; offload_node.h looks, tests, carries out and remembers.
 *
 *	xdp           native, generic, off    where tunnel headers are taken off
 *	metadata      carried, lost, unknown  whether XDP can tell TC what it has found out
 *	segmentation  device, kernel          who cuts GSO packets that go out in tunnels
 *	checksum      device, kernel          who fills in the checksums inside tunnels
 *	gro           driver, stack, off      who merges segments that come in by tunnels
 */
#ifndef WEFT_LOADER_OFFLOAD_H
#define WEFT_LOADER_OFFLOAD_H

#include <stdbool.h>
#include <linux/types.h>

#include "attach.h"
#include "config.h"
#include "netlink.h"
#include "nic.h"

#define OFFLOAD_WHY_LEN 192

/** enum offload_what - what is decided, in the order of a status. */
enum offload_what {
	OFFLOAD_XDP,
	OFFLOAD_METADATA, /* found out, not chosen */
	OFFLOAD_SEGMENTATION,
	OFFLOAD_CHECKSUM,
	OFFLOAD_GRO,
	__OFFLOAD_MAX,
};

/** enum rx_result - what came of an XDP program that only looks; see offload_rx.h. */
enum rx_result {
	RX_UNTESTED,
	RX_REFUSED,     /* the driver takes no XDP program */
	RX_NO_TRAFFIC,  /* no packet came while it was there */
	RX_DEAF,        /* packets came, but not by the program */
	RX_NO_METADATA, /* the driver has no room for metadata */
	RX_FORGETFUL,   /* it had, but TC found none */
	RX_WORKS,
	__RX_RESULT_MAX,
};

/** enum tx_result - what became of a packet sent in a tunnel; see offload_tx.h. */
enum tx_result {
	TX_UNTESTED,
	TX_LOST,   /* it did not get as far as the device */
	TX_WHOLE,  /* a GSO packet was handed to the device as it is */
	TX_CUT,    /* the kernel cut it, rightly */
	TX_BROKEN, /* the kernel cut it, and not all of it was right */
	__TX_RESULT_MAX,
};

/**
 * struct offload_tests - what was found out by trying, on one interface.
 * @rx_frames: packets that the XDP program of the test saw.
 * @tx_plain: of a packet that fits; TX_WHOLE: its checksum was left to the device, TX_CUT: the
 *            kernel filled it in.
 * @tx_gso: of a GSO packet.
 * @tx_gso_retry: of another, with the device's segmentation switched off; only after TX_LOST.
 * @xdp_failed: XDP was in use, and most of what it stripped has lost its metadata.
 */
struct offload_tests {
	enum rx_result rx;
	__u32 rx_frames;
	enum tx_result tx_plain;
	enum tx_result tx_gso;
	enum tx_result tx_gso_retry;
	bool xdp_failed;
};

/**
 * struct offload_facts - all that a decision depends on.
 * @nic: as it is now.
 * @was: features as they would be had weft not switched any: set of NIC_BIT().
 * @refused: the driver refused weft's own XDP program before.
 * @device: weft-vxlan can merge: the file has tunnel_gro.
 */
struct offload_facts {
	enum iface_kind kind;
	struct nic nic;
	__u32 was;
	struct offload_tests tests;
	bool refused;
	bool device;
};

/** struct offload_choice - one thing decided. @asked: by the file; @mode: what weft does. */
struct offload_choice {
	char mode[12];
	char asked[12];
	char why[OFFLOAD_WHY_LEN];
};

/**
 * struct offload - all that is decided about one uplink.
 * @nic, @refused: of the facts.
 * @xdp: how to attach.
 * @xdp_optional: fine if the driver refuses.
 * @on, @off: features to be switched, sets of NIC_BIT(); all others are to be as in @was.
 */
struct offload {
	struct nic nic;
	bool refused;
	struct offload_choice choice[__OFFLOAD_MAX];
	enum xdp_kind xdp;
	bool xdp_optional;
	__u32 on;
	__u32 off;
};

/** offload_decide - see above. @uplink: as the file has it. */
void offload_decide(const struct cfg_uplink *uplink, const struct offload_facts *facts,
		    struct offload *out);

/**
 * offload_impossible - what the file asks for that the device cannot do.
 * @what: receives it, if anything.
 *
 * Return: the feature that is missing, by its name in ethtool; NULL if all can be done.
 */
const char *offload_impossible(const struct cfg_uplink *uplink, const struct offload_facts *facts,
			       enum offload_what *what);

/** offload_wants_test - whether an XDP program that only looks would help to decide. */
bool offload_wants_rx_test(const struct cfg_uplink *uplink, enum iface_kind kind,
			   const struct nic *nic);

/** offload_what_name - "xdp" and so on: the words of a status, and keys of the file. */
const char *offload_what_name(enum offload_what what);

/** rx_result_name, tx_result_name - a word for each, and back; -1 for another word. */
const char *rx_result_name(enum rx_result result);
const char *tx_result_name(enum tx_result result);
int rx_result_of(const char *name);
int tx_result_of(const char *name);

#endif
