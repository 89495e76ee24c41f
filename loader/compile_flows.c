/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How long flows last, and how many there may be; see compile.h and weft/flow.h. */
#include "compile_parts.h"

#include <weft/flow.h>

static void set_timeouts(const struct cfg_timeouts *t, __u32 ms[static __WEFT_FLOW_STATE_MAX])
{
	ms[WEFT_TCP_SYN_SENT] = t->tcp_syn_sent.v;
	ms[WEFT_TCP_SYN_SENT2] = t->tcp_syn_sent.v;
	ms[WEFT_TCP_SYN_RECV] = t->tcp_syn_recv.v;
	ms[WEFT_TCP_ESTABLISHED] = t->tcp_established.v;
	ms[WEFT_TCP_FIN_WAIT] = t->tcp_fin_wait.v;
	ms[WEFT_TCP_CLOSE_WAIT] = t->tcp_close_wait.v;
	ms[WEFT_TCP_LAST_ACK] = t->tcp_last_ack.v;
	ms[WEFT_TCP_TIME_WAIT] = t->tcp_time_wait.v;
	ms[WEFT_TCP_CLOSE] = t->tcp_close.v;
	ms[WEFT_UDP_UNREPLIED] = t->udp.v;
	ms[WEFT_UDP_REPLIED] = t->udp_replied.v;
	ms[WEFT_ICMP_UNREPLIED] = t->icmp.v;
	ms[WEFT_ICMP_REPLIED] = t->icmp.v;
	ms[WEFT_OTHER_UNREPLIED] = t->other.v;
	ms[WEFT_OTHER_REPLIED] = t->other.v;
}

void compile_flow_conf(struct compiler *c)
{
	const struct cfg_flows *flows = &c->cfg->flows;
	const __u32 all = c->cfg->limits.flows.v;
	struct weft_flow_conf conf = {
		.tick_ns = c->in->tick_ns,
		.per_port = flows->per_port.line ? flows->per_port.v : all / 2,
		.per_network = flows->per_network.line ? flows->per_network.v : all,
		.new_per_port = flows->new_per_port.v,
	};
	__u32 zero = 0;

	set_timeouts(&flows->timeouts, conf.timeout_ms);
	compile_put(c, TABLE_FLOW_CONF, &zero, &conf);
}
