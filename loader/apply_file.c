/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which file is in force, for those who are told of its lines; see apply.h. Not among the tables
 * that are compared: a file is the same under another name. */
#include "apply_parts.h"

#include <string.h>

#include "config.h"
#include "map_io.h"
#include "util.h"

static struct weft_file_info wanted(const struct config *cfg)
{
	struct weft_file_info info = {};

	if (cfg->file && strlen(cfg->file) < sizeof(info.path))
		memcpy(info.path, cfg->file, strlen(cfg->file));
	return info;
}

static int write_file(void *arg)
{
	const struct apply *a = arg;
	struct weft_file_info info = wanted(a->plan->cfg);
	__u32 zero = 0;
	const struct rows rows = {.keys = (__u8 *)&zero, .values = (__u8 *)&info, .n = 1};

	return map_put(a->use.fd[TABLE_FILE_INFO], &table_descs[TABLE_FILE_INFO], &rows);
}

int apply_file(struct apply *a)
{
	const struct weft_file_info info = wanted(a->plan->cfg), nothing = {};
	_cleanup_(table_clear) struct table table;
	const struct weft_file_info *now;
	__u32 zero = 0;
	int err;

	table_init(&table, &table_descs[TABLE_FILE_INFO]);
	err = map_read(a->use.fd[TABLE_FILE_INFO], &table);
	if (err)
		return err;
	now = table_get(&table, &zero) ?: &nothing;
	if (!memcmp(now, &info, sizeof(info)))
		return 0;
	return journal_do(a->journal, write_file, NULL, a, "remember the file's name");
}
