/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A NetworkPolicy becomes a policy for each direction; and where pods give an ingress rule's named
 * port different numbers, one for each of these answers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"

#define NAME_MAX_LEN 63

/** struct side - one direction of a NetworkPolicy. */
struct side {
	const char *direction; /* "ingress", "egress": the key as well */
	const char *list;      /* "from", "to" */
	const char *suffix;
	bool judged; /* policyTypes has it */
	struct k8s_rule *rules;
	size_t n_rules;
};

/** struct policy - a NetworkPolicy at work. */
struct policy {
	struct k8s *k;
	const char *ns;
	const char *name;
	size_t selection;
	struct side sides[2];
};

/* "http-8080-metrics-none", what named ports are in a pod; "" if the rules have none. */
static char *answers_of(struct k8s *k, const struct side *side, const struct k8s_pod *pod)
{
	char *text = strdup("");

	for (size_t i = 0; i < side->n_rules; i++) {
		for (size_t j = 0; text && j < side->rules[i].n_ports; j++) {
			const struct k8s_port *port = &side->rules[i].ports[j];
			char *longer;

			if (!port->name)
				continue;
			if (asprintf(&longer, "%s-%s-%s-%u", text, port->name, port->protocol,
				     k8s_container_port(pod, port->name, port->protocol)) < 0)
				longer = NULL;
			free(text);
			text = longer;
		}
	}
	if (!text)
		k->err = -ENOMEM;
	return text;
}

/* A name of weft has no dots and is short: what does not fit is told apart by a hash. No name of
 * Kubernetes has a "_", so that this one is no other policy's.
 */
static json_t *name_of(const struct policy *p, const struct side *side, const char *answers)
{
	_cleanup_free_ char *name = NULL;
	char hash[17], *dot;

	if (asprintf(&name, K8S_PREFIX "%s_%s_%s%s", p->ns, p->name, side->suffix, answers) < 0) {
		name = NULL;
		return NULL;
	}
	if (strlen(name) <= NAME_MAX_LEN && !strchr(name, '.'))
		return json_string(name);
	k8s_hash(name, hash);
	while ((dot = strchr(name, '.')))
		*dot = '-';
	name[NAME_MAX_LEN - 2 - 16 < strlen(name) ? NAME_MAX_LEN - 2 - 16 : strlen(name)] = '\0';
	return json_sprintf("%s__%s", name, hash);
}

static json_t *rules_of(struct k8s *k, const struct side *side, const struct k8s_pod *pod)
{
	bool egress = !strcmp(side->list, "to");
	json_t *rules = json_array();

	for (size_t i = 0; i < side->n_rules && !k->err; i++) {
		k8s_rule_emit(k, &side->rules[i], side->list, egress ? NULL : pod, rules);
		if (egress)
			k8s_services_emit(k, &side->rules[i], rules);
	}
	return rules;
}

static void emit(struct policy *p, const struct side *side, const char *answers, json_t *pods,
		 const struct k8s_pod *pod)
{
	json_t *policy = json_pack("{s:o, s:{s:O}, s:s, s:o}", "name", name_of(p, side, answers),
				   "applies_to", "pods", pods, "direction", side->direction,
				   "rules", rules_of(p->k, side, pod));

	if (!policy || json_array_append_new(p->k->out, policy))
		p->k->err = -ENOMEM;
}

/* All pods here that give the same answers, from @first on; they are taken off @left. */
static void emit_alike(struct policy *p, const struct side *side, struct k8s_pods *left,
		       const char *answers)
{
	const struct k8s_pod *pod = &p->k->pods[left->v[0]];
	json_auto_t *pods = json_array();
	size_t kept = 0;

	for (size_t i = 0; i < left->n && !p->k->err; i++) {
		const struct k8s_pod *other = &p->k->pods[left->v[i]];
		_cleanup_free_ char *its = *answers ? answers_of(p->k, side, other) : strdup("");

		if (its && strcmp(its, answers) != 0)
			left->v[kept++] = left->v[i];
		else if (!its || json_array_append_new(pods, json_string(other->id)))
			p->k->err = -ENOMEM;
	}
	left->n = kept;
	if (!p->k->err)
		emit(p, side, answers, pods, pod);
}

static void emit_side(struct policy *p, const struct side *side)
{
	const struct k8s_pods *all = &p->k->selections[p->selection].pods;
	bool egress = !strcmp(side->list, "to");
	struct k8s_pods left = {};

	for (size_t i = 0; i < all->n && !p->k->err; i++)
		if (p->k->pods[all->v[i]].here)
			k8s_pods_add(p->k, &left, all->v[i]);
	while (left.n && !p->k->err) {
		_cleanup_free_ char *answers =
			egress ? strdup("") : answers_of(p->k, side, &p->k->pods[left.v[0]]);

		if (!answers)
			p->k->err = -ENOMEM;
		else
			emit_alike(p, side, &left, answers);
	}
	free(left.v);
}

static void read_side(struct policy *p, const struct k8s_path *path, const json_t *spec,
		      struct side *side)
{
	const json_t *list = json_object_get(spec, side->direction);
	struct k8s_path at = k8s_down(path, list, ".%s", side->direction);
	bool bad;
	json_t *item;
	size_t i;

	list = k8s_items(p->k, &at, list, &bad);
	side->rules = calloc(json_array_size(list) + 1, sizeof(*side->rules));
	if (!side->rules) {
		p->k->err = -ENOMEM;
		return;
	}
	json_array_foreach (list, i, item) {
		at = k8s_down(path, item, ".%s[%zu]", side->direction, i);
		k8s_rule_read(p->k, &at, item, p->ns, side->list, &side->rules[side->n_rules++]);
	}
}

/* Without the key as the API server fills it in: Ingress always, Egress if there are such rules. */
static void read_types(struct policy *p, const struct k8s_path *path, const json_t *spec)
{
	const json_t *types = json_object_get(spec, "policyTypes");
	struct k8s_path at = k8s_down(path, types, ".policyTypes");
	json_t *type;
	bool bad;
	size_t i;

	types = k8s_items(p->k, &at, types, &bad);
	if (!json_array_size(types)) {
		p->sides[0].judged = true;
		p->sides[1].judged = bad || p->sides[1].n_rules;
		return;
	}
	json_array_foreach (types, i, type) {
		const char *word = json_string_value(type) ?: "";

		if (!strcmp(word, "Ingress"))
			p->sides[0].judged = true;
		else if (!strcmp(word, "Egress"))
			p->sides[1].judged = true;
		else {
			k8s_wrong(p->k, &at, "Ingress or Egress", "no such type");
			p->sides[0].judged = p->sides[1].judged = true;
		}
	}
	for (size_t side = 0; side < ARRAY_SIZE(p->sides); side++) {
		at = k8s_down(path, NULL, ".%s", p->sides[side].direction);
		if (p->sides[side].n_rules && !p->sides[side].judged)
			k8s_warn(p->k, &at, "policyTypes leaves these rules out");
	}
}

static void read_spec(struct policy *p, const struct k8s_path *path, const json_t *spec)
{
	static const char *const keys[] = {"podSelector", "ingress", "egress", "policyTypes", NULL};

	k8s_keys(p->k, path, spec, keys);
	for (size_t side = 0; side < ARRAY_SIZE(p->sides); side++)
		read_side(p, path, spec, &p->sides[side]);
	read_types(p, path, spec);
}

/* Files are read to the end, for what may be wrong; of a cluster only what this node needs. */
static bool is_needed(const struct policy *p)
{
	const struct k8s_pods *pods = &p->k->selections[p->selection].pods;

	for (size_t i = 0; i < pods->n; i++)
		if (p->k->pods[pods->v[i]].here)
			return true;
	return p->k->options->input;
}

static void convert(struct policy *p, const struct k8s_path *path, const json_t *spec)
{
	read_spec(p, path, spec);
	for (size_t side = 0; side < ARRAY_SIZE(p->sides); side++) {
		if (p->sides[side].judged)
			emit_side(p, &p->sides[side]);
		for (size_t i = 0; i < p->sides[side].n_rules; i++)
			k8s_rule_clear(&p->sides[side].rules[i]);
		free(p->sides[side].rules);
	}
}

void k8s_policy(struct k8s *k, const json_t *object)
{
	struct policy p = {
		.k = k,
		.ns = k8s_meta(object, "namespace") ?: "default",
		.name = k8s_meta(object, "name"),
		.sides = {{.direction = "ingress", .list = "from", .suffix = "in"},
			  {.direction = "egress", .list = "to", .suffix = "out"}},
	};
	struct k8s_path path = k8s_top(object), at;
	const json_t *spec = json_object_get(object, "spec"), *selector;

	if (!json_is_object(spec)) {
		k8s_wrong(k, &path, NULL, "it has no spec");
		return;
	}
	path = k8s_down(&path, spec, "spec");
	selector = json_object_get(spec, "podSelector");
	p.selection = K8S_NONE;
	if (json_is_object(selector)) {
		p.selection = k8s_select(k, &path, p.ns, selector, NULL);
	} else {
		at = k8s_down(&path, selector, ".podSelector");
		k8s_wrong(k, &at, "{} selects all pods of the namespace", "it is needed");
	}
	if (p.selection == K8S_NONE) /* whoever was meant is among them */
		p.selection = k8s_select(k, &path, p.ns, NULL, NULL);
	if (p.selection != K8S_NONE && is_needed(&p))
		convert(&p, &path, spec);
}
