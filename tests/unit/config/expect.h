/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Expected complaints, for the tests of the configuration file.
 *
 * A fixture says on the line itself what is wrong with it, after "#!":
 *
 *	vni: 0    #! networks[0].vni: out of range #! ...and another
 *
 * that is, the key's path and a part of "message; hint". Every complaint must be expected and every
 * expectation met.
 */
#ifndef WEFT_TESTS_CONFIG_EXPECT_H
#define WEFT_TESTS_CONFIG_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "diag.h"

#define EXPECT_MAX 64

struct expect {
	int line;
	int column; /* 0: any */
	char key[DIAG_KEY_LEN];
	char part[256];
};

struct expects {
	struct expect v[EXPECT_MAX];
	size_t n;
	bool met[EXPECT_MAX];
};

/* One "KEY: PART" that ends at @end. */
static inline void expects_add(struct expects *expects, int line, const char *text, const char *end)
{
	struct expect *e = &expects->v[expects->n++];
	const char *colon = strstr(text, ": ");

	assert_true(expects->n < EXPECT_MAX);
	assert_true(colon && colon < end);
	while (end[-1] == ' ')
		end--;
	*e = (struct expect){.line = line};
	snprintf(e->key, sizeof(e->key), "%.*s", (int)(colon - text), text);
	snprintf(e->part, sizeof(e->part), "%.*s", (int)(end - colon - 2), colon + 2);
}

/* What the comments of a fixture expect. */
static inline void expects_read(struct expects *expects, const char *text)
{
	int line = 1;
	const char *eol, *mark, *end;

	for (; *text; text = eol + (*eol == '\n'), line++) {
		eol = text + strcspn(text, "\n");
		for (mark = strstr(text, "#! "); mark && mark < eol; mark = end) {
			mark += strlen("#! ");
			end = strstr(mark, "#! ");
			if (!end || end > eol)
				end = eol;
			expects_add(expects, line, mark, end);
		}
	}
}

static inline bool expect_matches(const struct expect *e, const struct diag_entry *entry)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s%s", entry->message, entry->hint ? "; " : "",
		 entry->hint ? entry->hint : "");
	return e->line == entry->at.line && (!e->column || e->column == entry->at.column) &&
	       !strcmp(e->key, entry->at.key) && strstr(text, e->part);
}

/* Fail unless the complaints are the expected ones. */
static inline void expects_check(struct expects *expects, struct diag *diag)
{
	const struct diag_entry *entries;
	size_t n, i, j, wrong = 0;

	entries = diag_entries(diag, &n);
	for (i = 0; i < n; i++) {
		for (j = 0; j < expects->n; j++) {
			if (!expects->met[j] && expect_matches(&expects->v[j], &entries[i]))
				break;
		}
		if (j < expects->n) {
			expects->met[j] = true;
			continue;
		}
		wrong++;
		print_error("not expected: %d:%d: %s: %s; %s\n", entries[i].at.line,
			    entries[i].at.column, entries[i].at.key, entries[i].message,
			    entries[i].hint ? entries[i].hint : "");
	}
	for (j = 0; j < expects->n; j++) {
		if (expects->met[j])
			continue;
		wrong++;
		print_error("missing: %d: %s: %s\n", expects->v[j].line, expects->v[j].key,
			    expects->v[j].part);
	}
	assert_int_equal(wrong, 0);
}

#endif
