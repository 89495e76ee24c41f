/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A table as aligned columns; see print.h. The other half is print.c. */
#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print_parts.h"
#include "util.h"

#define GAP 2 /* blanks between columns */

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* First column behind the group that starts at @column. */
static size_t group_end(const struct print_table *t, size_t column)
{
	const char *group = t->columns[column].group;

	while (column < t->n_columns && t->columns[column].group == group)
		column++;
	return column;
}

static bool any_group(const struct print_table *t)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++)
		if (t->columns[i].group && t->columns[i].title)
			return true;
	return false;
}

/* Width of columns [from, to) as printed side by side. */
static size_t span(const struct print_table *t, const size_t *widths, size_t from, size_t to)
{
	size_t i, sum = 0, n = 0;

	for (i = from; i < to; i++) {
		if (!t->columns[i].title)
			continue;
		sum += widths[i];
		n++;
	}
	return n ? sum + (n - 1) * GAP : 0;
}

void print_measure(const struct print_table *t, size_t *widths)
{
	size_t i, width, title;

	for (i = 0; i < t->n_columns; i++) {
		width = t->columns[i].title ? strlen(t->columns[i].title) : 0;
		widths[i] = max(widths[i], width);
	}
	for (i = 0; i < t->n; i++) {
		width = max(t->cells[i].width, 1); /* absent: "-" */
		widths[i % t->n_columns] = max(widths[i % t->n_columns], width);
	}
	for (i = 0; i < t->n_columns; i++) {
		if (!print_starts_group(t, i))
			continue;
		width = span(t, widths, i, group_end(t, i));
		title = strlen(t->columns[i].group);
		if (title > width)
			widths[i] += title - width;
	}
}

/** struct line - a line being written; blanks wait until something follows them. */
struct line {
	FILE *out;
	size_t blanks;
};

/* Makes room for what is @used columns wide in a column of @width; the caller writes it. */
static void line_place(struct line *line, size_t width, size_t used, bool right)
{
	size_t fill = width - used;

	if (right)
		line->blanks += fill;
	while (line->blanks) {
		putc_unlocked(' ', line->out);
		line->blanks--;
	}
	line->blanks = GAP + (right ? 0 : fill);
}

static void line_end(struct line *line)
{
	putc_unlocked('\n', line->out);
	line->blanks = 0;
}

/* Group names are JSON's; people read "from port". */
static void print_groups(const struct print_table *t, const size_t *widths, FILE *out)
{
	struct line line = {.out = out};
	size_t i, end, width;
	const char *p;

	for (i = 0; i < t->n_columns; i = end) {
		end = print_starts_group(t, i) ? group_end(t, i) : i + 1;
		width = span(t, widths, i, end);
		if (!width)
			continue;
		p = t->columns[i].group;
		if (!p) {
			line.blanks += width + GAP;
			continue;
		}
		line_place(&line, width, strlen(p), true);
		for (; *p; p++)
			putc_unlocked(*p == '_' ? ' ' : *p, out);
	}
	line_end(&line);
}

static void print_header(const struct print_table *t, const size_t *widths, FILE *out)
{
	struct line line = {.out = out};
	const char *title;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		title = t->columns[i].title;
		if (!title)
			continue;
		line_place(&line, widths[i], strlen(title), t->columns[i].kind == PRINT_NUMBER);
		fputs_unlocked(title, out);
	}
	line_end(&line);
}

static void print_cell(const struct print_table *t, const struct print_cell *cell,
		       enum print_kind kind, FILE *out)
{
	const char *text = t->text + cell->text;
	__u64 i;

	if (!cell->width) {
		putc_unlocked('-', out);
		return;
	}
	switch (kind) {
	case PRINT_NUMBER:
		fprintf(out, "%llu", cell->number);
		break;
	case PRINT_BOOL:
		fputs_unlocked(cell->number ? "yes" : "no", out);
		break;
	case PRINT_TEXT:
		fputs_unlocked(text, out);
		break;
	case PRINT_LIST:
		for (i = 0; i < cell->number; i++) {
			if (i)
				putc_unlocked(',', out);
			fputs_unlocked(text, out);
			text += strlen(text) + 1;
		}
		break;
	}
}

static void print_row(const struct print_table *t, const struct print_cell *row,
		      const size_t *widths, FILE *out)
{
	struct line line = {.out = out};
	const struct print_column *column;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		column = &t->columns[i];
		if (!column->title)
			continue;
		line_place(&line, widths[i], max(row[i].width, 1), column->kind == PRINT_NUMBER);
		print_cell(t, &row[i], column->kind, out);
	}
	line_end(&line);
}

void print_head(const struct print_table *t, const size_t *widths, FILE *out)
{
	flockfile(out);
	if (any_group(t))
		print_groups(t, widths, out);
	print_header(t, widths, out);
	funlockfile(out);
}

void print_lines(const struct print_table *t, const size_t *widths, FILE *out)
{
	size_t i;

	flockfile(out);
	for (i = 0; i < t->n; i += t->n_columns)
		print_row(t, &t->cells[i], widths, out);
	funlockfile(out);
}

int print_table(const struct print_table *t, FILE *out)
{
	_cleanup_free_ size_t *widths = NULL;

	if (t->err)
		return t->err;
	if (t->n % t->n_columns)
		return -EINVAL;
	widths = calloc(t->n_columns, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	print_measure(t, widths);
	print_head(t, widths, out);
	print_lines(t, widths, out);
	return 0;
}
