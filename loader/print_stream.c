/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A table that is written while it is filled; see print.h. */
#include <errno.h>
#include <stdlib.h>

#include "print_parts.h"

/* Rows that are laid out together: enough that columns seldom have to grow later. */
#define PART_ROWS 1024

void print_stream_init(struct print_stream *s, const struct print_column *columns, size_t n_columns,
		       bool json, FILE *out)
{
	*s = (struct print_stream){.json = json, .out = out};
	print_init(&s->table, columns, n_columns);
}

void print_stream_clear(struct print_stream *s)
{
	print_clear(&s->table);
	free(s->widths);
	s->widths = NULL;
}

static int write_text(struct print_stream *s)
{
	if (!s->widths)
		s->widths = calloc(s->table.n_columns, sizeof(*s->widths));
	if (!s->widths)
		return -ENOMEM;
	print_measure(&s->table, s->widths);
	if (!s->begun)
		print_head(&s->table, s->widths, s->out);
	print_lines(&s->table, s->widths, s->out);
	return 0;
}

static int write_json(struct print_stream *s)
{
	if (!s->begun)
		print_json_head(s->node, s->name, s->out);
	return print_json_part(&s->table, !s->some, s->out);
}

static int write_part(struct print_stream *s)
{
	struct print_table *t = &s->table;
	int err = t->err;

	if (!err && t->n % t->n_columns)
		err = -EINVAL;
	if (!err)
		err = s->json ? write_json(s) : write_text(s);
	if (err)
		return err;
	s->begun = true;
	s->some = s->some || t->n;
	t->n = 0;
	t->text_len = 0;
	return 0;
}

int print_stream_row(struct print_stream *s)
{
	int err;

	if (s->table.n < PART_ROWS * s->table.n_columns)
		return s->table.err;
	err = write_part(s);
	return err ?: ferror(s->out) ? -EIO : 0;
}

int print_stream_end(struct print_stream *s)
{
	int err = write_part(s);

	if (!err && s->json)
		print_json_tail(!s->some, s->out);
	return err;
}
