/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the parts of the policy compiler share. In the order of work:
 *
 *	policy_select.c   which policies judge which port: rule sets
 *	policy_rules.c    the rules of those policies in their order, with what they say as numbers
 *	policy_tokens.c   what they say about peers: tokens
 *	policy_blocks.c   address space, cut where tokens begin and end
 *	policy_classes.c  peers with the same tokens: classes
 *	policy_paint.c    rules over each other: ranges
 *	policy_lists.c    for each rule set and class, its ranges
 *	policy_emit.c     all of it into tables (policy.c drives it)
 *	policy_warn.c     or instead: which rules never win, for `weft check`
 *
 * Ports, networks, policies and address sets are known by their index in struct config; labels
 * (groups), tokens, classes and rule sets by numbers of their own; rules by their order.
 */
#ifndef WEFT_LOADER_POLICY_PARTS_H
#define WEFT_LOADER_POLICY_PARTS_H

#include <stdbool.h>

#include <weft/policy.h>

#include "config.h"
#include "diag.h"
#include "numbers.h"
#include "set.h"
#include "util.h"

#define POL_NONE ((__u32)-1)
#define POL_MANY ((__u32)-2) /* not only one */

#define POL_POINTS (1u << 24) /* points are below */

/* What all classes hold together. A set of blocks that needs more is of no use: 64 MiB. */
#define POL_MEMBERS_MAX (1u << 24)

/**
 * struct pol_set - a rule set: what judges some ports in one direction.
 * @direction: enum weft_pol_dir.
 * @scope: the network that its rules about networks, and its last default, are about; POL_NONE if
 *         it has neither, so that ports of several networks share it.
 * @network: the network of all its ports, or POL_MANY.
 * @fallback: order of the default at its end.
 */
struct pol_set {
	__u32 direction;
	__u32 scope;
	__u32 network;
	__u32 fallback;
};

/** struct pol_selector - who is named by which policies; see policy_select.c. */
struct pol_selector {
	struct lists policies;
	__u64 **bits;
	size_t n;
};

/** struct pol_span - points from @first to @last, both included. */
struct pol_span {
	__u32 first;
	__u32 last;
};

/**
 * struct pol_rule - a rule, or a default. Its index in struct pol is its order.
 * @policy: NULL: the default of @network.
 * @rule: NULL: a default.
 * @anybody: it says nothing about the peer; else some of @n_tokens tokens.
 * @id: 0 before policy_emit.c.
 * @action: enum weft_pol_action.
 */
struct pol_rule {
	const struct cfg_policy *policy;
	const struct cfg_rule *rule;
	const struct cfg_network *network;
	__u32 direction;
	__u32 first_token;
	__u32 n_tokens;
	__u32 first_span;
	__u32 n_spans;
	__u32 id;
	__u8 action;
	__u8 flags;
	bool anybody;
};

/** enum pol_token_kind - what a rule can say of a peer. */
enum pol_token_kind {
	POL_GROUP,   /* label */
	POL_NETWORK, /* of struct config */
	POL_CIDR,
	POL_SET, /* address set of struct config */
};

/** struct pol_token - one thing that some rule says of its peers. */
struct pol_token {
	enum pol_token_kind kind;
	__u32 index;                 /* by kind */
	const struct cfg_addr *cidr; /* POL_CIDR */
};

/**
 * struct pol_node - a block of addresses; its class holds where no smaller block is.
 * @len: bits in the 128 of an IPv4-mapped or IPv6 address.
 * @parent: the smallest block around it, or POL_NONE.
 * @covered: addresses in smaller blocks, modulo 2^128.
 * @class: POL_NONE if smaller blocks cover it.
 */
struct pol_node {
	struct in6_addr addr;
	unsigned __int128 covered;
	__u32 parent;
	__u32 class;
	__u8 len;
	bool ipv4;
	bool has_children;
};

/**
 * struct pol_class - peers that no rule tells apart. Class 0 has no tokens.
 * @block: class whose tokens it has too, a class of address space; 0 = none.
 * @first, @n: its own tokens, ascending, in struct pol's members.
 * @network: where such peers are, or POL_MANY.
 */
struct pol_class {
	__u32 block;
	__u32 first;
	__u32 n;
	__u32 network;
};

/** struct pol_ranges - a list of ranges being painted. */
struct pol_ranges {
	struct weft_pol_range *v;
	size_t n;
	size_t size;
};

/** struct pol - one run. @err is -ENOMEM once memory has run out. */
struct pol {
	const struct config *cfg;
	int err;

	/* policy_select.c */
	struct set labels;        /* group -> number; those that policies name */
	const char **label_names; /* as some policy spells them */
	size_t n_labels, labels_size;
	__u32 *port_network;      /* by port */
	struct lists port_labels; /* by port */
	struct pol_selector by_label, by_network, by_port;
	size_t words; /* of a bit set of policies */
	__u64 *key;   /* scope and direction, then policies: of a rule set */
	__u64 *has_default, *has_networks, *direction[__WEFT_POL_DIR_MAX]; /* policies */
	__u64 *used;                                                       /* in any rule set */
	struct pol_set *sets;
	__u64 *set_policies; /* @words for each rule set */
	size_t n_sets, sets_size;
	struct set set_index;
	__u32 *port_sets; /* port * 2 + direction -> rule set or POL_NONE */

	/* policy_rules.c */
	struct pol_rule *rules; /* by order; defaults behind all rules */
	size_t n_rules;         /* without defaults */
	size_t n_all;
	struct lists policy_rules; /* by policy: orders */
	struct pol_span *spans;
	size_t n_spans, spans_size;

	/* policy_tokens.c */
	struct set token_index;
	struct pol_token *tokens;
	size_t n_tokens, tokens_size;
	struct numbers rule_tokens;
	__u32 *label_token, *network_token; /* or POL_NONE */

	/* policy_blocks.c */
	struct pol_node *nodes;
	size_t n_nodes, nodes_size;
	bool ipv6_over_ipv4; /* an IPv6 block holds what stands for all of IPv4 */
	bool ipv4_whole;     /* a block of all IPv4 addresses says otherwise */

	/* policy_classes.c */
	struct set class_index;
	struct pol_class *classes;
	size_t n_classes, classes_size;
	struct numbers members;     /* tokens of all classes */
	struct numbers key_numbers; /* scratch */
	bool too_many_members;
	struct lists token_classes; /* by token: classes with it among their own */
	struct lists block_classes; /* by class: those that have its tokens too */

	/* policy_paint.c */
	struct pol_ranges painted;
	struct numbers starts, owner, next;

	/* policy_lists.c */
	struct numbers ranks, anybody, touched, gathered;
	struct pairs token_pairs;
	struct lists token_rules; /* of the rule set at hand, by token: orders */
	__u32 *seen;              /* by class: rule set + 1 that it was met in last */
	struct set memo;          /* tokens that matter -> list */
};

/** pol_select - make rule sets. @ports: 0 = does not count, by port; NULL: all count. */
void pol_select(struct pol *p, const __u32 *ports);

/** pol_label - number of a group that some policy names, or POL_NONE. */
__u32 pol_label(const struct pol *p, const char *group);

/** pol_policies - the policies of a rule set, as bits. */
static inline const __u64 *pol_policies(const struct pol *p, size_t set)
{
	return p->set_policies + set * p->words;
}

static inline bool pol_bit(const __u64 *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/** pol_rules - put the rules of all rule sets in order; choose the defaults of rule sets. */
void pol_rules(struct pol *p);

/** pol_peer - what a rule says about the peer, NULL if nothing. */
const struct cfg_peer *pol_peer(const struct cfg_policy *policy, const struct cfg_rule *rule);

/** pol_tokens - set the tokens of a rule. */
void pol_tokens(struct pol *p, struct pol_rule *rule);

/** pol_tokens_end - all rules have their tokens: fill the arrays by label and network. */
void pol_tokens_end(struct pol *p);

static inline struct slice pol_rule_tokens(const struct pol *p, const struct pol_rule *rule)
{
	if (!rule->n_tokens)
		return (struct slice){};
	return (struct slice){p->rule_tokens.v + rule->first_token, rule->n_tokens};
}

/** pol_token_counts - whether a token can be a peer's of this rule set. */
static inline bool pol_token_counts(const struct pol *p, const struct pol_set *set, __u32 token)
{
	const struct pol_token *t = &p->tokens[token];

	return t->kind != POL_NETWORK || t->index == set->scope;
}

/** pol_blocks - cut address space into nodes, and give each its class. */
void pol_blocks(struct pol *p);

/** pol_block_class - class of an address by itself. */
__u32 pol_block_class(const struct pol *p, const struct in6_addr *addr);

/** pol_whole_class - class of addresses of one family that no smaller block holds. */
__u32 pol_whole_class(const struct pol *p, bool ipv4);

/**
 * pol_class - the class with these tokens, a new one if need be.
 * @block: class of a block whose tokens it has too, or 0.
 * @own: ascending.
 * @network: where its peers are, or POL_MANY.
 */
__u32 pol_class(struct pol *p, __u32 block, struct slice own, __u32 network);

/** pol_port_class - class of an address of a port. */
__u32 pol_port_class(struct pol *p, size_t port, const struct in6_addr *addr);

/** pol_member_class - class of anybody in a port's groups and network. @block: as in pol_class().
 */
__u32 pol_member_class(struct pol *p, size_t port, __u32 block);

/** pol_classes_end - all classes are known: fill the lists by token and block. */
void pol_classes_end(struct pol *p);

/**
 * pol_paint - first rule for every point, into @p->painted.
 * @orders: ascending.
 * @fallback: order of the rule of all other points; POL_NONE: they stay out.
 */
void pol_paint(struct pol *p, struct slice orders, __u32 fallback);

/**
 * struct pol_sink - who takes the lists.
 * @list: a list is in @p->painted; whether it is about anybody. Called for each that may differ;
 *        @orders are the rules in it. Return: any number that stands for it.
 * @match: list of a class in a rule set.
 */
struct pol_sink {
	void *arg;
	__u32 (*list)(void *arg, size_t set, struct slice orders, bool anybody);
	void (*match)(void *arg, size_t set, __u32 class, __u32 list);
};

/** pol_lists - all lists of all rule sets: of each first that about anybody. */
void pol_lists(struct pol *p, const struct pol_sink *sink);

/** pol_identity - hash of what a rule says; see struct weft_rule_info. */
__u64 pol_identity(const struct pol *p, const struct pol_rule *rule);

/** pol_grow - room for one more of @n in an array; NULL-safe. Return: 0 or -ENOMEM in @p->err. */
int pol_grow(struct pol *p, void *array, size_t n, size_t *size, size_t item);

/** pol_clear - release everything; for _cleanup_(). */
void pol_clear(struct pol *p);

#endif
