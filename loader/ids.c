/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stable small numbers; see ids.h. */
#include "ids.h"

#include <errno.h>

int ids_reserve(struct ids *ids, __u32 id)
{
	int err = set_add(&ids->used, &id, sizeof(id), 0, NULL);

	return err == -EEXIST ? 0 : err;
}

int ids_keep(struct ids *ids, const void *key, size_t len, __u32 id)
{
	int err;

	err = set_add(&ids->used, &id, sizeof(id), 0, NULL);
	if (!err)
		err = set_add(&ids->by_key, key, len, id, NULL);
	return err == -EEXIST ? 0 : err;
}

int ids_get(struct ids *ids, const void *key, size_t len, __u32 *id)
{
	size_t known;
	__u32 free_id;
	int err;

	if (set_find(&ids->by_key, key, len, &known)) {
		*id = known;
		return 0;
	}
	free_id = ids->next > ids->first ? ids->next : ids->first;
	while (set_find(&ids->used, &free_id, sizeof(free_id), NULL))
		free_id++;
	err = ids_keep(ids, key, len, free_id);
	if (err)
		return err;
	ids->next = free_id + 1;
	*id = free_id;
	return 0;
}

void ids_clear(struct ids *ids)
{
	set_clear(&ids->by_key);
	set_clear(&ids->used);
}
