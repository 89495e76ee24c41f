/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names for ids; see capture_names.h. */
#include "capture_names.h"

#include <string.h>

#include "map_io.h"
#include "pins.h"
#include "tables.h"
#include "util.h"

static int read_table(const struct pins *pins, struct table *table, const char **failed)
{
	_cleanup_close_ int fd = -1;
	int err;

	err = view_open(pins, table->desc, &fd);
	if (!err)
		err = map_read(fd, table);
	if (err)
		*failed = table->desc->name;
	return err;
}

static int read_generation(const struct pins *pins, struct weft_generation *generation,
			   const char **failed)
{
	_cleanup_(table_clear) struct table table;
	const struct weft_generation *found;
	const __u32 slot = 0;
	int err;

	table_init(&table, &table_descs[TABLE_GENERATION]);
	err = read_table(pins, &table, failed);
	if (err)
		return err;
	found = table_get(&table, &slot);
	*generation = found ? *found : (struct weft_generation){};
	return 0;
}

/* The generation first: what comes in between is read again the next time. */
int capture_names_read(const struct pins *pins, struct capture_names *names, const char **failed)
{
	const __u64 tables = VIEW_NAMES | VIEW_TABLE(TABLE_PORTS);
	int err;

	*names = (struct capture_names){.pins = pins};
	table_init(&names->rules.info, &table_descs[TABLE_RULE_INFO]);
	table_init(&names->rules.stat, &table_descs[TABLE_RULE_STAT]); /* stays empty */
	err = read_generation(pins, &names->generation, failed);
	if (!err)
		err = read_table(pins, &names->rules.info, failed);
	return err ?: view_read(pins, tables, &names->view, failed);
}

void capture_names_refresh(struct capture_names *names)
{
	struct weft_generation generation;
	struct capture_names fresh;
	const char *failed;

	if (read_generation(names->pins, &generation, &failed) ||
	    !memcmp(&generation, &names->generation, sizeof(generation)))
		return;
	if (capture_names_read(names->pins, &fresh, &failed)) {
		capture_names_clear(&fresh);
		return;
	}
	capture_names_clear(names);
	*names = fresh;
}

void capture_names_clear(struct capture_names *names)
{
	view_clear(&names->view);
	rules_clear(&names->rules);
}

const struct weft_rule_info *capture_names_rule(const struct capture_names *names, __u32 rule)
{
	return table_get(&names->rules.info, &rule);
}
