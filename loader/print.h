/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One table, two readers: aligned columns for people, an array of JSON objects for programs, both
 * from the same rows, so that they never say different things.
 *
 *	static const struct print_column columns[] = {
 *		{"port", "PORT", NULL, PRINT_TEXT},
 *		{"packets", "PACKETS", "from_port", PRINT_NUMBER},
 *		{"bytes", "BYTES", "from_port", PRINT_NUMBER},
 *	};
 *
 *	           from port
 *	PORT   PACKETS  BYTES
 *	web-1       12    840
 *
 *	[{"port": "web-1", "from_port": {"packets": 12, "bytes": 840}}]
 *
 * Text is made fit to be shown on the way in: what is not UTF-8 or would act on a terminal is
 * replaced.
 */
#ifndef WEFT_LOADER_PRINT_H
#define WEFT_LOADER_PRINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>
#include <linux/types.h>

#include <weft/abi.h>

/** enum print_kind - what the cells of a column are. Any cell may also be absent: "-" and null. */
enum print_kind {
	PRINT_TEXT,
	PRINT_NUMBER,
	PRINT_BOOL, /* yes or no */
	PRINT_LIST, /* texts, joined by commas */
};

/**
 * struct print_column - a column.
 * @key: name in JSON; NULL: for people only.
 * @title: header; NULL: in JSON only.
 * @group: NULL, or the same in neighbouring columns: their JSON object, and a line over the header.
 */
struct print_column {
	const char *key;
	const char *title;
	const char *group;
	enum print_kind kind;
};

/** struct print_cell - a value as kept; print.c and print_layout.c only. */
struct print_cell {
	__u64 number; /* or truth, or count of a list's items */
	size_t text;  /* offset of the first text */
	size_t width; /* in terminal columns; 0: nothing to be seen */
	bool present;
};

/** struct print_table - rows of cells. Initialise with print_init(). */
struct print_table {
	const struct print_column *columns;
	size_t n_columns;
	struct print_cell *cells; /* row by row */
	size_t n;
	size_t size;
	char *text; /* of all cells, each ended by NUL */
	size_t text_len;
	size_t text_size;
	int err; /* first failure; what comes after it is ignored */
};

/** print_init - an empty table; @columns must outlive it. */
void print_init(struct print_table *t, const struct print_column *columns, size_t n_columns);

/** print_clear - release a table's rows. Also for _cleanup_(). */
void print_clear(struct print_table *t);

/*
 * Add the next cell of the current row; after the last column begins the next row. The function
 * must fit the column's kind. Failures are kept in @t and reported when it is printed.
 */
void print_text(struct print_table *t, const char *text); /* NULL: absent */
void print_number(struct print_table *t, __u64 number);
void print_bool(struct print_table *t, bool yes);
void print_list(struct print_table *t); /* empty; filled by print_item() */
void print_absent(struct print_table *t);

/** print_count - two number cells: packets and bytes. */
void print_count(struct print_table *t, const struct weft_count *count);

/** print_item - add a text to the list that is the latest cell. */
void print_item(struct print_table *t, const char *text);

/**
 * print_table - write the table for people, header first.
 *
 * Return: 0; -ENOMEM or -EINVAL (cells and columns do not fit) from filling it. Failures of @out
 * stay in its error indicator.
 */
int print_table(const struct print_table *t, FILE *out);

/** print_rows - the table as an array of objects, owned by the caller; NULL if filling it failed.
 */
json_t *print_rows(const struct print_table *t);

/**
 * print_json - write a document and release it.
 * @doc: NULL counts as lack of memory.
 *
 * Return: 0 or -ENOMEM. Failures of @out stay in its error indicator.
 */
int print_json(json_t *doc, FILE *out);

/**
 * print_json_rows - write {"node": @node, @name: [rows]}, a row a line, without ever holding all of
 * it: a big table is much bigger as JSON.
 *
 * Return: as print_table(). After -ENOMEM half a document may be written.
 */
int print_json_rows(const struct print_table *t, const char *node, const char *name, FILE *out);

/**
 * struct print_stream - a table of any length: its rows are written as they come, so that they need
 * not fit into memory. Fill @table as any other.
 * @widths: of the columns, as what was written so far needs them; they never shrink.
 * @name, @node: of print_json_rows(), for JSON.
 */
struct print_stream {
	struct print_table table; /* rows that are not yet written */
	FILE *out;
	const char *node;
	const char *name;
	size_t *widths;
	bool json;
	bool begun; /* something was written */
	bool some;  /* a row was written */
};

/**
 * print_stream_init - nothing is written yet.
 * @s: print_stream_clear() releases it, in any case. All pointers must outlive it.
 * @json: write JSON, else text.
 */
void print_stream_init(struct print_stream *s, const struct print_column *columns, size_t n_columns,
		       bool json, FILE *out);

/**
 * print_stream_row - say that a row is complete; it may be written now or later.
 *
 * Return: as print_table(); -EIO if @out fails: nobody reads what is to come.
 */
int print_stream_row(struct print_stream *s);

/** print_stream_end - write what is left. Return: as print_table(). */
int print_stream_end(struct print_stream *s);

/** print_stream_clear - release a stream. Also for _cleanup_(). */
void print_stream_clear(struct print_stream *s);

/** print_starts_group - is this column the first of a group? */
static inline bool print_starts_group(const struct print_table *t, size_t column)
{
	const char *group = t->columns[column].group;

	return group && (!column || t->columns[column - 1].group != group);
}

/** struct print_addr - an address or the like as text. */
struct print_addr {
	char s[INET6_ADDRSTRLEN];
};

/** print_addr - "10.9.0.11" or "fd00:9::11". */
struct print_addr print_addr(const struct weft_addr *addr);

/** print_span - a span of time in two units at most: "350ms", "4.2s", "12m30s", "5h03m", "2d04h".
 */
struct print_addr print_span(__u64 ms);

/** print_mac - "02:00:00:00:00:01". */
struct print_addr print_mac(const __u8 mac[static WEFT_ETH_ALEN]);

#endif
