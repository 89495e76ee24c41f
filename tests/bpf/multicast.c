/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See multicast.h. */
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "multicast.h"
#include "prog_run.h"

const struct weft_addr mcast_group4 = {.bytes = {[10] = 0xff, 0xff, GROUP4_BYTES}};
const struct weft_addr mcast_group6 = {.bytes = {GROUP6_BYTES}};
const struct weft_addr mcast_router;

__u64 mcast_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static struct weft_mcast_key key_of(const struct weft_addr *group, struct mcast_member member)
{
	return (struct weft_mcast_key){
		.group = *group, .member = member.id, .network = NET_WEB, .kind = member.kind};
}

void mcast_put(const struct weft_addr *group, struct mcast_member member,
	       const struct weft_mcast *m)
{
	const struct weft_mcast_key key = key_of(group, member);
	const struct weft_mcast fresh = {.seen_ns = mcast_now()};

	table_put("weft_mcast", &key, m ? m : &fresh);
}

bool mcast_get(const struct weft_addr *group, struct mcast_member member, struct weft_mcast *m)
{
	const struct weft_mcast_key key = key_of(group, member);

	return !bpf_map_lookup_elem(map_fd("weft_mcast"), &key, m);
}

unsigned int mcast_count(void)
{
	struct weft_mcast_key key, next;
	unsigned int n = 0;
	int err = bpf_map_get_next_key(map_fd("weft_mcast"), NULL, &next);

	for (; !err; n++) {
		key = next;
		err = bpf_map_get_next_key(map_fd("weft_mcast"), &key, &next);
	}
	return n;
}
