/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Collected complaints about a file; see diag.h. */
#include "diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Nobody reads more, and a generated file can be wrong in every one of its lines. */
#define MAX_KEPT 1000

struct diag {
	char *file;
	struct diag_entry *entries;
	size_t n;
	size_t count; /* errors recorded, whether kept or not */
	size_t warnings;
	bool last_kept; /* so that a hint never lands on an older entry */
};

struct diag *diag_new(void)
{
	return calloc(1, sizeof(struct diag));
}

void diag_free(struct diag *diag)
{
	size_t i;

	if (!diag)
		return;
	for (i = 0; i < diag->n; i++) {
		free(diag->entries[i].message);
		free(diag->entries[i].hint);
	}
	free(diag->entries);
	free(diag->file);
	free(diag);
}

void diag_set_file(struct diag *diag, const char *name)
{
	free(diag->file);
	diag->file = strdup(name);
}

/*
 * The file's text reaches terminals through here: nothing in it may act on one. C1 controls are
 * two bytes in UTF-8, c2 80 to c2 9f.
 */
static void defuse(char *s)
{
	unsigned char *p;

	for (p = (unsigned char *)s; *p; p++) {
		if (*p < ' ' || *p == 0x7f) {
			*p = '?';
		} else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			p[0] = '?';
			p[1] = '?';
		}
	}
}

/* At most @len bytes of a longer text, and never part of a UTF-8 character. */
static size_t whole_chars(const char *text, size_t len)
{
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

struct diag_at diag_at(int line, int column, const char *key, ...)
{
	struct diag_at at = {.line = line, .column = column};
	va_list args;
	int len;

	va_start(args, key);
	len = vsnprintf(at.key, sizeof(at.key), key, args);
	va_end(args);
	if (len >= (int)sizeof(at.key))
		memcpy(at.key + whole_chars(at.key, sizeof(at.key) - sizeof("...")), "...",
		       sizeof("..."));
	defuse(at.key);
	return at;
}

struct diag_quote diag_quote(const char *text)
{
	const size_t room = DIAG_QUOTE_LEN - sizeof("\"...\"");
	struct diag_quote quote;
	size_t len = strlen(text);

	if (len <= room)
		snprintf(quote.s, sizeof(quote.s), "\"%s\"", text);
	else
		snprintf(quote.s, sizeof(quote.s), "\"%.*s...\"", (int)whole_chars(text, room),
			 text);
	return quote;
}

struct diag_line diag_line(size_t line)
{
	struct diag_line text = {"a document of the API"};

	if (line < DIAG_LINE_API)
		snprintf(text.s, sizeof(text.s), "line %zu", line);
	return text;
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		return NULL;
	defuse(text);
	return text;
}

/* Takes @message over. */
static bool keep(struct diag *diag, const struct diag_at *at, bool warning, char *message)
{
	struct diag_entry *entries;

	if (!message || diag->n >= MAX_KEPT)
		return false;
	entries = reallocarray(diag->entries, diag->n + 1, sizeof(*entries));
	if (!entries)
		return false;
	diag->entries = entries;
	entries[diag->n] = (struct diag_entry){
		.at = *at, .message = message, .warning = warning, .order = diag->n};
	diag->n++;
	return true;
}

static void record(struct diag *diag, const struct diag_at *at, bool warning, const char *message,
		   va_list args)
{
	char *text = format(message, args);

	diag->last_kept = keep(diag, at, warning, text);
	if (!diag->last_kept)
		free(text);
}

int diag_error(struct diag *diag, struct diag_at at, const char *message, ...)
{
	va_list args;

	va_start(args, message);
	record(diag, &at, false, message, args);
	va_end(args);
	diag->count++;
	return -EINVAL;
}

void diag_warning(struct diag *diag, struct diag_at at, const char *message, ...)
{
	va_list args;

	va_start(args, message);
	record(diag, &at, true, message, args);
	va_end(args);
	diag->warnings++;
}

void diag_hint(struct diag *diag, const char *hint, ...)
{
	struct diag_entry *last;
	va_list args;

	if (!diag->last_kept)
		return;
	last = &diag->entries[diag->n - 1];
	free(last->hint);
	va_start(args, hint);
	last->hint = format(hint, args);
	va_end(args);
}

size_t diag_count(const struct diag *diag)
{
	return diag->count;
}

size_t diag_warnings(const struct diag *diag)
{
	return diag->warnings;
}

static int compare(const void *a, const void *b)
{
	const struct diag_entry *x = a, *y = b;

	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.column != y->at.column)
		return x->at.column < y->at.column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

const struct diag_entry *diag_entries(struct diag *diag, size_t *n)
{
	if (diag->n)
		qsort(diag->entries, diag->n, sizeof(*diag->entries), compare);
	diag->last_kept = false; /* the latest is now anywhere */
	*n = diag->n;
	return diag->entries;
}

static const char *file_name(const struct diag *diag)
{
	return diag->file ? diag->file : "?";
}

static void print_entry(const struct diag *diag, const struct diag_entry *entry, FILE *out)
{
	const struct diag_at *at = &entry->at;

	fputs(at->line < DIAG_LINE_API ? file_name(diag) : "API", out);
	if (at->line)
		fprintf(out, ":%d:%d", at->line % DIAG_LINE_API, at->column);
	fputs(entry->warning ? ": warning: " : ": error: ", out);
	if (at->key[0])
		fprintf(out, "%s: ", at->key);
	fputs(entry->message, out);
	if (entry->hint)
		fprintf(out, "; %s", entry->hint);
	fputc('\n', out);
}

static void print_count(size_t n, const char *word, FILE *out)
{
	fprintf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

static void print_summary(const struct diag *diag, FILE *out)
{
	fprintf(out, "%s: ", file_name(diag));
	if (diag->count)
		print_count(diag->count, "error", out);
	if (diag->count && diag->warnings)
		fputs(" and ", out);
	if (diag->warnings)
		print_count(diag->warnings, "warning", out);
	if (diag->count + diag->warnings > diag->n)
		fprintf(out, ", of which %zu are shown", diag->n);
	fputc('\n', out);
}

void diag_print(struct diag *diag, FILE *out)
{
	const struct diag_entry *entries;
	size_t n, i;

	entries = diag_entries(diag, &n);
	for (i = 0; i < n; i++)
		print_entry(diag, &entries[i], out);
	if (diag->count || diag->warnings)
		print_summary(diag, out);
}

/* A file's name need not be UTF-8, which JSON must be. */
static json_t *json_text(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : json_string("?");
}

static json_t *entry_json(const struct diag *diag, const struct diag_entry *entry)
{
	const struct diag_at *at = &entry->at;

	return json_pack("{s:o, s:i, s:i, s:s, s:o, s:o, s:o}", "file",
			 json_text(at->line < DIAG_LINE_API ? file_name(diag) : "API"), "line",
			 at->line % DIAG_LINE_API, "column", at->column, "severity",
			 entry->warning ? "warning" : "error", "key", json_text(at->key), "message",
			 json_text(entry->message), "hint",
			 entry->hint ? json_text(entry->hint) : json_null());
}

json_t *diag_json(struct diag *diag)
{
	const struct diag_entry *entries;
	json_t *array = json_array();
	size_t n, i;

	entries = diag_entries(diag, &n);
	for (i = 0; array && i < n; i++) {
		if (json_array_append_new(array, entry_json(diag, &entries[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}
