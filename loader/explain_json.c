/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A packet's way, for programs; see explain_print.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drops.h"
#include "explain_names.h"
#include "explain_output.h"
#include "explain_print.h"
#include "explain_text.h"
#include "explain_world.h"
#include "flow_filter.h"
#include "print.h"
#include "util.h"

static json_t *hex_json(const __u8 *bytes, __u32 len)
{
	_cleanup_free_ char *text = malloc(2 * (size_t)len + 1);

	if (!text)
		return NULL;
	text[0] = '\0';
	for (__u32 i = 0; i < len; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *frame_json(const __u8 *frame, __u32 kept, __u32 len)
{
	struct words words = {};

	words_frame(&words, frame, kept);
	return json_pack("{ss sI so}", "text", words.s, "bytes", (json_int_t)len, "hex",
			 hex_json(frame, kept));
}

static json_t *rule_json(const struct explain_world *w, __u32 rule)
{
	const struct weft_rule_info *info = table_get(&w->rules.info, &rule);

	if (!rule)
		return json_null();
	return json_pack("{sI ss ss? so}", "id", (json_int_t)rule, "name",
			 rules_name(&w->rules, rule).s, "file", w->lines[0] ? w->lines : NULL,
			 "line", info && info->line ? json_integer(info->line) : json_null());
}

static json_t *policy_json(const struct explain_world *w, const struct weft_trace_policy *p,
			   int action)
{
	struct view_name port = view_port_name(&w->view, p->port);

	return json_pack("{ss ss? ss ss so}", "direction",
			 p->dir == WEFT_POL_EGRESS ? "egress" : "ingress", "port",
			 p->port ? port.s : NULL, "peer", print_addr(&p->peer).s, "verdict",
			 explain_policy_verdict(action), "rule", rule_json(w, p->rule));
}

static json_t *flow_json(const struct explain_world *w, const struct weft_trace_flow *f, bool found)
{
	const struct weft_flow *flow = &f->flow;
	int from = flow->origin & 1;

	if (!found)
		return json_null();
	return json_pack("{ss? ss? ss ss so so}", "table", explain_table_name(f->table), "state",
			 flow_state_name(flow->state), "origin", print_addr(&f->key.addr[from]).s,
			 "other", print_addr(&f->key.addr[!from]).s, "egress",
			 rule_json(w, flow->rule[WEFT_POL_EGRESS]), "ingress",
			 rule_json(w, flow->rule[WEFT_POL_INGRESS]));
}

static json_t *fdb_json(const struct explain_world *w, const struct weft_trace_fdb *f, bool found)
{
	struct view_name port = view_port_name(&w->view, f->entry.port);
	struct view_name node = view_tunnel_name(&w->view, f->entry.tunnel);
	bool local = f->entry.kind != WEFT_FDB_REMOTE;

	return json_pack("{ss ss? ss?}", "mac", print_mac(f->key.mac).s, "port",
			 found && local ? port.s : NULL, "node", found && !local ? node.s : NULL);
}

static json_t *neigh_json(const struct weft_trace_neigh *n, bool found)
{
	struct print_addr mac = print_mac(n->neigh.mac);

	return json_pack("{ss ss?}", "address", print_addr(&n->key.addr).s, "mac",
			 found ? mac.s : NULL);
}

static json_t *drop_json(const struct explain_world *w, const struct weft_trace_drop *d)
{
	struct view_name port = view_port_name(&w->view, d->port);

	return json_pack("{ss? ss? ss?}", "reason", drops_name(d->reason), "meaning",
			 drops_meaning(d->reason), "port", d->port ? port.s : NULL);
}

static json_t *tunnel_json(const struct explain_world *w, const struct weft_trace_tunnel *t)
{
	return json_pack("{ss ss? ss ss sI}", "node", view_tunnel_name(&w->view, t->id).s, "encap",
			 view_encap_name(t->tunnel.encap), "vtep", print_addr(&t->tunnel.remote).s,
			 "interface", explain_interface(w, t->tunnel.ifindex).s, "mtu",
			 (json_int_t)t->tunnel.mtu);
}

/* What a step has to tell beside its text; NULL: nothing. */
static json_t *detail_json(const struct explain_world *w, const struct weft_trace_rec *r)
{
	switch (r->step) {
	case WEFT_TRACE_POLICY:
		return policy_json(w, &r->policy, r->result);
	case WEFT_TRACE_FLOW:
	case WEFT_TRACE_RELATED:
		return flow_json(w, &r->flow, r->found);
	case WEFT_TRACE_SENDER:
	case WEFT_TRACE_RETURN:
	case WEFT_TRACE_FDB:
		return fdb_json(w, &r->fdb, r->found);
	case WEFT_TRACE_ADDRESS:
	case WEFT_TRACE_QUESTION:
		return neigh_json(&r->neigh, r->found);
	case WEFT_TRACE_TUNNEL:
		return tunnel_json(w, &r->tunnel);
	case WEFT_TRACE_DROP:
		return drop_json(w, &r->drop);
	default:
		return NULL;
	}
}

static json_t *steps_json(const struct explain_world *w, const struct explain_leg *leg)
{
	json_t *list = json_array(), *one, *detail;
	struct explain_step step;

	for (__u32 i = 0; i < explain_records(leg) && list; i++) {
		const struct weft_trace_rec *r = &leg->trace.recs[i];

		if (!explain_step_of(w, leg, r, &step))
			continue;
		one = json_pack("{ss ss? sb ss}", "stage", step.stage, "table", step.table, "found",
				r->found, "text", step.words.s);
		detail = one ? detail_json(w, r) : NULL;
		if (detail)
			json_object_set_new(one, "detail", detail);
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *legs_json(const struct explain_report *report)
{
	const struct explain_result *result = report->result;
	json_t *list = json_array();

	for (int i = 0; i < result->n_legs && list; i++) {
		const struct explain_leg *leg = &result->legs[i];

		json_array_append_new(list,
				      json_pack("{ss ss sb so so}", "program",
						trace_prog_name(leg->prog), "interface",
						explain_interface(report->w, leg->trace.ifindex).s,
						"answer", leg->answer, "frame",
						frame_json(leg->frame, leg->len, leg->len), "steps",
						steps_json(report->w, leg)));
	}
	return list;
}

static int add_output(void *arg, const struct explain_output *o)
{
	json_t *list = arg, *inner = json_null();

	if (o->outer_len && o->outer_len < o->kept)
		inner = frame_json(o->frame + o->outer_len, o->kept - o->outer_len,
				   o->len - o->outer_len);
	return json_array_append_new(
		list, json_pack("{ss ss? ss so so}", "to", explain_target_name(o->to), "name",
				o->name.s[0] ? o->name.s : NULL, "interface", o->interface.s,
				"frame", frame_json(o->frame, o->kept, o->len), "inner", inner));
}

json_t *explain_json(const struct explain_report *report)
{
	const struct explain_result *result = report->result;
	const struct explain_world *w = report->w;
	struct view_name at = view_port_name(&w->view, result->reason_port);
	json_t *outputs = json_array();

	if (!outputs || explain_outputs(w, result, add_output, outputs)) {
		json_decref(outputs);
		return NULL;
	}
	return json_pack("{ss ss? sb ss sI so ss ss? ss? ss? so so}", "node", w->pins.node, "file",
			 w->file, "other_build", w->other_build, "direction",
			 report->in->underlay ? "from_underlay" : "from_port", "live",
			 (json_int_t)result->live, "runs", legs_json(report), "verdict",
			 explain_verdict_name(result->verdict), "reason",
			 drops_name(result->reason), "meaning", drops_meaning(result->reason), "at",
			 result->reason_port ? at.s : NULL, "rule", rule_json(w, result->rule),
			 "outputs", outputs);
}
