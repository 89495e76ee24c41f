/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The modes of an uplink, and why; see offload.h. */
#include "offload.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

const char *offload_what_name(enum offload_what what)
{
	static const char *const names[__OFFLOAD_MAX] = {
		[OFFLOAD_XDP] = "xdp",
		[OFFLOAD_METADATA] = "metadata",
		[OFFLOAD_SEGMENTATION] = "segmentation",
		[OFFLOAD_CHECKSUM] = "checksum",
		[OFFLOAD_GRO] = "gro",
	};

	return names[what];
}

static const char *const rx_names[__RX_RESULT_MAX] = {
	[RX_UNTESTED] = "untested",
	[RX_REFUSED] = "refused",
	[RX_NO_TRAFFIC] = "no-traffic",
	[RX_DEAF] = "deaf",
	[RX_NO_METADATA] = "no-metadata",
	[RX_FORGETFUL] = "forgetful",
	[RX_WORKS] = "works",
};

static const char *const tx_names[__TX_RESULT_MAX] = {
	[TX_UNTESTED] = "untested", [TX_LOST] = "lost",     [TX_WHOLE] = "whole",
	[TX_CUT] = "cut",           [TX_BROKEN] = "broken",
};

const char *rx_result_name(enum rx_result result)
{
	return rx_names[result];
}

const char *tx_result_name(enum tx_result result)
{
	return tx_names[result];
}

static int find_name(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

int rx_result_of(const char *name)
{
	return find_name(rx_names, __RX_RESULT_MAX, name);
}

int tx_result_of(const char *name)
{
	return find_name(tx_names, __TX_RESULT_MAX, name);
}

__attribute__((format(printf, 3, 4))) static void choose(struct offload_choice *choice,
							 const char *mode, const char *why, ...)
{
	va_list args;

	snprintf(choice->mode, sizeof(choice->mode), "%s", mode);
	va_start(args, why);
	vsnprintf(choice->why, sizeof(choice->why), why, args);
	va_end(args);
}

static void ask(struct offload_choice *choice, const char *asked)
{
	snprintf(choice->asked, sizeof(choice->asked), "%s", asked);
}

static const char *driver_of(const struct offload_facts *f)
{
	return f->nic.driver[0] ? f->nic.driver : "of this interface";
}

/* Why XDP in the driver would not work; NULL if nothing speaks against it. */
static const char *against_xdp(const struct offload_facts *f)
{
	static const char *const by_test[__RX_RESULT_MAX] = {
		[RX_REFUSED] = "takes no XDP program (tried)",
		[RX_DEAF] = "took an XDP program, but packets came in without running it (tested)",
		[RX_NO_METADATA] = "has no XDP metadata, so XDP can hand nothing on (tested)",
		[RX_FORGETFUL] = "loses XDP metadata on the way to TC (tested)",
	};

	if (f->nic.xdp == NIC_XDP_NONE)
		return "says that it runs no XDP programs";
	if (f->tests.xdp_failed)
		return "lost the XDP metadata of most packets in real traffic (META_LOST)";
	if (by_test[f->tests.rx])
		return by_test[f->tests.rx];
	return f->refused ? "refused weft's XDP program" : NULL;
}

static void decide_auto_xdp(const struct offload_facts *f, struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_XDP];
	const char *against = against_xdp(f);

	out->xdp = XDP_NONE;
	if (f->kind == IFACE_VETH) {
		choose(choice, "off",
		       "on a veth, XDP switches GSO off at the other end, and copies every packet");
		return;
	}
	if (against) {
		choose(choice, "off", "the driver %s %s", driver_of(f), against);
		return;
	}
	out->xdp = XDP_NATIVE;
	out->xdp_optional = true;
	if (f->tests.rx == RX_WORKS)
		choose(choice, "native",
		       "the driver %s runs XDP, and its metadata reaches TC (tested)",
		       driver_of(f));
	else
		choose(choice, "native", "the driver %s %s; %s", driver_of(f),
		       f->nic.xdp == NIC_XDP_UNTOLD ? "does not refuse XDP" : "has XDP",
		       f->tests.rx == RX_NO_TRAFFIC ? "no packet came in during the test"
						    : "not tested");
}

/* The file has its way; what speaks against it is said. */
static void decide_xdp(const struct cfg_uplink *uplink, const struct offload_facts *f,
		       struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_XDP];
	const char *against = against_xdp(f);

	switch ((enum cfg_xdp)uplink->xdp.v) {
	case CFG_XDP_AUTO:
		decide_auto_xdp(f, out);
		break;
	case CFG_XDP_NATIVE:
		out->xdp = XDP_NATIVE;
		if (against)
			choose(choice, "native", "by the file, although the driver %s %s",
			       driver_of(f), against);
		else if (f->kind == IFACE_VETH)
			choose(choice, "native",
			       "by the file; checksums and GSO have to be off at the veth's other "
			       "end: ethtool -K PEER tx off");
		else
			choose(choice, "native", "by the file");
		break;
	case CFG_XDP_GENERIC:
		out->xdp = XDP_GENERIC;
		choose(choice, "generic", "by the file");
		break;
	case CFG_XDP_OFF:
		out->xdp = XDP_NONE;
		choose(choice, "off", "by the file");
		break;
	}
}

static void decide_metadata(const struct offload_facts *f, struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_METADATA];

	if (f->tests.xdp_failed)
		choose(choice, "lost", "most packets had none left at TC (META_LOST)");
	else if (f->tests.rx == RX_WORKS)
		choose(choice, "carried", "%u packets of a test had it at TC", f->tests.rx_frames);
	else if (f->tests.rx == RX_NO_METADATA)
		choose(choice, "lost", "the driver refused it for %u packets of a test",
		       f->tests.rx_frames);
	else if (f->tests.rx == RX_FORGETFUL)
		choose(choice, "lost", "%u packets of a test had none left at TC",
		       f->tests.rx_frames);
	else if (out->xdp == XDP_GENERIC || (out->xdp != XDP_NONE && f->kind == IFACE_VETH))
		choose(choice, "carried", "%s always has it",
		       out->xdp == XDP_GENERIC ? "generic XDP" : "XDP on a veth");
	else
		choose(choice, "unknown", "%s",
		       f->tests.rx == RX_NO_TRAFFIC ? "no packet came in during the test"
		       : out->xdp == XDP_NONE       ? "without XDP there is none"
						    : "not tested");
}

/* A device that does no checksums gets no GSO packets. */
static const char *why_cut(const struct offload_facts *f, bool claims)
{
	if (!claims)
		return "the device has no tunnel segmentation";
	return f->nic.on & NIC_CHECKSUMS
		       ? "the device has tunnel segmentation, but not for this kind of packet"
		       : "the device has tunnel segmentation, but does no checksums";
}

/* What the device is to do, where nobody asks for anything else: as it did before. */
static void decide_auto_segmentation(const struct offload_facts *f, struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_SEGMENTATION];
	bool claims = f->was & NIC_BIT(NIC_UDP_TUNNEL);

	switch (f->tests.tx_gso) {
	case TX_WHOLE:
		choose(choice, "device",
		       f->kind == IFACE_OTHER
			       ? "a GSO packet in a tunnel was handed to it whole (tested)"
			       : "a GSO packet in a tunnel crosses it whole (tested)");
		return;
	case TX_CUT:
		choose(choice, "kernel", "%s; the kernel cut a GSO packet rightly (tested)",
		       why_cut(f, claims));
		return;
	case TX_BROKEN:
		choose(choice, "kernel", "segments of a GSO packet were WRONG (tested)");
		return;
	case TX_LOST:
		if (claims && f->tests.tx_gso_retry == TX_CUT) {
			out->off |= NIC_SEGMENTATIONS;
			choose(choice, "kernel",
			       "a GSO packet in a tunnel was lost with the device's segmentation, "
			       "and not without (tested)");
			return;
		}
		break;
	case TX_UNTESTED:
	case __TX_RESULT_MAX:
		break;
	}
	choose(choice, claims ? "device" : "kernel", "%s says so; not tested",
	       nic_feature_name(NIC_UDP_TUNNEL));
}

static void decide_auto_checksum(const struct offload_facts *f, struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_CHECKSUM];

	if (f->tests.tx_plain == TX_WHOLE)
		choose(choice, "device", "%s (tested)",
		       f->kind == IFACE_OTHER
			       ? "the checksum of a packet in a tunnel was left to it"
			       : "a packet in a tunnel crosses it with its checksum to be filled "
				 "in");
	else if (f->tests.tx_plain == TX_CUT)
		choose(choice, "kernel", "%s; the kernel filled it in rightly (tested)",
		       f->was & NIC_CHECKSUMS ? "the device does not do checksums inside tunnels"
					      : "the device does no checksums");
	else if (f->tests.tx_plain == TX_BROKEN)
		choose(choice, "kernel", "the checksum of a packet in a tunnel was WRONG (tested)");
	else
		choose(choice, f->was & NIC_CHECKSUMS ? "device" : "kernel",
		       "its features say so; not tested");
}

/* The file has its way, but the mode is what is true. */
static void decide_asked(const struct cfg_num *asked, enum tx_result seen,
			 struct offload_choice *choice)
{
	const bool device = asked->v == CFG_OFFLOAD_DEVICE;

	if (seen == TX_BROKEN)
		choose(choice, "kernel", "by the file; what came of it was WRONG (tested)");
	else if (device && seen == TX_CUT)
		choose(choice, "kernel",
		       "\"device\" by the file, but the device does not do it (tested)");
	else
		choose(choice, device ? "device" : "kernel", "by the file%s",
		       seen == (device ? TX_WHOLE : TX_CUT) ? " (tested)" : "");
}

/* Segmentation and checksums: the same two words for both. */
static void decide_sending(const struct cfg_num *asked, __u32 features,
			   const struct offload_facts *f, enum offload_what what,
			   struct offload *out)
{
	struct offload_choice *choice = &out->choice[what];

	if (asked->v != CFG_OFFLOAD_AUTO) {
		*(asked->v == CFG_OFFLOAD_DEVICE ? &out->on : &out->off) |= features;
		decide_asked(asked,
			     what == OFFLOAD_SEGMENTATION ? f->tests.tx_gso : f->tests.tx_plain,
			     choice);
	} else if (what == OFFLOAD_SEGMENTATION) {
		decide_auto_segmentation(f, out);
	} else {
		decide_auto_checksum(f, out);
	}
}

/* Whether what comes in by a tunnel is merged at all, and by whom. */
static void decide_gro(const struct cfg_uplink *uplink, const struct offload_facts *f,
		       struct offload *out)
{
	struct offload_choice *choice = &out->choice[OFFLOAD_GRO];
	bool on = f->was & NIC_BIT(NIC_GRO);
	const char *by = "";

	if (uplink->gro.v != CFG_GRO_AUTO) {
		on = uplink->gro.v == CFG_GRO_ON;
		by = "by the file: ";
		*(on ? &out->on : &out->off) |= NIC_BIT(NIC_GRO);
	}
	if (!on)
		choose(choice, "off", "%sGRO is off on it%s", by,
		       by[0] ? "" : "; \"gro: on\" switches it on");
	else if (out->xdp == XDP_NATIVE && f->tests.rx != RX_NO_METADATA)
		choose(choice, "driver", "%sXDP takes tunnel headers off, so GRO sees segments",
		       by);
	else if (out->xdp == XDP_GENERIC)
		choose(choice, "off", "%sgeneric XDP comes after GRO, which saw tunnels", by);
	else if (f->device)
		choose(choice, "stack", "%sweft-vxlan holds the port, so GRO looks into VXLAN", by);
	else
		choose(choice, "off", "%s\"tunnel_gro: false\": GRO does not look into tunnels",
		       by);
}

void offload_decide(const struct cfg_uplink *uplink, const struct offload_facts *facts,
		    struct offload *out)
{
	static const char *const xdp[] = {
		[CFG_XDP_AUTO] = "auto",
		[CFG_XDP_NATIVE] = "native",
		[CFG_XDP_GENERIC] = "generic",
		[CFG_XDP_OFF] = "off",
	};
	static const char *const sending[] = {
		[CFG_OFFLOAD_AUTO] = "auto",
		[CFG_OFFLOAD_DEVICE] = "device",
		[CFG_OFFLOAD_KERNEL] = "kernel",
	};
	static const char *const gro[] = {
		[CFG_GRO_AUTO] = "auto",
		[CFG_GRO_ON] = "on",
		[CFG_GRO_OFF] = "off",
	};

	*out = (struct offload){.nic = facts->nic, .refused = facts->refused};
	decide_xdp(uplink, facts, out);
	decide_metadata(facts, out);
	decide_sending(&uplink->segmentation, NIC_SEGMENTATIONS, facts, OFFLOAD_SEGMENTATION, out);
	decide_sending(&uplink->checksum, NIC_CHECKSUMS, facts, OFFLOAD_CHECKSUM, out);
	decide_gro(uplink, facts, out);
	ask(&out->choice[OFFLOAD_XDP], xdp[uplink->xdp.v]);
	ask(&out->choice[OFFLOAD_SEGMENTATION], sending[uplink->segmentation.v]);
	ask(&out->choice[OFFLOAD_CHECKSUM], sending[uplink->checksum.v]);
	ask(&out->choice[OFFLOAD_GRO], gro[uplink->gro.v]);
}

/* A device does checksums if it does one kind; which, is its driver's way. */
const char *offload_impossible(const struct cfg_uplink *uplink, const struct offload_facts *facts,
			       enum offload_what *what)
{
	const __u32 has = facts->nic.on | facts->nic.can;

	*what = OFFLOAD_SEGMENTATION;
	if (uplink->segmentation.v == CFG_OFFLOAD_DEVICE && !(has & NIC_BIT(NIC_UDP_TUNNEL)))
		return nic_feature_name(NIC_UDP_TUNNEL);
	*what = OFFLOAD_CHECKSUM;
	if (uplink->checksum.v == CFG_OFFLOAD_DEVICE && !(has & NIC_CHECKSUMS))
		return nic_feature_name(NIC_CSUM_GENERIC);
	*what = OFFLOAD_GRO;
	if (uplink->gro.v == CFG_GRO_ON && !(has & NIC_BIT(NIC_GRO)))
		return nic_feature_name(NIC_GRO);
	return NULL;
}

bool offload_wants_rx_test(const struct cfg_uplink *uplink, enum iface_kind kind,
			   const struct nic *nic)
{
	bool native = uplink->xdp.v == CFG_XDP_AUTO || uplink->xdp.v == CFG_XDP_NATIVE;

	return native && kind != IFACE_VETH && nic->xdp != NIC_XDP_NONE;
}
