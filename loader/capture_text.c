/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A record in words; see capture_text.h. */
#include "capture_text.h"

#include <net/if.h>
#include <stdio.h>
#include <time.h>

#include "capture_names.h"
#include "drops.h"
#include "pcapng.h"
#include "util.h"

#define NS_PER_S 1000000000ULL

static const char *const verdicts[__WEFT_CAP_VERDICT_MAX] = {
	[WEFT_CAP_DROPPED] = "dropped",     [WEFT_CAP_PASSED] = "passed",
	[WEFT_CAP_DELIVERED] = "delivered", [WEFT_CAP_SENT] = "sent",
	[WEFT_CAP_FLOODED] = "flooded",     [WEFT_CAP_ANSWERED] = "answered",
	[WEFT_CAP_REFUSED] = "refused",     [WEFT_CAP_DENIED] = "denied",
	[WEFT_CAP_SHARED] = "flooded",      [WEFT_CAP_TAKEN] = "taken",
};

static const char *verdict_name(__u8 verdict)
{
	return verdict < ARRAY_SIZE(verdicts) ? verdicts[verdict] : "unknown";
}

static const char *direction(const struct weft_cap_rec *rec)
{
	return rec->from_underlay ? "from_underlay" : "from_port";
}

/* Names from the file are plain; that of an interface may be anything. */
static void defuse(struct view_name *name)
{
	for (char *c = name->s; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
}

struct view_name text_port(const struct capture_names *names, const struct weft_cap_rec *rec)
{
	char interface[IF_NAMESIZE];
	struct view_name name;

	if (rec->port)
		name = view_port_name(&names->view, rec->port);
	else if (if_indextoname(rec->ifindex, interface))
		snprintf(name.s, sizeof(name.s), "%s", interface);
	else
		snprintf(name.s, sizeof(name.s), "interface-%u", rec->ifindex);
	defuse(&name);
	return name;
}

static void add_reason(struct words *words, __u16 reason)
{
	const char *name = drops_name(reason), *meaning = drops_meaning(reason);

	if (name)
		words_add(words, ": %s (%s)", name, meaning);
	else
		words_add(words, ": #%u", reason);
}

static void add_target(struct words *words, const struct capture_names *names,
		       const struct weft_cap_rec *rec, const char *port, const char *node)
{
	if (rec->out_port)
		words_add(words, " %s %s", port, view_port_name(&names->view, rec->out_port).s);
	else if (rec->tunnel && !rec->from_underlay)
		words_add(words, " %s node %s", node,
			  view_tunnel_name(&names->view, rec->tunnel).s);
}

static void add_verdict(struct words *words, const struct capture_names *names,
			const struct weft_cap_rec *rec)
{
	words_add(words, "%s", verdict_name(rec->verdict));
	switch (rec->verdict) {
	case WEFT_CAP_DROPPED:
		add_target(words, names, rec, "at", "on the way to");
		add_reason(words, rec->reason);
		break;
	case WEFT_CAP_SENT:
	case WEFT_CAP_DELIVERED:
		add_target(words, names, rec, "to", "to");
		break;
	case WEFT_CAP_ANSWERED:
		words_add(words, " with this");
		break;
	case WEFT_CAP_REFUSED:
		words_add(words, " with this, the packet is lost");
		break;
	}
}

static void add_rule(struct words *words, const struct capture_names *names, __u32 rule)
{
	const struct weft_rule_info *info = capture_names_rule(names, rule);

	if (!rule)
		return;
	words_add(words, ", rule %s", rules_name(&names->rules, rule).s);
	if (info && info->line)
		words_add(words, " line %u", info->line);
}

void text_comment(struct words *words, const struct capture_names *names,
		  const struct weft_cap_rec *rec)
{
	if (rec->network)
		words_add(words, "network %s, ", view_network_name(&names->view, rec->network).s);
	words_add(words, "port %s, %s, ", text_port(names, rec).s, direction(rec));
	if (rec->tunnel && rec->from_underlay)
		words_add(words, "from node %s, ", view_tunnel_name(&names->view, rec->tunnel).s);
	add_verdict(words, names, rec);
	add_rule(words, names, rec->rule);
	if (rec->gso_size)
		words_add(words, ", %u segments of %u bytes", rec->segs, rec->gso_size);
}

static void add_time(struct words *words, __u64 ns)
{
	time_t seconds = ns / NS_PER_S;
	struct tm local;

	localtime_r(&seconds, &local);
	words_add(words, "%02d:%02d:%02d.%06llu", local.tm_hour, local.tm_min, local.tm_sec,
		  ns % NS_PER_S / 1000);
}

void text_line(struct words *words, const struct capture_names *names,
	       const struct weft_cap_rec *rec, const struct pcapng_packet *packet)
{
	add_time(words, packet->time_ns);
	words_add(words, " %s %s ", text_port(names, rec).s, direction(rec));
	words_frame(words, packet->bytes, packet->cap_len);
	words_add(words, ", %u bytes", packet->len);
	if (rec->gso_size)
		words_add(words, " in %u segments", rec->segs);
	words_add(words, ": ");
	add_verdict(words, names, rec);
	add_rule(words, names, rec->rule);
}

static json_t *rule_json(const struct capture_names *names, __u32 rule)
{
	const struct weft_rule_info *info = capture_names_rule(names, rule);

	if (!rule)
		return json_null();
	return json_pack("{s:s, s:o}", "name", rules_name(&names->rules, rule).s, "line",
			 info && info->line ? json_integer(info->line) : json_null());
}

json_t *text_json(const struct capture_names *names, const struct weft_cap_rec *rec,
		  const struct pcapng_packet *packet)
{
	const struct view *view = &names->view;
	struct view_name network = view_network_name(view, rec->network);
	struct view_name to = view_port_name(view, rec->out_port);
	struct view_name tunnel = view_tunnel_name(view, rec->tunnel);
	struct words frame = {};

	words_frame(&frame, packet->bytes, packet->cap_len);
	return json_pack(
		"{s:I, s:s, s:s, s:s?, s:s?, s:s, s:s, s:s?, s:s?, s:o, s:I, s:I, s:I, s:I}",
		"time_ns", (json_int_t)packet->time_ns, "port", text_port(names, rec).s,
		"direction", direction(rec), "network", rec->network ? network.s : NULL, "node",
		rec->tunnel ? tunnel.s : NULL, "frame", frame.s, "verdict",
		verdict_name(rec->verdict), "reason", drops_name(rec->reason), "to_port",
		rec->out_port ? to.s : NULL, "rule", rule_json(names, rec->rule), "bytes",
		(json_int_t)packet->len, "segments", (json_int_t)rec->segs, "gso_size",
		(json_int_t)rec->gso_size, "missed", (json_int_t)rec->unsaid);
}
