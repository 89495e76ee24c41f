/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A watch's bytes as lines, however the network cut them. See k8s_source_parts.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

#define ROOM_FIRST 4096
#define ROOM_KEPT  (256 * 1024)

int k8s_bytes_add(struct k8s_bytes *b, const char *s, size_t n)
{
	size_t room = b->room ?: ROOM_FIRST;
	char *grown;

	if (n > K8S_OBJECT_MAX - b->n)
		return -EMSGSIZE;
	while (room < b->n + n)
		room *= 2;
	if (room != b->room) {
		grown = realloc(b->s, room);
		if (!grown)
			return -ENOMEM;
		b->s = grown;
		b->room = room;
	}
	if (n)
		memcpy(b->s + b->n, s, n);
	b->n += n;
	return 0;
}

void k8s_bytes_clear(struct k8s_bytes *b)
{
	free(b->s);
	*b = (struct k8s_bytes){};
}

void k8s_bytes_reset(struct k8s_bytes *b)
{
	if (b->room > ROOM_KEPT)
		k8s_bytes_clear(b);
	b->n = 0;
}

/* The end of a line that began earlier. */
static int finish(struct k8s_bytes *partial, const char *s, size_t n, k8s_piece_fn fn, void *arg)
{
	int err = k8s_bytes_add(partial, s, n);

	if (!err)
		err = fn(arg, partial->s, partial->n);
	k8s_bytes_reset(partial);
	return err;
}

int k8s_lines_add(struct k8s_bytes *partial, const char *s, size_t n, k8s_piece_fn fn, void *arg)
{
	const char *end;
	size_t len;
	int err;

	while (n && (end = memchr(s, '\n', n))) {
		len = (size_t)(end - s);
		if (partial->n)
			err = finish(partial, s, len, fn, arg);
		else if (len > K8S_OBJECT_MAX)
			err = -EMSGSIZE;
		else
			err = len ? fn(arg, s, len) : 0;
		if (err)
			return err;
		s = end + 1;
		n -= len + 1;
	}
	return n ? k8s_bytes_add(partial, s, n) : 0;
}
