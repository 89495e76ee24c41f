/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Peers that no rule tells apart; see policy_parts.h.
 *
 * A block of addresses has the tokens that name it. An endpoint has those of its address, and its
 * groups and network besides: it is kept as these two parts, so that ten thousand endpoints in one
 * block of a thousand tokens do not make ten million.
 */
#include "policy_parts.h"

/* @p->key_numbers: the block, then the tokens. */
static __u32 find_class(struct pol *p, __u32 network)
{
	const struct numbers *key = &p->key_numbers;
	struct pol_class class = {
		.block = key->v[0],
		.first = p->members.n,
		.n = key->n - 1,
		.network = network,
	};
	size_t found = p->n_classes;
	int err;

	err = set_add(&p->class_index, key->v, key->n * sizeof(*key->v), found, &found);
	if (err == -EEXIST) {
		if (p->classes[found].network != network)
			p->classes[found].network = POL_MANY;
		return found;
	}
	if (err)
		p->err = err;
	if (!p->err)
		p->err = numbers_append(&p->members, (struct slice){key->v + 1, class.n});
	if (pol_grow(p, &p->classes, p->n_classes, &p->classes_size, sizeof(*p->classes)))
		return 0;
	p->classes[p->n_classes++] = class;
	return found;
}

__u32 pol_class(struct pol *p, __u32 block, struct slice own, __u32 network)
{
	if (p->err || p->too_many_members)
		return 0;
	if (!p->n_classes && !pol_grow(p, &p->classes, 0, &p->classes_size, sizeof(*p->classes)))
		p->classes[p->n_classes++] = (struct pol_class){.network = POL_MANY};
	if (!own.n)
		return block;
	if (p->members.n + own.n > POL_MEMBERS_MAX) {
		p->too_many_members = true;
		return 0;
	}
	p->key_numbers.n = 0;
	if (!p->err)
		p->err = numbers_add(&p->key_numbers, block);
	if (!p->err)
		p->err = numbers_append(&p->key_numbers, own);
	return p->err ? 0 : find_class(p, network);
}

__u32 pol_port_class(struct pol *p, size_t port, const struct in6_addr *addr)
{
	return pol_member_class(p, port, pol_block_class(p, addr));
}

__u32 pol_member_class(struct pol *p, size_t port, __u32 block)
{
	struct slice labels = lists_get(&p->port_labels, port);
	__u32 network = p->port_network[port], token;
	struct numbers *own = &p->gathered;

	own->n = 0;
	for (size_t i = 0; i <= labels.n && !p->err; i++) {
		token = i < labels.n ? p->label_token[labels.v[i]] : p->network_token[network];
		if (token != POL_NONE)
			p->err = numbers_add(own, token);
	}
	if (p->err)
		return 0;
	numbers_sort(own, 0);
	return pol_class(p, block, numbers_all(own), network);
}

void pol_classes_end(struct pol *p)
{
	struct pairs tokens = {}, blocks = {};

	for (__u32 i = 0; i < p->n_classes && !p->err; i++) {
		const struct pol_class *class = &p->classes[i];

		for (size_t j = 0; j < class->n && !p->err; j++)
			p->err = pairs_add(&tokens, p->members.v[class->first + j], i);
		if (class->block && !p->err)
			p->err = pairs_add(&blocks, class->block, i);
	}
	if (!p->err)
		p->err = lists_build(&p->token_classes, p->n_tokens, &tokens);
	if (!p->err)
		p->err = lists_build(&p->block_classes, p->n_classes, &blocks);
	pairs_clear(&tokens);
	pairs_clear(&blocks);
}
