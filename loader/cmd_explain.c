/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft explain: what the datapath does to a packet, and why. Running it is cmd_explain_run.c. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "bpf_log.h"
#include "cmd_explain.h"
#include "explain_packet.h"

enum {
	OPT_PORT = 0x400,
	OPT_UNDERLAY,
	OPT_VTEP,
	OPT_NETWORK,
	OPT_VNI,
	OPT_FROM,
	OPT_TO,
	OPT_FROM_MAC,
	OPT_TO_MAC,
	OPT_TCP,
	OPT_UDP,
	OPT_SCTP,
	OPT_ICMP,
	OPT_PROTO,
	OPT_SOURCE_PORT,
	OPT_FLAGS,
	OPT_SIZE,
	OPT_TTL,
	OPT_ARP,
	OPT_BROADCAST,
	OPT_PCAP,
	OPT_CONFIG,
	OPT_HEX,
};

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "Where it comes from:", 1},
	{"port", OPT_PORT, "NAME", 0, "This port's workload sends it", 1},
	{"underlay", OPT_UNDERLAY, "INTERFACE", 0, "It comes in by this uplink, from a remote VTEP",
	 1},
	{"vtep", OPT_VTEP, "NODE|ADDRESS", 0, "That VTEP; else the one that --from is behind", 1},
	{"network", OPT_NETWORK, "NAME", 0, "Its network, where the port does not say", 1},
	{"vni", OPT_VNI, "N", 0, "With --underlay: its VNI, if not that of the network", 1},
	{NULL, 0, NULL, 0, "What it is:", 2},
	{"from", OPT_FROM, "ADDRESS|PORT", 0, "Source address, or that of a port", 2},
	{"to", OPT_TO, "ADDRESS|PORT", 0, "Destination address", 2},
	{"tcp", OPT_TCP, "N", 0, "TCP to this port; a SYN, unless --flags says otherwise", 2},
	{"udp", OPT_UDP, "N", 0, "UDP to this port", 2},
	{"sctp", OPT_SCTP, "N", 0, "SCTP to this port", 2},
	{"icmp", OPT_ICMP, "TYPE[/CODE]", OPTION_ARG_OPTIONAL,
	 "ICMP or ICMPv6, by default an echo request; what is meant if nothing else is said", 2},
	{"proto", OPT_PROTO, "N", 0, "Any other IP protocol", 2},
	{"source-port", OPT_SOURCE_PORT, "N", 0, "Source port, or identifier of an echo (40000)",
	 2},
	{"flags", OPT_FLAGS, "FLAG[,FLAG]", 0, "TCP flags, such as SYN,ACK; or none", 2},
	{"size", OPT_SIZE, "BYTES", 0, "Size of the IP packet", 2},
	{"ttl", OPT_TTL, "N", 0, "TTL or hop limit (64)", 2},
	{"arp", OPT_ARP, NULL, 0, "Ask whose --to is, by ARP or neighbour solicitation", 2},
	{"broadcast", OPT_BROADCAST, NULL, 0, "To everybody in the network", 2},
	{"from-mac", OPT_FROM_MAC, "MAC", 0, "Source MAC address, if not that of --from", 2},
	{"to-mac", OPT_TO_MAC, "MAC", 0, "Destination MAC address, if not that of --to", 2},
	{"pcap", OPT_PCAP, "FILE[:N]", 0, "Instead: the Nth frame of a pcap or pcapng file", 2},
	{NULL, 0, NULL, 0, "How:", 3},
	{"config", OPT_CONFIG, "FILE", 0, "With what this file would bring into force", 3},
	{"verbose", 'v', NULL, 0, "Print every step, and frames as bytes", 3},
	{"hex", OPT_HEX, NULL, 0, "Print frames as bytes", 3},
	{},
};

static void number(struct argp_state *state, const char *name, const char *arg, __u32 min,
		   __u32 max, struct explain_number *to)
{
	if (!explain_parse_number(arg, min, max, to))
		argp_error(state, "--%s %s: a number from %u to %u", name, arg, min, max);
}

static void protocol(struct argp_state *state, struct explain_want *want, __u32 proto)
{
	if (want->proto.given)
		argp_error(state, "one of --tcp, --udp, --sctp, --icmp and --proto");
	want->proto = (struct explain_number){.given = true, .v = proto};
}

static void to_port(struct argp_state *state, struct explain_want *want, __u32 proto,
		    const char *name, const char *arg)
{
	protocol(state, want, proto);
	number(state, name, arg, 0, 65535, &want->dport);
}

static void mac(struct argp_state *state, const char *name, const char *arg, struct explain_mac *to)
{
	if (!explain_parse_mac(arg, to))
		argp_error(state, "--%s %s: a MAC address, such as 02:00:00:00:00:01", name, arg);
}

static void icmp(struct argp_state *state, struct explain_want *want, const char *arg)
{
	protocol(state, want, IPPROTO_ICMP); /* or ICMPv6, if the addresses are */
	if (arg && !explain_parse_icmp(arg, &want->icmp_type, &want->icmp_code))
		argp_error(state, "--icmp=%s: a type, and perhaps a code: 3/1", arg);
}

static error_t parse_place(int key, char *arg, struct argp_state *state, struct explain_want *want)
{
	switch (key) {
	case OPT_PORT:
		want->port = arg;
		return 0;
	case OPT_UNDERLAY:
		want->underlay = arg;
		return 0;
	case OPT_VTEP:
		want->vtep = arg;
		return 0;
	case OPT_NETWORK:
		want->network = arg;
		return 0;
	case OPT_VNI:
		number(state, "vni", arg, 0, WEFT_VNI_MAX, &want->vni);
		return 0;
	case OPT_FROM:
		want->from = arg;
		return 0;
	case OPT_TO:
		want->to = arg;
		return 0;
	case OPT_FROM_MAC:
		mac(state, "from-mac", arg, &want->smac);
		return 0;
	case OPT_TO_MAC:
		mac(state, "to-mac", arg, &want->dmac);
		return 0;
	case OPT_PCAP:
		if (!explain_parse_pcap(arg, &want->frame))
			argp_error(state, "--pcap: a file, and perhaps a frame's number: FILE:1");
		want->pcap = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_packet(int key, char *arg, struct argp_state *state, struct explain_want *want)
{
	switch (key) {
	case OPT_TCP:
		to_port(state, want, IPPROTO_TCP, "tcp", arg);
		return 0;
	case OPT_UDP:
		to_port(state, want, IPPROTO_UDP, "udp", arg);
		return 0;
	case OPT_SCTP:
		to_port(state, want, IPPROTO_SCTP, "sctp", arg);
		return 0;
	case OPT_ICMP:
		icmp(state, want, arg);
		return 0;
	case OPT_PROTO:
		protocol(state, want, 0);
		number(state, "proto", arg, 0, 255, &want->proto);
		return 0;
	case OPT_SOURCE_PORT:
		number(state, "source-port", arg, 0, 65535, &want->sport);
		return 0;
	case OPT_FLAGS:
		if (!explain_parse_flags(arg, &want->flags))
			argp_error(state,
				   "--flags %s: of FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, with "
				   "commas; or none",
				   arg);
		return 0;
	case OPT_SIZE:
		number(state, "size", arg, 1, EXPLAIN_FRAME_MAX - WEFT_ETH_HLEN, &want->size);
		return 0;
	case OPT_TTL:
		number(state, "ttl", arg, 0, 255, &want->ttl);
		return 0;
	case OPT_ARP:
		want->question = true;
		return 0;
	case OPT_BROADCAST:
		want->broadcast = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool describes(const struct explain_want *want)
{
	return want->from || want->to || want->smac.given || want->dmac.given ||
	       want->proto.given || want->sport.given || want->flags.given || want->size.given ||
	       want->ttl.given || want->question || want->broadcast || want->vtep ||
	       want->vni.given || want->network;
}

/* What cannot be meant. The rest depends on what there is; see cmd_explain_find.c. */
static void check(const struct explain_want *want, struct argp_state *state)
{
	if (want->port && want->underlay)
		argp_error(state, "it comes in by a --port or from the --underlay, not both");
	if (!want->underlay && (want->vtep || want->vni.given))
		argp_error(state, "--vtep and --vni go with --underlay");
	if (want->flags.given && (!want->proto.given || want->proto.v != IPPROTO_TCP))
		argp_error(state, "--flags goes with --tcp");
	if (want->question && (want->proto.given || want->broadcast || want->size.given))
		argp_error(state, "--arp is a packet by itself; it goes with --from and --to");
	if (want->pcap && describes(want))
		argp_error(state,
			   "--pcap has the whole frame; only --port or --underlay go with it");
	if (!want->pcap && !want->to && !want->dmac.given && !want->broadcast)
		argp_error(state, "say where it goes: --to ADDRESS; or give a frame with --pcap");
	if (want->question && !want->to)
		argp_error(state, "--arp asks for an address: --to ADDRESS");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case OPT_CONFIG:
		o->config = arg;
		return 0;
	case 'v':
		o->verbose = o->hex = true;
		return 0;
	case OPT_HEX:
		o->hex = true;
		return 0;
	case ARGP_KEY_END:
		check(&o->want, state);
		return 0;
	default:
		if (parse_place(key, arg, state, &o->want) != ARGP_ERR_UNKNOWN)
			return 0;
		return parse_packet(key, arg, state, &o->want);
	}
}

static const struct argp_child children[] = {{.argp = &cmd_common_argp, .group = 4}, {}};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Say what the datapath of this node would do to a packet, step by step, with the "
	       "table entry or rule that decides. The packet goes nowhere, and nothing is changed "
	       "or counted."
	       "\v"
	       "weft explain --port web-1 --to 10.9.0.12 --tcp 443\n"
	       "weft explain --underlay eth0 --from 10.9.0.12 --to web-1 --tcp 443\n"
	       "weft explain --port web-1 --pcap drops.pcapng:3\n\n"
	       "Exit status 0 if the packet, or a copy of it, reaches somebody or is answered; 5 "
	       "if "
	       "it is dropped or refused; 6 if it is not for weft and left to the host.",
	.children = children,
};

int cmd_explain(int argc, char **argv)
{
	struct explain_options o = {};

	cmd_parse(&argp, argc, argv, &o);
	bpf_log_capture();
	return cmd_explain_run(&o);
}
