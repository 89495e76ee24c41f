/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that is wrong with a file, collected so that the user sees all of it at once, and what
 * is allowed but hardly meant (warnings):
 *
 *	two.yaml:14:12: error: ports[3].network: no network is called "wbe"; did you mean "web"?
 *	^ file   ^ struct diag_at                ^ message                   ^ hint
 *
 * The message says what is wrong, the hint what would be right. The same record serves the decoder,
 * the checks and whoever later finds that the machine does not fit the file.
 */
#ifndef WEFT_LOADER_DIAG_H
#define WEFT_LOADER_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

#define DIAG_KEY_LEN   128 /* a key path, with the final NUL; longer ones are cut */
#define DIAG_QUOTE_LEN 64

/**
 * DIAG_LINE_API - added to the lines of what came over the agent's API, to tell them from lines of
 * the file; a file is too small for so many.
 */
#define DIAG_LINE_API (1 << 30)

struct diag;

/** struct diag_line - a line in words, by value; see diag_line(). */
struct diag_line {
	char s[32];
};

/** struct diag_at - where something is wrong; line 0 means the file as a whole. */
struct diag_at {
	int line;
	int column;
	char key[DIAG_KEY_LEN]; /* "ports[3].network"; may be empty */
};

/** struct diag_entry - one complaint as kept; all strings are free of control characters. */
struct diag_entry {
	struct diag_at at;
	char *message;
	char *hint; /* may be NULL */
	bool warning;
	size_t order;
};

/** struct diag_quote - text from the file made fit to be shown; see diag_quote(). */
struct diag_quote {
	char s[DIAG_QUOTE_LEN];
};

/** diag_new - an empty record, or NULL without memory. */
struct diag *diag_new(void);

/** diag_free - release a record; NULL is fine. */
void diag_free(struct diag *diag);

/** diag_freep - for _cleanup_(). */
static inline void diag_freep(struct diag **diag)
{
	diag_free(*diag);
}

/** diag_set_file - name the file that every entry is about. @name is copied. */
void diag_set_file(struct diag *diag, const char *name);

/** diag_at - a place in the file: line and column from 1 (0 = unknown) and the key's path. */
struct diag_at diag_at(int line, int column, const char *key, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * DIAG_AT - the place of a value or row of struct config.
 * @value: any struct of config.h that has a line and a column; then the key's path as for printf:
 * DIAG_AT(port->mac, "ports[%zu].mac", i).
 */
#define DIAG_AT(value, ...) diag_at((value).line, (value).column, __VA_ARGS__)

/**
 * diag_error - record that something is wrong.
 * @message: what is wrong, as for printf; no final stop or newline. Text from the file goes through
 * diag_quote().
 *
 * Return: -EINVAL always, so that a caller can return it.
 */
int diag_error(struct diag *diag, struct diag_at at, const char *message, ...)
	__attribute__((format(printf, 3, 4)));

/** diag_warning - record what is allowed but hardly meant; as diag_error(), but not counted there.
 */
void diag_warning(struct diag *diag, struct diag_at at, const char *message, ...)
	__attribute__((format(printf, 3, 4)));

/** diag_hint - add to the latest entry what would be right; replaces an earlier hint. */
void diag_hint(struct diag *diag, const char *hint, ...) __attribute__((format(printf, 2, 3)));

/**
 * diag_quote - text in double quotes, cut to a readable length on a character boundary. To be used
 * inside one call: diag_error(..., "no node is called %s", diag_quote(name).s).
 */
struct diag_quote diag_quote(const char *text);

/** diag_line - "line 12", or "a document of the API", where lines mean nothing to the reader. */
struct diag_line diag_line(size_t line);

/** diag_count - number of errors so far, including those beyond what is kept. */
size_t diag_count(const struct diag *diag);

/** diag_warnings - number of warnings so far, likewise. */
size_t diag_warnings(const struct diag *diag);

/**
 * diag_entries - what was recorded, sorted by place.
 * @n: receives the number of entries; at most the first thousand recorded are kept.
 *
 * Return: an array that is valid until the next entry is recorded.
 */
const struct diag_entry *diag_entries(struct diag *diag, size_t *n);

/** diag_print - write every entry as a line of text, then a summary if there was any. */
void diag_print(struct diag *diag, FILE *out);

/** diag_json - every entry as an array of objects; NULL without memory. The caller owns it. */
json_t *diag_json(struct diag *diag);

#endif
