/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Lists of addresses to address sets, each once. A set's name tells something of what is in it and
 * is the same for as long as the selector says the same: rules keep their ids and counters by it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_parts.h"
#include "util.h"
#include "value.h"

#define SLUG_MAX 36 /* prefix, slug, two "_" and 16 digits come to less than the 63 of a name */

void k8s_hash(const char *text, char *out)
{
	__u64 hash = 0xcbf29ce484222325; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (__u8)*text) * 0x100000001b3;
	snprintf(out, 17, "%016llx", (unsigned long long)hash);
}

/* What of a key's letters fits a name. */
static void slug_of(const char *key, char *out)
{
	size_t n = 0;

	for (; *key && n < SLUG_MAX; key++) {
		bool fits = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
				   *key);

		if (fits)
			out[n++] = *key;
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

/* Words that say nothing are left out of the name: "matchLabels" is in most. */
static char *shorten(const char *key)
{
	static const char *const noise[] = {"matchLabels", "matchExpressions", "null"};
	char *text = strdup(key);

	for (size_t i = 0; text && i < ARRAY_SIZE(noise); i++) {
		char *at;

		while ((at = strstr(text, noise[i])))
			memmove(at, at + strlen(noise[i]), strlen(at + strlen(noise[i])) + 1);
	}
	return text;
}

/* Two keys may have one hash: somebody may have seen to that. Then one more round. */
static char *name_of(struct k8s *k, const char *key)
{
	_cleanup_free_ char *text = shorten(key), *salted = NULL;
	char slug[SLUG_MAX + 1], hash[17];
	char *name = NULL;
	int round = 0, err;

	if (!text)
		return NULL;
	slug_of(text, slug);
	do {
		free(salted);
		free(name);
		if (asprintf(&salted, "%s%.*s", key, round++, "################") < 0)
			salted = NULL;
		if (!salted)
			return NULL;
		k8s_hash(salted, hash);
		if (asprintf(&name, K8S_PREFIX "%s%s%s", slug, *slug ? "_" : "", hash) < 0)
			return NULL;
		err = set_add(&k->names_taken, name, strlen(name), 0, NULL);
	} while (err == -EEXIST && round < 16);
	if (err) {
		free(name);
		return NULL;
	}
	return name;
}

/* Return: where its name will be, or NULL without memory. @is_new: it has to be filled. */
static struct k8s_named *find_or_add(struct k8s *k, const char *key, bool *is_new)
{
	size_t known;

	*is_new = false;
	if (set_find(&k->set_of, key, strlen(key), &known))
		return &k->sets[known];
	if (k->n_sets == k->sets_size) {
		size_t size = k->sets_size ? 2 * k->sets_size : 64;
		struct k8s_named *more = reallocarray(k->sets, size, sizeof(*more));

		if (!more)
			return NULL;
		k->sets = more;
		k->sets_size = size;
	}
	if (set_add(&k->set_of, key, strlen(key), k->n_sets, NULL))
		return NULL;
	*is_new = true;
	k->sets[k->n_sets] = (struct k8s_named){};
	return &k->sets[k->n_sets++];
}

static void emit_set(struct k8s *k, struct k8s_named *set, const char *key, json_t *cidrs,
		     json_t *except)
{
	json_t *doc;

	set->name = name_of(k, key);
	doc = set->name ? json_pack("{s:s, s:O}", "name", set->name, "cidrs", cidrs) : NULL;
	if (!doc || (except && json_object_set(doc, "except", except)) ||
	    json_array_append_new(k->address_sets, doc))
		k->err = -ENOMEM;
}

static int compare_addrs(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct in6_addr));
}

static json_t *host_prefix(const struct in6_addr *addr)
{
	struct cfg_addr prefix = {.v = *addr, .prefix_len = value_is_ipv4(addr) ? 32 : 128};

	return json_string(value_prefix(&prefix).s);
}

/* Sorted, each once. */
static json_t *list_addrs(struct k8s *k, struct in6_addr *addrs, size_t n)
{
	json_t *list = json_array();

	if (!list)
		k->err = -ENOMEM;
	if (n)
		qsort(addrs, n, sizeof(*addrs), compare_addrs);
	for (size_t i = 0; i < n && !k->err; i++)
		if ((!i || compare_addrs(&addrs[i], &addrs[i - 1]) != 0) &&
		    json_array_append_new(list, host_prefix(&addrs[i])))
			k->err = -ENOMEM;
	return list;
}

static void fill(struct k8s *k, struct k8s_named *set, const char *key, struct in6_addr *addrs,
		 size_t n)
{
	json_auto_t *cidrs = list_addrs(k, addrs, n);

	if (n && !k->err)
		emit_set(k, set, key, cidrs, NULL);
}

const char *k8s_set_of_addrs(struct k8s *k, struct in6_addr *addrs, size_t n, const char *key)
{
	bool is_new;
	struct k8s_named *set = find_or_add(k, key, &is_new);

	if (!set) {
		k->err = -ENOMEM;
		return NULL;
	}
	if (is_new)
		fill(k, set, key, addrs, n);
	return set->name;
}

const char *k8s_set_of_pods(struct k8s *k, const struct k8s_selection *selection)
{
	_cleanup_free_ struct in6_addr *addrs = NULL;
	const struct k8s_pods *pods = &selection->pods;
	size_t n = 0, max = 0;

	for (size_t i = 0; i < pods->n; i++)
		max += k->pods[pods->v[i]].n_addrs;
	addrs = calloc(max + 1, sizeof(*addrs));
	if (!addrs) {
		k->err = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < pods->n; i++) {
		const struct k8s_pod *pod = &k->pods[pods->v[i]];

		for (size_t j = 0; j < pod->n_addrs; j++)
			addrs[n++] = pod->addrs[j];
	}
	return k8s_set_of_addrs(k, addrs, n, selection->key);
}

const char *k8s_set_of_block(struct k8s *k, const struct k8s_block *block)
{
	json_auto_t *cidrs = json_pack("[s]", value_prefix(&block->cidr).s);
	json_auto_t *except = json_array();
	json_auto_t *both = NULL;
	_cleanup_free_ char *key = NULL;
	struct k8s_named *set;
	bool is_new;

	for (size_t i = 0; i < block->n_except; i++)
		if (json_array_append_new(except, json_string(value_prefix(&block->except[i]).s)))
			k->err = -ENOMEM;
	both = json_pack("{s:O, s:O}", "cidr", cidrs, "except", except);
	key = both ? json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	set = key ? find_or_add(k, key, &is_new) : NULL;
	if (!set) {
		k->err = -ENOMEM;
		return NULL;
	}
	if (is_new)
		emit_set(k, set, key, cidrs, except);
	return set->name;
}

bool k8s_block_holds(const struct k8s_block *block, const struct in6_addr *addr)
{
	struct cfg_addr host = {.v = *addr, .prefix_len = value_is_ipv4(addr) ? 32 : 128};

	if (!value_holds(&block->cidr, &host))
		return false;
	for (size_t i = 0; i < block->n_except; i++)
		if (value_holds(&block->except[i], &host))
			return false;
	return true;
}
