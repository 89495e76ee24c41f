/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The rules of a node, read; see rule_read.h. */
#include "rule_read.h"

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "map_io.h"
#include "show.h"
#include "util.h"

/* As rules keep it: the CPUs' values made one. */
static const struct table_desc stat_desc = {
	.name = "weft_rule_stat",
	.key_size = sizeof(__u32),
	.value_size = sizeof(struct weft_rule_stat),
};

void rule_stat_add(struct weft_rule_stat *sum, const struct weft_rule_stat *one)
{
	sum->count.packets += one->count.packets;
	sum->count.bytes += one->count.bytes;
	sum->hits += one->hits;
	if (one->last_hit_ns > sum->last_hit_ns)
		sum->last_hit_ns = one->last_hit_ns;
}

struct adder {
	struct table *table;
	int cpus;
};

static int take_stats(void *arg, const __u8 *keys, const __u8 *values, __u32 n)
{
	static const struct weft_rule_stat nothing;
	const struct weft_rule_stat *one = (const void *)values;
	const struct adder *adder = arg;
	struct weft_rule_stat sum;
	int err = 0;

	for (__u32 i = 0; i < n && !err; i++) {
		sum = nothing;
		for (int cpu = 0; cpu < adder->cpus; cpu++)
			rule_stat_add(&sum, one++);
		if (memcmp(&sum, &nothing, sizeof(sum)) != 0)
			err = table_put(adder->table, keys + i * sizeof(__u32), &sum);
	}
	return err;
}

/* Not word by word, as map_read() would add them: a time is no count. */
static int read_stats(int fd, struct table *table)
{
	struct adder adder = {.table = table, .cpus = libbpf_num_possible_cpus()};

	return adder.cpus < 0 ? adder.cpus
			      : map_walk(fd, &table_descs[TABLE_RULE_STAT], take_stats, &adder);
}

static int read_table(const struct pins *pins, struct table *table,
		      int (*read)(int, struct table *), const char **failed)
{
	_cleanup_close_ int fd = -1;
	int err;

	err = view_open(pins, table->desc, &fd);
	if (!err)
		err = read(fd, table);
	if (err)
		*failed = table->desc->name;
	return err;
}

int rules_read(const struct pins *pins, struct rules *rules, const char **failed)
{
	int err;

	table_init(&rules->info, &table_descs[TABLE_RULE_INFO]);
	table_init(&rules->stat, &stat_desc);
	err = read_table(pins, &rules->info, map_read, failed);
	return err ?: read_table(pins, &rules->stat, read_stats, failed);
}

void rules_clear(struct rules *rules)
{
	table_clear(&rules->info);
	table_clear(&rules->stat);
}

struct rule_name rules_name(const struct rules *rules, __u32 id)
{
	const struct weft_rule_info *info = table_get(&rules->info, &id);
	struct rule_name name;

	if (!info)
		snprintf(name.s, sizeof(name.s), "#%u", id);
	else if (info->index == WEFT_POL_RULE_NETWORK)
		snprintf(name.s, sizeof(name.s), "%.*s#network-default", WEFT_NAME_LEN - 1,
			 info->policy);
	else if (info->index == WEFT_POL_RULE_DEFAULT)
		snprintf(name.s, sizeof(name.s), "%.*s#default", WEFT_NAME_LEN - 1, info->policy);
	else
		snprintf(name.s, sizeof(name.s), "%.*s#%u", WEFT_NAME_LEN - 1, info->policy,
			 info->index);
	return name;
}
