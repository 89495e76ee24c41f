/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who had which id, read from the names in the previous state; see compile.h. */
#include "compile_parts.h"

#include <stdio.h>
#include <string.h>

/* A port may have the name of an interface. */
struct port_name {
	char s[sizeof("65535/") + WEFT_NAME_LEN];
};

/** struct tunnel_key - what makes a tunnel the same one. No padding. */
struct tunnel_key {
	__u8 remote[16];
	__u8 encap;
	__u8 flags;
};

static struct port_name port_name(int kind, const char *name)
{
	struct port_name key;

	snprintf(key.s, sizeof(key.s), "%d/%.*s", kind, WEFT_NAME_LEN - 1, name);
	return key;
}

static struct tunnel_key tunnel_key(const void *remote, __u8 encap, __u8 flags)
{
	struct tunnel_key key = {.encap = encap, .flags = flags};

	memcpy(key.remote, remote, sizeof(key.remote));
	return key;
}

static __u32 row_id(const struct table *table, size_t row)
{
	__u32 id;

	memcpy(&id, table_key(table, row), sizeof(id));
	return id;
}

static int load_ports(struct compiler *c, const struct table *names)
{
	const struct weft_port_info *info;
	struct port_name key;
	int err = 0;

	for (size_t i = 0; i < names->rows.n && !err; i++) {
		info = table_value(names, i);
		key = port_name(info->kind, info->name);
		err = ids_keep(&c->port_ids, key.s, strlen(key.s), row_id(names, i));
	}
	return err;
}

static int load_networks(struct compiler *c, const struct table *names)
{
	const struct weft_network_info *info;
	int err = 0;

	for (size_t i = 0; i < names->rows.n && !err; i++) {
		info = table_value(names, i);
		err = ids_keep(&c->network_ids, info->name, strnlen(info->name, WEFT_NAME_LEN),
			       row_id(names, i));
	}
	return err;
}

/* A name without a tunnel is what an interrupted apply left. */
static int load_tunnels(struct compiler *c, const struct tables *previous)
{
	const struct table *names = &previous->t[TABLE_TUN_INFO];
	const struct weft_tunnel *tunnel;
	struct tunnel_key key;
	int err = 0;

	for (size_t i = 0; i < names->rows.n && !err; i++) {
		tunnel = table_get(&previous->t[TABLE_TUNNELS], table_key(names, i));
		if (!tunnel) {
			err = ids_reserve(&c->tunnel_ids, row_id(names, i));
			continue;
		}
		key = tunnel_key(&tunnel->remote, tunnel->encap, tunnel->flags);
		err = ids_keep(&c->tunnel_ids, &key, sizeof(key), row_id(names, i));
	}
	return err;
}

void compile_ids_load(struct compiler *c)
{
	const struct tables *previous = c->in->previous;

	c->err = load_ports(c, &previous->t[TABLE_PORT_INFO]);
	if (!c->err)
		c->err = load_networks(c, &previous->t[TABLE_NET_INFO]);
	if (!c->err)
		c->err = load_tunnels(c, previous);
}

static __u32 get(struct compiler *c, struct ids *ids, const void *key, size_t len)
{
	__u32 id = 0;

	if (!c->err)
		c->err = ids_get(ids, key, len, &id);
	return id;
}

__u32 compile_port_id(struct compiler *c, int kind, const char *name)
{
	struct port_name key = port_name(kind, name);

	return get(c, &c->port_ids, key.s, strlen(key.s));
}

__u32 compile_network_id(struct compiler *c, const char *name)
{
	return get(c, &c->network_ids, name, strlen(name));
}

__u32 compile_tunnel_id(struct compiler *c, const struct in6_addr *remote, __u8 encap, __u8 flags)
{
	struct tunnel_key key = tunnel_key(remote, encap, flags);

	return get(c, &c->tunnel_ids, &key, sizeof(key));
}
