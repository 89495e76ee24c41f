/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reads every counter of the datapath and tells what moved; see tables.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "prog_run.h"
#include "tables.h"

struct totals {
	struct weft_port_stat port[PORT_MAX];
	struct weft_net_stat net[NET_MAX];
	struct weft_count drop[PORT_MAX][__WEFT_DROP_MAX];
};

static struct totals before;

const char *drop_name(enum weft_drop reason)
{
	static const char *const names[] = {"NONE",
#define NAME(name, text) #name,
					    WEFT_DROP_REASONS(NAME)
#undef NAME
	};

	return reason < __WEFT_DROP_MAX ? names[reason] : "?";
}

/* Per-CPU values are @words 64-bit numbers each; adds them up. */
static void sum_cpus(void *to, const void *from, size_t words)
{
	__u64 *total = to;
	const __u64 *part = from;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		for (size_t i = 0; i < words; i++)
			total[i] += part[cpu * words + i];
	}
}

#define DROPS_MAX (PORT_MAX * __WEFT_DROP_MAX)

/* Room for the values of all CPUs, of whichever map is being read. */
static void *percpu_buffer(void)
{
	static void *buffer;

	if (!buffer)
		buffer = calloc(libbpf_num_possible_cpus(), DROPS_MAX * sizeof(struct weft_count));
	if (!buffer)
		abort();
	return buffer;
}

static void read_array(int fd, void *to, __u32 entries, __u32 size)
{
	char *values = percpu_buffer();
	__u32 keys[PORT_MAX], count = entries, next;

	if (bpf_map_lookup_batch(fd, NULL, &next, keys, values, &count, NULL))
		abort();
	for (__u32 i = 0; i < count; i++)
		sum_cpus((char *)to + keys[i] * size,
			 values + i * size * libbpf_num_possible_cpus(), size / 8);
}

static void read_drops(int fd, struct totals *t)
{
	static struct weft_drop_key keys[DROPS_MAX];
	struct weft_count *values = percpu_buffer();
	__u32 count = DROPS_MAX, next;

	/* -ENOENT says that the end was reached. */
	if (bpf_map_lookup_batch(fd, NULL, &next, keys, values, &count, NULL) != -ENOENT)
		abort();
	for (__u32 i = 0; i < count; i++) {
		if (keys[i].port >= PORT_MAX || keys[i].reason >= __WEFT_DROP_MAX)
			abort();
		sum_cpus(&t->drop[keys[i].port][keys[i].reason],
			 values + i * libbpf_num_possible_cpus(), 2);
	}
}

static void read_all(struct totals *t)
{
	static int ports, nets, drops;

	if (!ports) {
		ports = map_fd("weft_port_stat");
		nets = map_fd("weft_net_stat");
		drops = map_fd("weft_drops");
	}
	memset(t, 0, sizeof(*t));
	read_array(ports, t->port, PORT_MAX, sizeof(t->port[0]));
	read_array(nets, t->net, NET_MAX, sizeof(t->net[0]));
	read_drops(drops, t);
}

static int compare(struct moved *m, enum counter_kind kind, __u32 id, enum weft_drop reason,
		   const struct weft_count *was, const struct weft_count *is)
{
	if (was->packets == is->packets && was->bytes == is->bytes)
		return 0;
	*m = (struct moved){kind, id, reason, is->packets - was->packets, is->bytes - was->bytes};
	return 1;
}

int counters_moved(struct moved moved[static MOVED_MAX])
{
	static struct totals now;
	int n = 0;

	read_all(&now);
	for (__u32 k = C_FROM_PORT; k <= C_TO_PORT; k++) {
		for (__u32 i = 0; i < PORT_MAX; i++)
			n += compare(moved + n, k, i, 0,
				     &before.port[i].from_port + k - C_FROM_PORT,
				     &now.port[i].from_port + k - C_FROM_PORT);
	}
	for (__u32 k = C_NET_FROM_PORTS; k <= C_NET_TO_UNDERLAY; k++) {
		for (__u32 i = 0; i < NET_MAX; i++)
			n += compare(moved + n, k, i, 0,
				     &before.net[i].from_ports + k - C_NET_FROM_PORTS,
				     &now.net[i].from_ports + k - C_NET_FROM_PORTS);
	}
	for (__u32 i = 0; i < PORT_MAX; i++) {
		for (__u32 r = 0; r < __WEFT_DROP_MAX && n < MOVED_MAX; r++)
			n += compare(moved + n, C_DROP, i, r, &before.drop[i][r], &now.drop[i][r]);
	}
	before = now;
	return n;
}

void counters_print(const struct moved *moved, int n, FILE *out)
{
	static const char *const kinds[C_MAX] = {
		[C_FROM_PORT] = "from port",
		[C_TO_PORT] = "to port",
		[C_NET_FROM_PORTS] = "from ports of network",
		[C_NET_TO_PORTS] = "to ports of network",
		[C_NET_FROM_UNDERLAY] = "from underlay to network",
		[C_NET_TO_UNDERLAY] = "to underlay from network",
		[C_DROP] = "dropped on port",
	};

	for (int i = 0; i < n; i++)
		fprintf(out, "#     %s %u %s: %llu packets, %llu bytes\n", kinds[moved[i].kind],
			moved[i].id, moved[i].kind == C_DROP ? drop_name(moved[i].reason) : "",
			moved[i].packets, moved[i].bytes);
}
