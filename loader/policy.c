/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Policies of a node, and what the parts of their compiler share; see policy.h. */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy_parts.h"

static __u32 row_id(const struct table *table, size_t row)
{
	__u32 id;

	memcpy(&id, table_key(table, row), sizeof(id));
	return id;
}

void policy_ids(const struct config *cfg, const struct cfg_node *node, const struct tables *tables,
		__u32 *ports, __u16 *networks)
{
	const struct table *names = &tables->t[TABLE_PORT_INFO];

	memset(ports, 0, cfg->ports.n * sizeof(*ports));
	memset(networks, 0, cfg->networks.n * sizeof(*networks));
	for (size_t i = 0; i < names->rows.n; i++) {
		const struct weft_port_info *info = table_value(names, i);
		const struct cfg_port *port = config_find_port(cfg, info->name);

		if (info->kind == WEFT_PORT_ACCESS && port && !strcmp(port->node.v, node->name.v))
			ports[port - cfg->ports.v] = row_id(names, i);
	}
	names = &tables->t[TABLE_NET_INFO];
	for (size_t i = 0; i < names->rows.n; i++) {
		const struct weft_network_info *info = table_value(names, i);
		const struct cfg_network *network = config_find_network(cfg, info->name);

		if (network)
			networks[network - cfg->networks.v] = row_id(names, i);
	}
}

/* Every network counts as one of this node's: only those with a port here get entries anyway. */
int policy_check(const struct config *cfg, const struct cfg_node *node, struct diag *diag)
{
	_cleanup_free_ __u32 *ports = calloc(cfg->ports.n + 1, sizeof(*ports));
	_cleanup_free_ __u16 *networks = calloc(cfg->networks.n + 1, sizeof(*networks));
	_cleanup_(tables_clear) struct tables tables;
	struct policy_input in = {
		.cfg = cfg, .ports = ports, .networks = networks, .generation = 1};

	tables_init(&tables);
	if (!ports || !networks)
		return -ENOMEM;
	for (size_t i = 0; i < cfg->ports.n; i++) {
		if (!strcmp(cfg->ports.v[i].node.v, node->name.v))
			ports[i] = i + 1;
	}
	for (size_t i = 0; i < cfg->networks.n; i++)
		networks[i] = i + 1;
	return policy_compile(&in, diag, &tables);
}

int pol_grow(struct pol *p, void *array, size_t n, size_t *size, size_t item)
{
	size_t bigger = *size ? *size * 2 : 16;
	void *old, *v;

	if (p->err || n < *size)
		return p->err;
	memcpy(&old, array, sizeof(old));
	v = reallocarray(old, bigger, item);
	if (!v) {
		p->err = -ENOMEM;
		return p->err;
	}
	memcpy(array, &v, sizeof(v));
	*size = bigger;
	/* cppcheck-suppress memleak ; @array has it */
	return 0;
}

static void clear_selector(struct pol_selector *s)
{
	for (size_t i = 0; s->bits && i < s->n; i++)
		free(s->bits[i]);
	free(s->bits);
	lists_clear(&s->policies);
}

void pol_clear(struct pol *p)
{
	struct numbers *numbers[] = {
		&p->rule_tokens, &p->members, &p->key_numbers, &p->starts,  &p->owner,
		&p->next,        &p->ranks,   &p->anybody,     &p->touched, &p->gathered,
	};
	struct lists *lists[] = {
		&p->port_labels,   &p->policy_rules, &p->token_classes,
		&p->block_classes, &p->token_rules,
	};
	struct set *sets[] = {&p->labels, &p->set_index, &p->token_index, &p->class_index,
			      &p->memo};
	void *arrays[] = {
		p->label_names,   p->port_network, p->has_default, p->sets,      p->set_policies,
		p->port_sets,     p->rules,        p->spans,       p->tokens,    p->label_token,
		p->network_token, p->nodes,        p->classes,     p->painted.v, p->seen,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers_clear(numbers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		lists_clear(lists[i]);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		set_clear(sets[i]);
	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++)
		free(arrays[i]);
	clear_selector(&p->by_label);
	clear_selector(&p->by_network);
	clear_selector(&p->by_port);
	pairs_clear(&p->token_pairs);
}
