/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Objects of Kubernetes to documents of weft; see k8s.h. */
#include "k8s.h"

#include <errno.h>
#include <stdlib.h>

#include "k8s_parts.h"

/* "Traffic to and from the node where a Pod is running is always allowed": before other rules. */
static void emit_known(struct k8s *k, const char *name, const char *direction, const char *list)
{
	json_t *admit = k->options->admit;
	json_auto_t *rules = json_array(), *pods = json_array();
	json_t *policy;

	for (size_t i = 0; i < k->n_pods && !k->err; i++)
		if (k->pods[i].here && json_array_append_new(pods, json_string(k->pods[i].id)))
			k->err = -ENOMEM;
	if (!json_array_size(pods) || k->err)
		return;
	if (admit && json_array_append_new(rules, json_pack("{s:O}", list, admit)))
		k->err = -ENOMEM;
	policy = json_pack("{s:s, s:{s:O}, s:s, s:s, s:O}", "name", name, "applies_to", "pods",
			   pods, "direction", direction, "default", "none", "rules", rules);
	if (!policy || json_array_append_new(k->out, policy))
		k->err = -ENOMEM;
}

static void convert(struct k8s *k, const json_t *objects)
{
	k->address_sets = json_array();
	k->out = json_array();
	if (!k->address_sets || !k->out)
		k->err = -ENOMEM;
	if (!k->err)
		k8s_world(k, objects);
	if (!k->err && (k->options->admit || k->options->list_pods))
		emit_known(k, K8S_KNOWN, "ingress", "from");
	if (!k->err && k->options->admit)
		emit_known(k, K8S_FREE, "egress", "to");
	for (size_t i = 0; i < k->n_policies && !k->err; i++)
		k8s_policy(k, k->policies[i]);
}

static void clear(struct k8s *k)
{
	for (size_t i = 0; i < k->n_selections; i++) {
		free(k->selections[i].key);
		free(k->selections[i].pods.v);
	}
	free(k->selections);
	set_clear(&k->selection_of);
	for (size_t i = 0; i < k->n_sets; i++)
		free(k->sets[i].name);
	free(k->sets);
	set_clear(&k->set_of);
	set_clear(&k->names_taken);
	json_decref(k->address_sets);
	json_decref(k->out);
	k8s_world_clear(k);
}

int k8s_convert(const json_t *objects, const struct k8s_options *options, json_t **out)
{
	struct k8s k = {.options = options};
	json_t *documents = NULL;

	convert(&k, objects);
	if (!k.err) {
		documents =
			json_pack("{s:O, s:O}", "address_sets", k.address_sets, "policies", k.out);
		k.err = documents ? 0 : -ENOMEM;
	}
	clear(&k);
	if (!k.err)
		*out = documents;
	return k.err;
}
