/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Address space as rules see it: prefixes of CIDRs, address sets with their exceptions and
 * networks' subnets, put into each other. See policy_parts.h.
 *
 * Prefixes are disjoint or one inside the other, and in sorted order an outer one comes before
 * those inside it; so one walk with a stack of the prefixes around finds everything. A prefix
 * becomes a node only if the tokens inside differ from those around.
 */
#include "policy_parts.h"

#include <string.h>

#include "value.h"

#define MAX_DEPTH 130 /* one of each length, and the bottom */

/** struct block - a prefix that some token names. @except: to take it out of the token. */
struct block {
	struct in6_addr addr;
	__u32 token;
	__u8 len; /* in 128 bits */
	bool ipv4;
	bool except;
};

/**
 * struct level - a prefix on the stack.
 * @active: tokens of addresses in it.
 * @out: tokens that have excepted it or a prefix around it.
 * @node: its node, or that of the prefix around it.
 */
struct level {
	struct in6_addr addr;
	struct numbers active;
	struct numbers out;
	__u32 node;
	__u8 len;
	bool ipv4;
	bool has_node; /* @node is its own */
};

struct walk {
	struct pol *p;
	struct block *blocks;
	size_t n, size;
	struct level levels[MAX_DEPTH];
	size_t depth;
};

static void add_block(struct walk *w, const struct cfg_addr *prefix, __u32 token, bool except)
{
	bool ipv4 = value_is_ipv4(&prefix->v);

	if (pol_grow(w->p, &w->blocks, w->n, &w->size, sizeof(*w->blocks)))
		return;
	w->blocks[w->n++] = (struct block){
		.addr = prefix->v,
		.token = token,
		.len = prefix->prefix_len + (ipv4 ? 96 : 0),
		.ipv4 = ipv4,
		.except = except,
	};
}

static void add_blocks(struct walk *w, const struct cfg_addrs *prefixes, __u32 token, bool except)
{
	for (size_t i = 0; i < prefixes->n; i++)
		add_block(w, &prefixes->v[i], token, except);
}

static void gather(struct walk *w)
{
	/* Every IPv6 host has a link-local address, and no subnet holds it. */
	static const struct cfg_addr link_local = {.v.s6_addr = {0xfe, 0x80}, .prefix_len = 10};
	const struct config *cfg = w->p->cfg;

	for (__u32 i = 0; i < w->p->n_tokens && !w->p->err; i++) {
		const struct pol_token *t = &w->p->tokens[i];

		if (t->kind == POL_CIDR)
			add_block(w, t->cidr, i, false);
		if (t->kind == POL_SET) {
			add_blocks(w, &cfg->address_sets.v[t->index].cidrs, i, false);
			add_blocks(w, &cfg->address_sets.v[t->index].except, i, true);
		}
		if (t->kind == POL_NETWORK) {
			add_blocks(w, &cfg->networks.v[t->index].subnets, i, false);
			add_block(w, &link_local, i, false);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const struct block *x = a, *y = b;
	int diff = y->ipv4 - x->ipv4;

	if (!diff)
		diff = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	if (!diff)
		diff = x->len - y->len;
	return diff ? diff : x->token < y->token ? -1 : x->token > y->token;
}

/* Are the first @len bits the same? */
static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned int len)
{
	unsigned int bytes = len / 8, rest = len % 8;

	return !memcmp(a, b, bytes) &&
	       (!rest || !((a->s6_addr[bytes] ^ b->s6_addr[bytes]) >> (8 - rest)));
}

/* All of 2^128 is 0, like everything modulo 2^128. */
static unsigned __int128 size_of(__u8 len)
{
	return len ? (unsigned __int128)1 << (128 - len) : 0;
}

static bool is_covered(const struct pol_node *node)
{
	return node->has_children && node->covered == size_of(node->len);
}

static void pop(struct walk *w)
{
	struct level *level = &w->levels[w->depth--];
	struct pol_node *node, *parent;

	if (!level->has_node || w->p->err)
		return;
	node = &w->p->nodes[level->node];
	node->class = is_covered(node) ? POL_NONE
				       : pol_class(w->p, 0, numbers_all(&level->active), POL_MANY);
	if (node->parent == POL_NONE)
		return;
	parent = &w->p->nodes[node->parent];
	parent->has_children = true;
	parent->covered += size_of(node->len);
}

static bool holds(const struct level *level, const struct block *block)
{
	return level->ipv4 == block->ipv4 && level->len <= block->len &&
	       same_bits(&level->addr, &block->addr, level->len);
}

/* @a without what is in @b; both ascending. */
static void subtract(struct numbers *a, const struct numbers *b)
{
	size_t kept = 0, j = 0;

	for (size_t i = 0; i < a->n && b->n; i++) {
		while (j < b->n && b->v[j] < a->v[i])
			j++;
		if (j == b->n || b->v[j] != a->v[i])
			a->v[kept++] = a->v[i];
	}
	if (b->n)
		a->n = kept;
}

/* What is around, and what blocks of one prefix add to it and take from it. */
static void set_tokens(struct walk *w, struct level *level, const struct level *around,
		       const struct block *blocks, size_t n)
{
	level->active.n = 0;
	level->out.n = 0;
	w->p->err = numbers_append(&level->active, numbers_all(&around->active));
	if (!w->p->err)
		w->p->err = numbers_append(&level->out, numbers_all(&around->out));
	for (size_t i = 0; i < n && !w->p->err; i++)
		w->p->err = numbers_add(blocks[i].except ? &level->out : &level->active,
					blocks[i].token);
	if (w->p->err)
		return;
	numbers_sort(&level->active, 0);
	numbers_sort(&level->out, 0);
	subtract(&level->active, &level->out);
}

static bool same_tokens(const struct numbers *a, const struct numbers *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

static void push(struct walk *w, const struct block *blocks, size_t n)
{
	const struct level *around = &w->levels[w->depth];
	struct level *level = &w->levels[++w->depth];
	struct pol *p = w->p;

	level->addr = blocks->addr;
	level->len = blocks->len;
	level->ipv4 = blocks->ipv4;
	level->node = around->node;
	set_tokens(w, level, around, blocks, n);
	level->has_node = !same_tokens(&level->active, &around->active);
	if (!level->has_node || p->err ||
	    pol_grow(p, &p->nodes, p->n_nodes, &p->nodes_size, sizeof(*p->nodes)))
		return;
	level->node = p->n_nodes;
	p->nodes[p->n_nodes++] = (struct pol_node){
		.addr = level->addr,
		.len = level->len,
		.ipv4 = level->ipv4,
		.parent = around->node,
	};
}

static void walk(struct walk *w)
{
	size_t i, n;

	w->levels[0].node = POL_NONE;
	for (i = 0; i < w->n && !w->p->err; i += n) {
		const struct block *first = &w->blocks[i];

		for (n = 1; i + n < w->n; n++) {
			const struct block *next = &w->blocks[i + n];

			if (next->ipv4 != first->ipv4 || next->len != first->len ||
			    memcmp(&next->addr, &first->addr, sizeof(first->addr)) != 0)
				break;
		}
		while (w->depth && !holds(&w->levels[w->depth], first))
			pop(w);
		push(w, first, n);
	}
	while (w->depth)
		pop(w);
}

static void release(struct walk *w)
{
	for (size_t i = 0; i < MAX_DEPTH; i++) {
		numbers_clear(&w->levels[i].active);
		numbers_clear(&w->levels[i].out);
	}
	free(w->blocks);
}

/* In one table of IPv6 addresses, ::/0 would hold IPv4's too. */
static void find_overlap(struct pol *p)
{
	static const struct in6_addr ipv4 = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	for (size_t i = 0; i < p->n_nodes; i++) {
		const struct pol_node *node = &p->nodes[i];

		if (node->ipv4 && node->len == 96)
			p->ipv4_whole = true;
		if (!node->ipv4 && node->len <= 96 && same_bits(&node->addr, &ipv4, node->len))
			p->ipv6_over_ipv4 = true;
	}
}

void pol_blocks(struct pol *p)
{
	_cleanup_(release) struct walk w = {.p = p};

	gather(&w);
	if (p->err || !w.n)
		return;
	qsort(w.blocks, w.n, sizeof(*w.blocks), compare);
	walk(&w);
	find_overlap(p);
}

static bool is_before(const struct pol_node *node, const struct in6_addr *addr, bool ipv4)
{
	if (node->ipv4 != ipv4)
		return node->ipv4;
	return memcmp(&node->addr, addr, sizeof(*addr)) <= 0;
}

__u32 pol_block_class(const struct pol *p, const struct in6_addr *addr)
{
	bool ipv4 = value_is_ipv4(addr);
	size_t low = 0, high = p->n_nodes;
	__u32 i;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (is_before(&p->nodes[mid], addr, ipv4))
			low = mid + 1;
		else
			high = mid;
	}
	/* The last one that does not come after it, or one around that. */
	for (i = low ? low - 1 : POL_NONE; i != POL_NONE; i = p->nodes[i].parent) {
		const struct pol_node *node = &p->nodes[i];

		if (node->ipv4 == ipv4 && same_bits(&node->addr, addr, node->len))
			return node->class;
	}
	return 0;
}

__u32 pol_whole_class(const struct pol *p, bool ipv4)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		const struct pol_node *node = &p->nodes[i];

		if (node->ipv4 == ipv4 && node->len == (ipv4 ? 96 : 0))
			return node->class;
	}
	return 0;
}
