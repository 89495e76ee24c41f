/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What rules say of their peers, each thing as a number; see policy_parts.h. */
#include "policy_parts.h"

#include <string.h>

/** struct token_key - what makes a token the same one. No padding. */
struct token_key {
	__u32 kind;
	__u32 index;
	__u32 prefix_len;
	struct in6_addr addr;
};

static __u32 get_token(struct pol *p, enum pol_token_kind kind, __u32 index,
		       const struct cfg_addr *cidr)
{
	struct token_key key = {.kind = kind, .index = index};
	size_t token = p->n_tokens;
	int err;

	if (cidr) {
		key.addr = cidr->v;
		key.prefix_len = cidr->prefix_len;
	}
	err = set_add(&p->token_index, &key, sizeof(key), token, &token);
	if (err == -EEXIST)
		return token;
	if (err)
		p->err = err;
	if (pol_grow(p, &p->tokens, p->n_tokens, &p->tokens_size, sizeof(*p->tokens)))
		return 0;
	p->tokens[p->n_tokens++] = (struct pol_token){.kind = kind, .index = index, .cidr = cidr};
	return token;
}

static void add_token(struct pol *p, enum pol_token_kind kind, __u32 index,
		      const struct cfg_addr *cidr)
{
	__u32 token = get_token(p, kind, index, cidr);

	if (!p->err)
		p->err = numbers_add(&p->rule_tokens, token);
}

void pol_tokens(struct pol *p, struct pol_rule *rule)
{
	const struct cfg_peer *peer = pol_peer(rule->policy, rule->rule);
	const struct config *cfg = p->cfg;

	rule->first_token = p->rule_tokens.n;
	if (!peer)
		return;
	for (size_t i = 0; i < peer->groups.n; i++)
		add_token(p, POL_GROUP, pol_label(p, peer->groups.v[i].v), NULL);
	for (size_t i = 0; i < peer->networks.n; i++)
		add_token(p, POL_NETWORK,
			  config_find_network(cfg, peer->networks.v[i].v) - cfg->networks.v, NULL);
	for (size_t i = 0; i < peer->cidrs.n; i++)
		add_token(p, POL_CIDR, 0, &peer->cidrs.v[i]);
	for (size_t i = 0; i < peer->sets.n; i++)
		add_token(p, POL_SET,
			  config_find_address_set(cfg, peer->sets.v[i].v) - cfg->address_sets.v,
			  NULL);
	if (p->err)
		return;
	numbers_sort(&p->rule_tokens, rule->first_token);
	rule->n_tokens = p->rule_tokens.n - rule->first_token;
}

static __u32 *no_tokens(struct pol *p, size_t n)
{
	__u32 *tokens = calloc(n + 1, sizeof(*tokens));

	if (!tokens)
		p->err = -ENOMEM;
	for (size_t i = 0; tokens && i < n; i++)
		tokens[i] = POL_NONE;
	return tokens;
}

void pol_tokens_end(struct pol *p)
{
	p->label_token = no_tokens(p, p->n_labels);
	p->network_token = no_tokens(p, p->cfg->networks.n);
	if (p->err)
		return;
	for (__u32 i = 0; i < p->n_tokens; i++) {
		if (p->tokens[i].kind == POL_GROUP)
			p->label_token[p->tokens[i].index] = i;
		if (p->tokens[i].kind == POL_NETWORK)
			p->network_token[p->tokens[i].index] = i;
	}
}

/* FNV-1a, as in set.c, over any number of pieces. */
static __u64 mix(__u64 hash, const void *bytes, size_t len)
{
	const __u8 *b = bytes;

	while (len--) {
		hash ^= *b++;
		hash *= 0x100000001b3;
	}
	return hash;
}

/* A token as the file names it: numbers of labels and networks are other ones in another file. */
static __u64 token_hash(const struct pol *p, __u32 token)
{
	const struct pol_token *t = &p->tokens[token];
	__u32 kind = t->kind;
	__u64 hash = mix(0xcbf29ce484222325, &kind, sizeof(kind));
	const char *name;

	if (t->kind == POL_CIDR) {
		hash = mix(hash, &t->cidr->v, sizeof(t->cidr->v));
		return mix(hash, &t->cidr->prefix_len, sizeof(t->cidr->prefix_len));
	}
	name = t->kind == POL_NETWORK ? p->cfg->networks.v[t->index].name.v
	       : t->kind == POL_SET   ? p->cfg->address_sets.v[t->index].name.v
				      : p->label_names[t->index];
	return mix(hash, name, strlen(name));
}

__u64 pol_identity(const struct pol *p, const struct pol_rule *rule)
{
	struct slice tokens = pol_rule_tokens(p, rule);
	__u8 head[] = {rule->policy ? 1 : 2, rule->rule ? 1 : 2, rule->direction, rule->action,
		       rule->anybody};
	__u64 hash = mix(0xcbf29ce484222325, head, sizeof(head)), peers = 0;

	/* Their sum, because the order in which a file names them means nothing. */
	for (size_t i = 0; i < tokens.n; i++)
		peers += token_hash(p, tokens.v[i]);
	hash = mix(hash, &peers, sizeof(peers));
	if (!rule->n_spans)
		return hash;
	return mix(hash, p->spans + rule->first_span, rule->n_spans * sizeof(*p->spans));
}
