/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See model.h. */
#include <string.h>
#include <netinet/in.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#include "../../bpf/lib/ctx_host.h"
#include "../../bpf/lib/tcp.h"
#include "model.h"
#include "util.h"

#define BUCKETS (1 << 17) /* more than there are connections in a run */

static struct entry {
	uint64_t key;
	struct weft_flow flow;
} table[BUCKETS];

static const struct {
	int conntrack;
	const char *name;
} states[] = {
	[WEFT_FLOW_NONE] = {TCP_CONNTRACK_NONE, "NONE"},
	[WEFT_TCP_SYN_SENT] = {TCP_CONNTRACK_SYN_SENT, "SYN_SENT"},
	[WEFT_TCP_SYN_SENT2] = {TCP_CONNTRACK_SYN_SENT2, "SYN_SENT2"},
	[WEFT_TCP_SYN_RECV] = {TCP_CONNTRACK_SYN_RECV, "SYN_RECV"},
	[WEFT_TCP_ESTABLISHED] = {TCP_CONNTRACK_ESTABLISHED, "ESTABLISHED"},
	[WEFT_TCP_FIN_WAIT] = {TCP_CONNTRACK_FIN_WAIT, "FIN_WAIT"},
	[WEFT_TCP_CLOSE_WAIT] = {TCP_CONNTRACK_CLOSE_WAIT, "CLOSE_WAIT"},
	[WEFT_TCP_LAST_ACK] = {TCP_CONNTRACK_LAST_ACK, "LAST_ACK"},
	[WEFT_TCP_TIME_WAIT] = {TCP_CONNTRACK_TIME_WAIT, "TIME_WAIT"},
	[WEFT_TCP_CLOSE] = {TCP_CONNTRACK_CLOSE, "CLOSE"},
};

const char *model_state(int state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].conntrack == state)
			return states[i].name;
	return state < 0 ? "-" : "?";
}

/* The slot of @p's connection; @flow.state is WEFT_FLOW_NONE in one that is free. */
static struct entry *slot(const struct probe *p)
{
	uint64_t key = (uint64_t)p->v6 << 33 | 1ULL << 32 | (uint64_t)p->port[END_A] << 16 |
		       p->port[END_B];
	size_t at = key * 0x9e3779b97f4a7c15ULL >> 47;

	while (table[at].key && table[at].key != key)
		at = (at + 1) % BUCKETS;
	table[at].key = key;
	return &table[at];
}

int model_side(const struct probe *p, enum end end)
{
	return end ^ (p->port[END_A] & 1);
}

const struct weft_flow *model_flow(const struct probe *p)
{
	const struct weft_flow *f = &slot(p)->flow;

	return f->state == WEFT_FLOW_NONE ? NULL : f;
}

/* As the rules of kernel.c. */
static bool policy_allows(const struct probe *p)
{
	uint16_t port = p->port[!p->from];

	if (p->from == END_A)
		return port == 80 || port == 443 || (port >= 8000 && port <= 8999);
	return port == 22 || (port >= 41000 && port <= 41999);
}

static enum verdict open_flow(struct weft_flow *f, int side, const struct probe *p,
			      const struct weft_tcp_seg *seg, int *reason)
{
	int err;

	memset(f, 0, sizeof(*f));
	err = weft_tcp_open(f, side, seg);
	if (!err && policy_allows(p))
		return PASSED;
	*reason = err ? -err : WEFT_DROP_POLICY_DENY_INGRESS;
	memset(f, 0, sizeof(*f));
	return DROPPED;
}

enum verdict model_pass(const struct probe *p, int *reason)
{
	const struct weft_tcp_seg seg = {.seq = p->seq,
					 .ack = p->ack,
					 .len = p->len,
					 .win = p->win,
					 .flags = p->flags,
					 .scale = p->flags & WEFT_TCP_SYN ? p->scale
									  : WEFT_TCP_NO_SCALE};
	struct weft_flow *f = &slot(p)->flow;
	int side = model_side(p, p->from), err;

	*reason = 0;
	if (f->state == WEFT_FLOW_NONE)
		return open_flow(f, side, p, &seg, reason);
	if (weft_tcp_fast(f, side, &seg))
		return PASSED;
	err = weft_tcp_track(f, side, &seg);
	if (err == WEFT_TCP_REOPEN)
		return open_flow(f, side, p, &seg, reason);
	*reason = -err;
	return err ? DROPPED : PASSED;
}

struct track model_track(const struct probe *p)
{
	const struct weft_flow *f = model_flow(p);

	if (!f || weft_tcp_is_void(f))
		return (struct track){.state = -1};
	return (struct track){.state = states[f->state].conntrack,
			      .replied = weft_tcp_answered(f),
			      .assured = weft_tcp_settled(f)};
}
