/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which IP addresses an endpoint has: weft_neigh, read the other way round; see show.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "show.h"

struct address {
	__u16 network;
	__u8 mac[WEFT_ETH_ALEN];
	struct weft_addr addr;
};

static int by_endpoint(const struct address *x, const struct address *y)
{
	if (x->network != y->network)
		return x->network < y->network ? -1 : 1;
	return memcmp(x->mac, y->mac, sizeof(x->mac));
}

/* IPv4 comes first of itself: what it is mapped into begins with zeros. */
static int by_address(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return by_endpoint(x, y) ?: memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

int addresses_sort(const struct view *view, struct addresses *out)
{
	const struct table *neigh = &view->t[TABLE_NEIGH];
	const struct weft_neigh_key *key;
	const struct weft_neigh *value;
	struct address *v;
	size_t i;

	v = calloc(neigh->rows.n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (i = 0; i < neigh->rows.n; i++) {
		key = table_key(neigh, i);
		value = table_value(neigh, i);
		v[i].network = key->network;
		v[i].addr = key->addr;
		memcpy(v[i].mac, value->mac, sizeof(v[i].mac));
	}
	qsort(v, neigh->rows.n, sizeof(*v), by_address);
	*out = (struct addresses){.v = v, .n = neigh->rows.n};
	return 0;
}

void addresses_clear(struct addresses *addresses)
{
	free(addresses->v);
	*addresses = (struct addresses){};
}

void addresses_print(const struct addresses *addresses, __u32 network,
		     const __u8 mac[static WEFT_ETH_ALEN], struct print_table *out)
{
	struct address wanted = {.network = network};
	size_t low = 0, high = addresses->n, middle;

	memcpy(wanted.mac, mac, sizeof(wanted.mac));
	while (low < high) {
		middle = (low + high) / 2;
		if (by_endpoint(&addresses->v[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	print_list(out);
	for (; low < addresses->n && !by_endpoint(&addresses->v[low], &wanted); low++)
		print_item(out, print_addr(&addresses->v[low].addr).s);
}
