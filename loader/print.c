/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Cells of a table, and the table as JSON; see print.h. The other half is print_layout.c. */
#include "print.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "print_parts.h"

#define UTF8_MAX 4 /* bytes of a character */

/* How many digits a __u64 has. */
#define NUMBER_LEN 21

void print_init(struct print_table *t, const struct print_column *columns, size_t n_columns)
{
	*t = (struct print_table){.columns = columns, .n_columns = n_columns};
}

void print_clear(struct print_table *t)
{
	free(t->cells);
	free(t->text);
	print_init(t, t->columns, t->n_columns);
}

/* Room for @n more elements behind the @len used ones. */
static void *reserve(void *array, size_t *size, size_t len, size_t n, size_t element)
{
	size_t wanted = *size ? *size : 256;
	void *larger;

	if (len + n <= *size)
		return array;
	while (wanted < len + n)
		wanted *= 2;
	larger = reallocarray(array, wanted, element);
	if (larger)
		*size = wanted;
	return larger;
}

static bool reserve_text(struct print_table *t, size_t n)
{
	char *text = reserve(t->text, &t->text_size, t->text_len, n, 1);

	if (!text) {
		t->err = -ENOMEM;
		return false;
	}
	t->text = text;
	return true;
}

/* The next cell, if it may be of this kind. */
static struct print_cell *next_cell(struct print_table *t, enum print_kind kind, bool present)
{
	struct print_cell *cells;

	if (!t->err && present && t->columns[t->n % t->n_columns].kind != kind)
		t->err = -EINVAL;
	if (t->err)
		return NULL;
	cells = reserve(t->cells, &t->size, t->n, 1, sizeof(*cells));
	if (!cells) {
		t->err = -ENOMEM;
		return NULL;
	}
	t->cells = cells;
	cells[t->n] = (struct print_cell){.text = t->text_len, .present = present};
	return &cells[t->n++];
}

/*
 * Copies one character to @to (room for UTF8_MAX) or, if it is broken or would act on a terminal,
 * a question mark. Return: bytes taken from @from.
 */
static size_t copy_char(const char *from, char *to, size_t *len, size_t *width)
{
	mbstate_t state = {};
	size_t taken;
	wchar_t wide;

	taken = mbrtowc(&wide, from, UTF8_MAX, &state);
	if (taken == (size_t)-1 || taken == (size_t)-2 || !iswprint(wide)) {
		*to = '?';
		*len = *width = 1;
		return taken == (size_t)-1 || taken == (size_t)-2 ? 1 : taken;
	}
	memcpy(to, from, taken);
	*len = taken;
	*width = wcwidth(wide);
	return taken;
}

/* Appends a text to the table's and returns its width. */
static size_t add_text(struct print_table *t, const char *text)
{
	size_t len, width, total = 0;

	while (*text) {
		if (!reserve_text(t, UTF8_MAX + 1))
			return 0;
		if (*text >= ' ' && *text <= '~') {
			t->text[t->text_len++] = *text++;
			total++;
			continue;
		}
		text += copy_char(text, t->text + t->text_len, &len, &width);
		t->text_len += len;
		total += width;
	}
	if (!reserve_text(t, 1))
		return 0;
	t->text[t->text_len++] = '\0';
	return total;
}

void print_text(struct print_table *t, const char *text)
{
	struct print_cell *cell = next_cell(t, PRINT_TEXT, text);

	if (cell && text)
		cell->width = add_text(t, text);
}

void print_number(struct print_table *t, __u64 number)
{
	struct print_cell *cell = next_cell(t, PRINT_NUMBER, true);
	char digits[NUMBER_LEN];

	if (!cell)
		return;
	cell->number = number;
	cell->width = snprintf(digits, sizeof(digits), "%llu", number);
}

void print_count(struct print_table *t, const struct weft_count *count)
{
	print_number(t, count->packets);
	print_number(t, count->bytes);
}

void print_bool(struct print_table *t, bool yes)
{
	struct print_cell *cell = next_cell(t, PRINT_BOOL, true);

	if (!cell)
		return;
	cell->number = yes;
	cell->width = yes ? strlen("yes") : strlen("no");
}

void print_list(struct print_table *t)
{
	next_cell(t, PRINT_LIST, true);
}

void print_absent(struct print_table *t)
{
	next_cell(t, 0, false);
}

void print_item(struct print_table *t, const char *text)
{
	struct print_cell *cell;

	if (!t->err && (!t->n || t->columns[(t->n - 1) % t->n_columns].kind != PRINT_LIST))
		t->err = -EINVAL;
	if (t->err)
		return;
	cell = &t->cells[t->n - 1];
	cell->width += (cell->number++ ? 1 : 0) + add_text(t, text);
}

/* Everything below returns NULL if a part could not be made: half a document would be a lie. */

static json_t *json_list(const char *text, __u64 n)
{
	json_t *list = json_array();
	int err = 0;

	while (n--) {
		err |= json_array_append_new(list, json_string_nocheck(text));
		text += strlen(text) + 1;
	}
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *json_cell(const struct print_table *t, const struct print_cell *cell,
			 enum print_kind kind)
{
	const char *text = t->text + cell->text;

	if (!cell->present)
		return json_null();
	switch (kind) {
	case PRINT_NUMBER:
		return json_integer(cell->number);
	case PRINT_BOOL:
		return json_boolean(cell->number);
	case PRINT_TEXT:
		return json_string_nocheck(text); /* copy_char() lets only UTF-8 in */
	case PRINT_LIST:
		return json_list(text, cell->number);
	}
	return NULL;
}

static json_t *json_row(const struct print_table *t, const struct print_cell *row)
{
	json_t *object = json_object(), *group = NULL, *to;
	int err = 0;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		if (print_starts_group(t, i)) {
			group = json_object();
			err |= json_object_set_new_nocheck(object, t->columns[i].group, group);
		}
		to = t->columns[i].group ? group : object;
		if (t->columns[i].key)
			err |= json_object_set_new_nocheck(
				to, t->columns[i].key, json_cell(t, &row[i], t->columns[i].kind));
	}
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

json_t *print_rows(const struct print_table *t)
{
	json_t *rows;
	int err = 0;
	size_t i;

	if (t->err || t->n % t->n_columns)
		return NULL;
	rows = json_array();
	for (i = 0; i < t->n && !err; i += t->n_columns)
		err = json_array_append_new(rows, json_row(t, &t->cells[i]));
	if (!err)
		return rows;
	json_decref(rows);
	return NULL;
}

int print_json(json_t *doc, FILE *out)
{
	if (!doc)
		return -ENOMEM;
	json_dumpf(doc, out, JSON_INDENT(2));
	putc('\n', out);
	json_decref(doc);
	return 0;
}

void print_json_head(const char *node, const char *name, FILE *out)
{
	json_t *text = json_string(node);

	fputs("{\n  \"node\": ", out);
	json_dumpf(text, out, JSON_ENCODE_ANY);
	json_decref(text);
	fprintf(out, ",\n  \"%s\": [", name);
}

int print_json_part(const struct print_table *t, bool first, FILE *out)
{
	json_t *row;
	size_t i;

	if (t->err || t->n % t->n_columns)
		return t->err ?: -EINVAL;
	for (i = 0; i < t->n; i += t->n_columns) {
		row = json_row(t, &t->cells[i]);
		if (!row)
			return -ENOMEM;
		fputs(first ? "\n    " : ",\n    ", out);
		json_dumpf(row, out, 0);
		json_decref(row);
		first = false;
	}
	return 0;
}

void print_json_tail(bool empty, FILE *out)
{
	fputs(empty ? "]\n}\n" : "\n  ]\n}\n", out);
}

int print_json_rows(const struct print_table *t, const char *node, const char *name, FILE *out)
{
	int err;

	if (t->err || t->n % t->n_columns)
		return t->err ?: -EINVAL;
	print_json_head(node, name, out);
	err = print_json_part(t, true, out);
	if (!err)
		print_json_tail(!t->n, out);
	return err;
}

struct print_addr print_addr(const struct weft_addr *addr)
{
	const struct in6_addr *in6 = (const struct in6_addr *)addr;
	struct print_addr text = {};

	if (IN6_IS_ADDR_V4MAPPED(in6))
		inet_ntop(AF_INET, &addr->words[3], text.s, sizeof(text.s));
	else
		inet_ntop(AF_INET6, addr, text.s, sizeof(text.s));
	return text;
}

struct print_addr print_mac(const __u8 mac[static WEFT_ETH_ALEN])
{
	struct print_addr text = {};

	snprintf(text.s, sizeof(text.s), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

struct print_addr print_span(__u64 ms)
{
	__u64 s = ms / 1000;
	struct print_addr text = {};

	if (ms < 1000)
		snprintf(text.s, sizeof(text.s), "%llums", ms);
	else if (s < 10)
		snprintf(text.s, sizeof(text.s), "%llu.%llus", s, ms / 100 % 10);
	else if (s < 60)
		snprintf(text.s, sizeof(text.s), "%llus", s);
	else if (s < 3600)
		snprintf(text.s, sizeof(text.s), "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text.s, sizeof(text.s), "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(text.s, sizeof(text.s), "%llud%02lluh", s / 86400, s / 3600 % 24);
	return text;
}
