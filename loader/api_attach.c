/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A new port of which the agent chooses what the body does not say: node, addresses, MAC address.
 * See api.h.
 *
 * An address is taken if a port has it, or a port that waits in the queue will. So there is no list
 * of allocations beside the ports themselves that could say something else than they do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api_change.h"
#include "api_parts.h"
#include "diag.h"
#include "pool.h"
#include "util.h"
#include "value.h"

#define USUAL_MTU 1500

/** struct place - where a new port is to be. */
struct place {
	const struct api_request *r;
	const struct cfg_network *network;
	json_t *port; /* its document */
};

/** struct claim_key - an address within a network, as a key of api->claimed. */
struct claim_key {
	char network[WEFT_NAME_LEN];
	struct in6_addr addr;
};

static struct claim_key claim_of(const char *network, const struct in6_addr *addr)
{
	struct claim_key key = {.addr = *addr};

	strncpy(key.network, network, sizeof(key.network) - 1);
	return key;
}

static bool parse(const char *text, struct in6_addr *addr)
{
	const struct schema_type type = {.kind = SCHEMA_ADDRESS};
	struct value_problem problem;
	struct cfg_addr parsed;

	if (!text || !value_parse(&type, text, &parsed, &problem))
		return false;
	*addr = parsed.v;
	return true;
}

/* The first @n addresses of a port. */
static void unclaim(struct api *api, const json_t *port, size_t n)
{
	const char *network = json_string_value(json_object_get(port, "network"));
	const json_t *list = json_object_get(port, "addresses");
	struct in6_addr addr;

	for (size_t i = 0; i < n; i++) {
		if (!parse(json_string_value(json_array_get(list, i)), &addr))
			continue;
		struct claim_key key = claim_of(network, &addr);

		set_remove(&api->claimed, &key, sizeof(key));
	}
}

void api_unclaim(struct api *api, const json_t *port)
{
	unclaim(api, port, json_array_size(json_object_get(port, "addresses")));
}

/* All or none. Return: 0; -EEXIST: a port that waits will have one of them; -ENOMEM. */
static int claim(struct api *api, const json_t *port)
{
	const char *network = json_string_value(json_object_get(port, "network"));
	const json_t *text;
	struct in6_addr addr;
	int err;
	size_t i;

	json_array_foreach (json_object_get(port, "addresses"), i, text) {
		if (!parse(json_string_value(text), &addr))
			continue; /* the decoder has more to say about it */
		struct claim_key key = claim_of(network, &addr);

		err = set_add(&api->claimed, &key, sizeof(key), 0, NULL);
		if (err) {
			unclaim(api, port, i);
			return err;
		}
	}
	return 0;
}

/* What ports have, as of the last apply. */
static int gather_taken(struct api *api, const char *network)
{
	const struct config *cfg = api->agent->wanted;
	int err = 0;

	if (api->taken_of == api->agent->counts.applies && !strcmp(api->taken_in, network))
		return 0;
	set_clear(&api->taken);
	for (size_t i = 0; i < cfg->ports.n && !err; i++) {
		const struct cfg_port *port = &cfg->ports.v[i];

		if (strcmp(port->network.v, network) != 0)
			continue;
		for (size_t j = 0; j < port->addresses.n && !err; j++)
			err = pool_take(&api->taken, &port->addresses.v[j].v);
	}
	api->taken_of = err ? ~0ULL : api->agent->counts.applies;
	snprintf(api->taken_in, sizeof(api->taken_in), "%s", network);
	return err;
}

/* As gather_taken(), and what those have that wait: they are few. */
static int pick(const struct place *at, size_t pool, bool ipv4, struct in6_addr *out)
{
	struct api *api = at->r->api;
	const struct cfg_pool *from = &at->network->pools.v[pool];
	struct in6_addr last, *behind = NULL;
	char cursor[WEFT_NAME_LEN + 16];
	int err;

	snprintf(cursor, sizeof(cursor), "%s/%zu/%c", at->network->name.v, pool, ipv4 ? '4' : '6');
	if (parse(json_string_value(json_object_get(api->cursors, cursor)), &last))
		behind = &last;
	do {
		struct claim_key key;

		err = pool_pick(at->network, from, ipv4, &api->taken, behind, out);
		if (err)
			return err;
		key = claim_of(at->network->name.v, out);
		if (!set_find(&api->claimed, &key, sizeof(key), NULL))
			break;
		err = pool_take(&api->taken, out);
	} while (!err);
	if (!err)
		json_object_set_new(api->cursors, cursor,
				    json_string(value_addr(&(struct cfg_addr){.v = *out}).s));
	return err;
}

/* One address of a family, from the node's pools in turn. */
static int pick_family(const struct place *at, bool ipv4, json_t *addresses)
{
	const struct cfg_pools *pools = &at->network->pools;
	struct in6_addr addr;
	int err = -ENOENT, tried;

	for (size_t i = 0; i < pools->n; i++) {
		if (strcmp(pools->v[i].node.v, at->r->agent->node) != 0)
			continue;
		tried = pick(at, i, ipv4, &addr);
		if (!tried)
			return json_array_append_new(
				addresses,
				json_string(value_addr(&(struct cfg_addr){.v = addr}).s));
		if (tried != -ENOENT)
			err = tried;
	}
	return err == -ENOENT ? 0 : err;
}

static int choose_addresses(const struct place *at)
{
	json_t *addresses = json_array();
	int err = gather_taken(at->r->api, at->network->name.v);

	if (!err)
		err = pick_family(at, true, addresses);
	if (!err)
		err = pick_family(at, false, addresses);
	if (!err && json_array_size(addresses))
		json_object_set(at->port, "addresses", addresses);
	json_decref(addresses);
	return err;
}

static void choose_mac(const struct place *at)
{
	const json_t *first = json_array_get(json_object_get(at->port, "addresses"), 0);
	struct in6_addr addr;
	__u8 mac[WEFT_ETH_ALEN];

	if (!parse(json_string_value(first), &addr))
		return;
	pool_mac(&addr, mac);
	json_object_set_new(at->port, "mac", json_string(value_mac(mac).s));
}

/* Fill in what the document does not say. Return: whether it could be; refused if not. */
static bool complete(const struct place *at)
{
	const json_t *given = json_object_get(at->port, "addresses");
	const struct api_request *r = at->r;
	int err = 0;

	/* What is no list is for the decoder to refuse. */
	if (!given || (json_is_array(given) && !json_array_size(given)))
		err = choose_addresses(at);
	if (err == -ENOSPC)
		api_refuse(r, 409, "no address is free in the pools of network %s on node %s",
			   diag_quote(at->network->name.v).s, diag_quote(r->agent->node).s);
	else if (err)
		api_refuse(r, 500, "%s", strerror(-err));
	if (!err && !json_object_get(at->port, "mac"))
		choose_mac(at);
	return !err;
}

static bool is_known(const struct api_request *r, const char *name)
{
	const struct config *cfg = r->agent->wanted;
	size_t i;

	return set_find(&cfg->port_index, name, strlen(name), &i) ||
	       set_find(&r->api->waiting, name, strlen(name), &i);
}

/* Refused, once, if it is not a new port of this node in a network that there is. */
static bool locate(const struct api_request *r, json_t *port, struct place *at)
{
	const char *name = json_string_value(json_object_get(port, "name"));
	const char *network = json_string_value(json_object_get(port, "network"));
	const json_t *node = json_object_get(port, "node");

	*at = (struct place){.r = r, .port = port};
	if (r->agent->wanted && network)
		at->network = config_find_network(r->agent->wanted, network);
	if (!r->agent->wanted)
		api_refuse(r, 503, "the file was never right; see /v1/agent");
	else if (node && strcmp(json_string_value(node) ?: "", r->agent->node) != 0)
		api_refuse(r, 422, "this is the agent of node %s", diag_quote(r->agent->node).s);
	else if (!name || !network)
		api_refuse(r, 422, "a port has a name and a network");
	else if (is_known(r, name))
		api_refuse(r, 409, "there is already a port called %s", diag_quote(name).s);
	else if (!at->network)
		api_refuse(r, 422, "there is no network %s", diag_quote(network).s);
	else
		return !json_object_set_new(port, "node", json_string(r->agent->node));
	return false;
}

static void queue_up(const struct place *at, struct documents_change **change)
{
	const struct api_request *r = at->r;
	const char *name = json_string_value(json_object_get(at->port, "name"));
	int err = claim(r->api, at->port);

	if (!err) {
		err = set_add(&r->api->waiting, name, strlen(name), 0, NULL);
		if (err)
			api_unclaim(r->api, at->port);
	}
	if (!err)
		api_queue(r, change, json_incref(at->port));
	else
		api_refuse(r, err == -EEXIST ? 409 : 500,
			   "an address is being given to another port");
}

void api_attach(const struct api_request *r)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();
	json_auto_t *port = json_loadb(r->body, r->len, 0, NULL);
	_cleanup_(diag_freep) struct diag *diag = api_diag();
	_cleanup_free_ char *text = NULL;
	struct place at;
	int err;

	if (!change || !port || !diag) {
		api_reply(r, 500, NULL);
		return;
	}
	if (r->api->trial.id) {
		api_refuse(r, 409, "transaction %u waits to be confirmed", r->api->trial.id);
		return;
	}
	if (api_query(r, "dry_run") || api_query(r, "commit_confirmed")) {
		api_refuse(r, 400, "a port whose addresses are chosen is made at once");
		return;
	}
	if (!locate(r, port, &at) || !complete(&at))
		return;
	text = json_dumps(port, JSON_COMPACT);
	err = text ? documents_decode(DOCUMENT_PORT, text, strlen(text), diag, change) : -ENOMEM;
	if (err)
		api_refuse_change(r, err, diag);
	else
		queue_up(&at, &change);
}

static const struct in6_addr *gateway_of(const struct agent *a, const struct cfg_network *network,
					 const struct in6_addr *addr, const struct cfg_pool **pool)
{
	for (size_t i = 0; i < network->pools.n; i++) {
		*pool = &network->pools.v[i];
		if (strcmp((*pool)->node.v, a->node) != 0)
			continue;
		for (size_t j = 0; j < (*pool)->gateways.n; j++)
			if (value_is_ipv4(&(*pool)->gateways.v[j].v) == value_is_ipv4(addr))
				return &(*pool)->gateways.v[j].v;
	}
	return NULL;
}

static void add_routes(json_t *routes, const struct cfg_pool *pool, const struct in6_addr *gateway)
{
	bool ipv4 = value_is_ipv4(gateway), any = false;
	const struct value_text by = value_addr(&(struct cfg_addr){.v = *gateway});

	for (size_t i = 0; i < pool->routes.n; i++) {
		if (value_is_ipv4(&pool->routes.v[i].v) != ipv4)
			continue;
		json_array_append_new(routes,
				      json_pack("{s:s, s:s}", "dst",
						value_prefix(&pool->routes.v[i]).s, "gw", by.s));
		any = true;
	}
	if (!any && !pool->routes.n)
		json_array_append_new(routes, json_pack("{s:s, s:s}", "dst",
							ipv4 ? "0.0.0.0/0" : "::/0", "gw", by.s));
}

static void add_address(const struct agent *a, const struct cfg_network *network,
			const struct in6_addr *addr, json_t *addresses, json_t *routes)
{
	const struct cfg_addr *subnet = pool_subnet(network, addr);
	const struct cfg_pool *pool = NULL;
	const struct in6_addr *gateway = gateway_of(a, network, addr, &pool);
	struct cfg_addr with = {.v = *addr};
	json_t *entry;

	with.prefix_len = subnet ? subnet->prefix_len : value_is_ipv4(addr) ? 32 : 128;
	entry = json_pack("{s:s}", "address", value_prefix(&with).s);
	if (gateway) {
		json_object_set_new(entry, "gateway",
				    json_string(value_addr(&(struct cfg_addr){.v = *gateway}).s));
		add_routes(routes, pool, gateway);
	}
	json_array_append_new(addresses, entry);
}

json_t *api_attachment(const struct agent *a, const json_t *port)
{
	const char *name = json_string_value(json_object_get(port, "network"));
	const struct cfg_network *network = config_find_network(a->wanted, name);
	json_t *addresses = json_array(), *routes = json_array();
	json_int_t mtu = json_integer_value(json_object_get(a->mtus, name));
	struct in6_addr addr;
	const json_t *text;
	size_t i;

	json_array_foreach (json_object_get(port, "addresses"), i, text)
		if (network && parse(json_string_value(text), &addr))
			add_address(a, network, &addr, addresses, routes);
	return json_pack("{s:O, s:{s:I, s:o, s:o}}", "port", port, "attachment", "mtu",
			 mtu ?: USUAL_MTU, "addresses", addresses, "routes", routes);
}
