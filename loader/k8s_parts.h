/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the parts of the converter share; see k8s.h. */
#ifndef WEFT_LOADER_K8S_PARTS_H
#define WEFT_LOADER_K8S_PARTS_H

#include <netinet/in.h>
#include <linux/types.h>

#include "config.h"
#include "diag.h"
#include "k8s.h"
#include "k8s_kinds.h"
#include "numbers.h"

#define K8S_NONE ((size_t)-1)

/**
 * struct k8s_path - what a complaint is about: "NetworkPolicy default/web: spec.ingress[0]".
 * @at: the nearest value that has a place in a file.
 */
struct k8s_path {
	const json_t *at;
	char s[DIAG_KEY_LEN];
};

/**
 * struct k8s_pod - a pod that policies may be about: not one that is done, nor one that has the
 * node's own network.
 * @id: "NAMESPACE/NAME".
 * @here: on the node that is converted for.
 */
struct k8s_pod {
	const json_t *object;
	const char *ns;
	const char *name;
	char *id;
	const json_t *labels;
	struct in6_addr *addrs;
	size_t n_addrs;
	bool here;
};

/** struct k8s_namespace - a namespace of which there is an object. */
struct k8s_namespace {
	const char *name;
	const json_t *labels;
};

/** struct k8s_pods - indices of pods, ascending. */
struct k8s_pods {
	__u32 *v;
	size_t n, size;
};

/** struct k8s_selection - what a selector selects. @key: what it says; see k8s_select(). */
struct k8s_selection {
	char *key;
	struct k8s_pods pods;
};

/** struct k8s_named - an address set. */
struct k8s_named {
	char *name; /* NULL: it would be empty */
};

/** struct k8s - a conversion. */
struct k8s {
	const struct k8s_options *options;
	struct k8s_pod *pods; /* by namespace and name */
	size_t n_pods;
	struct k8s_namespace *namespaces; /* by name */
	size_t n_namespaces;
	struct set pod_of; /* address -> pod, the first that has it */
	const json_t **policies, **services, **endpoints;
	size_t n_policies, n_services, n_endpoints;
	struct set endpoints_of; /* "NAMESPACE/NAME" -> index */
	struct k8s_selection *selections;
	size_t n_selections, selections_size;
	struct set selection_of; /* key -> index */
	struct k8s_named *sets;
	size_t n_sets, sets_size;
	struct set set_of;      /* key -> index */
	struct set names_taken; /* of sets */
	json_t *address_sets;
	json_t *out; /* policies */
	int err;     /* first failure for want of memory */
};

/** struct k8s_block - an ipBlock. */
struct k8s_block {
	struct cfg_addr cidr;
	struct cfg_addr *except;
	size_t n_except;
};

/** struct k8s_peers - the other end. @any: everybody; else who is selected or in a block. */
struct k8s_peers {
	bool any;
	size_t *selections;
	size_t n_selections;
	struct k8s_block *blocks;
	size_t n_blocks;
};

/** struct k8s_port - ports of one protocol. @name: a named port; else from @first to @last. */
struct k8s_port {
	const char *protocol; /* as weft calls it */
	const char *name;
	__u32 first;
	__u32 last;
};

/** struct k8s_rule - an ingress or egress rule. @all_ports: it says nothing about ports. */
struct k8s_rule {
	struct k8s_peers peers;
	bool all_ports;
	struct k8s_port *ports;
	size_t n_ports;
};

/* k8s_words.c */

/** k8s_where - where a value stands, or @near if that is known only. */
struct diag_at k8s_where(const struct k8s_input *in, const json_t *value, const json_t *near,
			 const char *key);

/** k8s_wrong - say that something is wrong. @hint: may be NULL. Return: -EINVAL. */
int k8s_wrong(struct k8s *k, const struct k8s_path *path, const char *hint, const char *message);

/** k8s_warn - say that something is allowed, but hardly meant. */
void k8s_warn(struct k8s *k, const struct k8s_path *path, const char *message);

/** k8s_top - the path of an object. */
struct k8s_path k8s_top(const json_t *object);

/** k8s_down - the path of a value in another: k8s_down(&path, v, ".from[%zu]", i). */
struct k8s_path k8s_down(const struct k8s_path *up, const json_t *value, const char *step, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * k8s_keys - whether a value is a mapping of no other than these keys. null counts as empty.
 * @keys: end with NULL.
 *
 * Return: 0 or -EINVAL, said.
 */
int k8s_keys(struct k8s *k, const struct k8s_path *path, const json_t *value,
	     const char *const *keys);

/** k8s_items - a list that may be left out or null: NULL if it is. @bad: it is no list, said. */
const json_t *k8s_items(struct k8s *k, const struct k8s_path *path, const json_t *list, bool *bad);

/** k8s_meta - a text of an object's metadata, or NULL. */
const char *k8s_meta(const json_t *object, const char *key);

/** k8s_id - "NAMESPACE/NAME" of an object. */
void k8s_id(const json_t *object, char *out, size_t size);

/** k8s_protocol - weft's word for Kubernetes' word, or NULL. NULL and null are TCP. */
const char *k8s_protocol(const json_t *value);

/** k8s_parse_addr - text to an address, IPv4 as IPv4-mapped. */
bool k8s_parse_addr(const char *text, struct in6_addr *out);

/* k8s_world.c */

/** k8s_world - take the objects in. Failures are in @k->err. */
void k8s_world(struct k8s *k, const json_t *objects);
void k8s_world_clear(struct k8s *k);

/** k8s_pods_of - the pods of a namespace: from @first, before @end. */
void k8s_pods_of(const struct k8s *k, const char *ns, size_t *first, size_t *end);

/** k8s_container_port - the number of a pod's named port, or 0. @protocol: as weft calls it. */
__u32 k8s_container_port(const struct k8s_pod *pod, const char *name, const char *protocol);

/* k8s_select.c */

/**
 * k8s_select - the pods that a selector selects.
 * @ns: those of one namespace; NULL: those of the namespaces that @namespaces selects. Namespaces
 *      that there is no object of are not selected: their labels are not known.
 * @pods: NULL: all pods there.
 * @path: of what has the keys podSelector and namespaceSelector.
 *
 * Return: index in @k->selections; K8S_NONE if something is wrong, which was said.
 */
size_t k8s_select(struct k8s *k, const struct k8s_path *path, const char *ns, const json_t *pods,
		  const json_t *namespaces);

/** k8s_pods_add - add a pod that comes after all that are there. Failures are in @k->err. */
void k8s_pods_add(struct k8s *k, struct k8s_pods *list, size_t pod);

/** k8s_pods_have - whether a pod is in the list. */
bool k8s_pods_have(const struct k8s_pods *list, size_t pod);

/* k8s_sets.c */

/**
 * k8s_set_of_addrs - the address set of some addresses.
 * @addrs: @n of them; will be sorted.
 * @key: what tells it from others.
 *
 * Return: its name; NULL if there are no addresses, or without memory.
 */
const char *k8s_set_of_addrs(struct k8s *k, struct in6_addr *addrs, size_t n, const char *key);

/** k8s_set_of_pods - the same for all pods that were selected. */
const char *k8s_set_of_pods(struct k8s *k, const struct k8s_selection *selection);

/** k8s_set_of_block - the address set of a block with exceptions. */
const char *k8s_set_of_block(struct k8s *k, const struct k8s_block *block);

/** k8s_hash - 16 digits for a name that has to be short. @out: 17 bytes. */
void k8s_hash(const char *text, char *out);

/** k8s_block_holds - whether an address is in a block. */
bool k8s_block_holds(const struct k8s_block *block, const struct in6_addr *addr);

/* k8s_policy.c */

/** k8s_policy - convert a NetworkPolicy. Failures are in @k->err. */
void k8s_policy(struct k8s *k, const json_t *object);

/* k8s_rules.c, k8s_emit.c */

/**
 * k8s_rule_read - understand a rule. What is wrong with it is said and left out.
 * @rule: k8s_rule_clear() releases it.
 * @ns: the policy's namespace.
 * @list: "from" or "to".
 */
void k8s_rule_read(struct k8s *k, const struct k8s_path *path, const json_t *value, const char *ns,
		   const char *list, struct k8s_rule *rule);
void k8s_rule_clear(struct k8s_rule *rule);

/**
 * k8s_rule_emit - a rule as rules of weft.
 * @list: "from": a named port is one of @pod; "to": one of the peers.
 * @rules: an array that they are added to.
 */
void k8s_rule_emit(struct k8s *k, const struct k8s_rule *rule, const char *list,
		   const struct k8s_pod *pod, json_t *rules);

/** k8s_rule_allows - whether a rule is about an address and a port. */
bool k8s_rule_allows(const struct k8s *k, const struct k8s_rule *rule, const struct in6_addr *addr,
		     const char *protocol, __u32 port);

/** k8s_peer - weft's word for some peers; NULL if they are nobody. Not for any. */
json_t *k8s_peer(struct k8s *k, const struct k8s_peers *peers);

/* k8s_services.c */

/** k8s_services_emit - what an egress rule says about Services whose every endpoint it allows. */
void k8s_services_emit(struct k8s *k, const struct k8s_rule *rule, json_t *rules);

#endif
