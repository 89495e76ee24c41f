/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Conversations: what A, B and C (hosts.h) send one after the other, and what becomes of each
 * packet and of the connection that it belongs to.
 *
 *     { "a connection", .policy = only_web, .steps = {
 *         { FROM_A(TCP(.sport = 1000, .dport = 80, SYN, .seq = 100)), FLOW(NEW, TCP_SYN_SENT, 1, 0)
 * }, { FROM_B(TCP(.sport = 80, .dport = 1000, SYN_ACK, .seq = 500, .ack = 101)), FLOW(NEW,
 * TCP_SYN_RECV, 1, 1) },
 *         ...
 *
 * A packet is written from its L4 header on. Each script is played over IPv4 and IPv6 and at every
 * place, by BPF_PROG_TEST_RUN and on real interfaces, where frames from other nodes also come in by
 * XDP. Counters must move as the step says, and no others.
 */
#ifndef WEFT_TEST_SCRIPT_H
#define WEFT_TEST_SCRIPT_H

#include "check.h"
#include "flows.h"
#include "hand.h"
#include "hosts.h"

#define STEPS_MAX 20

/**
 * struct flow_want - the entry that there should be.
 * @look: else nobody looks.
 * @table: FLOW_NOWHERE: there should be none.
 * @packets: from the side that opened it, and from the other.
 * @opener: A unless given.
 * @rule: by enum weft_pol_dir; NULL: those of the script. No rule is expected for a part that is
 *        played on another node.
 */
struct flow_want {
	bool look;
	enum flow_table table;
	__u8 state;
	__u32 packets[2];
	enum role opener;
	const __u32 *rule;
	bool keep;
};

/**
 * struct step - one packet, or a change between packets.
 * @by: who sends; NONE: nobody.
 * @in: the packet from the L4 header on. @frame: or all of it, whatever the IP version.
 * @dst: to whom; B of A's and A of anybody's, unless given.
 * @mac_of: has that part's MAC address instead of @dst's. @claims: the IP address of that one.
 * @leaves_at, @lands_at: enters and is delivered where that part is, since its owner has moved.
 * @quote: the packet, of @quote_by, that QUOTED() layers of @in copy from.
 * @cut: so many bytes of the frame are missing at its end.
 * @gso_size, @gso_segs: of the skb; such a step is not played on real interfaces.
 * @drop: lost for this reason; 0: it is delivered to @dst, or to everybody.
 * @at: whose port the loss counts at. Unless given, denials count at the port whose policies they
 *      are, all else where the packet came in.
 * @denied: of a flooded packet: 1 << role of the receivers whose copy is dropped; by their
 * policies, unless @denied_for is another reason.
 * @answer: what its sender gets back, from the L4 header on; QUOTED() copies from the packet.
 * @flow: of the connection that the packet belongs to, or that @of of @of_by would.
 * @policy, @change, @wait_ms: what happens before: other policies come into force, tables change,
 *                             time passes.
 */
struct step {
	enum role by;
	const struct layer *in;
	const struct layer *frame;
	enum role dst, mac_of, claims, leaves_at, lands_at;
	const struct layer *quote;
	enum role quote_by;
	__u32 cut;
	__u32 gso_size, gso_segs;
	enum weft_drop drop;
	enum role at;
	__u32 denied;
	enum weft_drop denied_for;
	const struct layer *answer;
	struct flow_want flow;
	const struct layer *of;
	enum role of_by;
	const struct hand_rule *policy;
	void (*change)(const struct stage *stage);
	__u32 wait_ms;
};

/**
 * struct script - a conversation.
 * @places, @family: where it makes sense; 0 = everywhere, and both IP versions.
 * @policy: in force from the beginning.
 * @rule: that accept the flow: by enum weft_pol_dir, as in struct flow_want.
 * @conf: timeouts and quotas.
 * @not_live: makes no sense on real interfaces.
 */
struct script {
	const char *name;
	__u32 places;
	int family;
	const struct hand_rule *policy;
	__u32 rule[__WEFT_POL_DIR_MAX];
	struct weft_flow_conf conf;
	bool not_live;
	struct step steps[STEPS_MAX];
};

/* clang-format off */
#define FROM_A(...) .by = A, .in = PKT(__VA_ARGS__)
#define FROM_B(...) .by = B, .in = PKT(__VA_ARGS__)
#define FROM_C(...) .by = C, .in = PKT(__VA_ARGS__)
#define LOST(reason) .drop = WEFT_DROP_##reason
#define ANSWER(...) .answer = PKT(__VA_ARGS__)
#define QUOTED(n) REF(.off = WEFT_ETH_HLEN, .len = n) /* 0 = all of it */
#define QUOTE(who, ...) .quote_by = who, .quote = PKT(__VA_ARGS__)
#define FLOW(where, how, from_opener, from_other) \
	.flow.look = true, .flow.table = FLOW_##where, .flow.state = WEFT_##how, \
	.flow.packets = { from_opener, from_other }
#define NO_FLOW .flow.look = true
#define OPENER(role) .flow.opener = role
#define RULES(in, out) .flow.rule = (const __u32[]){ in, out }
#define AT(where) (1u << PLACE_##where)
#define FROM_OUTSIDE (AT(IN) | AT(IN6))

#define SYN .flags = 0x02
#define SYN_ACK .flags = 0x12
#define ACK .flags = 0x10
#define FIN_ACK .flags = 0x11
#define RST .flags = 0x04
#define RST_ACK .flags = 0x14
/* clang-format on */

/** struct script_table - a file's scripts. */
struct script_table {
	const char *name;
	const struct script *scripts;
	size_t n;
};

#define SCRIPT_TABLE(name, scripts)                                                                \
	{                                                                                          \
		name, scripts, sizeof(scripts) / sizeof((scripts)[0])                              \
	}

extern const struct script_table tcp_scripts, datagram_scripts, policy_scripts;

/** every_script_table - all of them, up to a NULL. */
extern const struct script_table *const every_script_table[];

/** script_frame - the frame that a step's sender sends. */
void script_frame(const struct stage *stage, const struct step *step, struct packet *frame);

/** script_of - the frame whose connection step->flow is about. */
void script_of(const struct stage *stage, const struct step *step, struct packet *frame);

/** script_answer - the frame that answers a step's. */
void script_answer(const struct stage *stage, const struct step *step, const struct packet *in,
		   struct packet *answer);

/** script_wrap - @frame in the tunnel from @host, as it arrives at the uplink. */
void script_wrap(const struct host *host, const struct packet *frame, struct packet *wire);

/** script_dst - to whom a step's packet goes. */
enum role script_dst(const struct step *step);

/** script_copies - who gets a copy: TO() and VIA() as in rows.h. */
__u32 script_copies(const struct stage *stage, const struct step *step);

/**
 * script_moves - counters that should move.
 * @len: bytes of the frame, @answer_len: of the answer.
 */
void script_moves(const struct stage *stage, const struct step *step, __u32 len, __u32 answer_len,
		  struct moves *moves);

/** script_check_flow - is the connection in the state that the step says? */
void script_check_flow(const struct stage *stage, const struct script *script,
		       const struct step *step);

#endif
