/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sets of documents, and what they are together with the file; see documents.h. */
#include "documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "documents_parts.h"
#include "encode.h"
#include "schema.h"
#include "set.h"
#include "util.h"

static const struct {
	const char *list;
	const char *word;
} kinds[__DOCUMENT_KIND_MAX] = {
	[DOCUMENT_NETWORK] = {"networks", "network"},
	[DOCUMENT_PORT] = {"ports", "port"},
	[DOCUMENT_ADDRESS_SET] = {"address_sets", "address set"},
	[DOCUMENT_POLICY] = {"policies", "policy"},
};

const char *document_list(enum document_kind kind)
{
	return kinds[kind].list;
}

const char *document_word(enum document_kind kind)
{
	return kinds[kind].word;
}

const struct schema_key *document_key(enum document_kind kind)
{
	return schema_find_key(&schema_root, kinds[kind].list);
}

const struct schema_table *document_table(enum document_kind kind)
{
	return document_key(kind)->type.item->table;
}

const char *document_row_name(enum document_kind kind, const void *row)
{
	const struct schema_key *key = schema_find_key(document_table(kind), "name");
	struct cfg_str name;

	memcpy(&name, (const char *)row + key->offset, sizeof(name));
	return name.v;
}

const char *document_name(const struct document *doc)
{
	return document_row_name(doc->kind, doc->row);
}

static void put_back(struct document *doc)
{
	if (--doc->refs)
		return;
	schema_free(document_table(doc->kind), doc->row);
	free(doc->row);
	free(doc);
}

size_t documents_count(const struct documents *docs)
{
	size_t n = 0;

	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++)
		n += docs->of[kind].n;
	return n;
}

/* Return: index of the document called @name, or how many there are. */
static size_t find(const struct documents *docs, enum document_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < docs->of[kind].n; i++)
		if (!strcmp(document_name(docs->of[kind].v[i]), name))
			break;
	return i;
}

const struct document *documents_find(const struct documents *docs, enum document_kind kind,
				      const char *name)
{
	size_t i = find(docs, kind, name);

	return i < docs->of[kind].n ? docs->of[kind].v[i] : NULL;
}

int documents_copy(const struct documents *from, struct documents *to)
{
	*to = (struct documents){};
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++) {
		size_t n = from->of[kind].n;

		to->of[kind].v = calloc(n + 1, sizeof(*to->of[kind].v));
		if (!to->of[kind].v) {
			documents_clear(to);
			return -ENOMEM;
		}
		to->of[kind].n = n;
		to->of[kind].size = n + 1;
		for (size_t i = 0; i < n; i++) {
			to->of[kind].v[i] = from->of[kind].v[i];
			to->of[kind].v[i]->refs++;
		}
	}
	return 0;
}

/* Almost all are the same object. */
static bool same_document(const struct document *a, const struct document *b)
{
	json_t *x, *y;
	bool same;

	if (a == b)
		return true;
	x = encode(document_table(a->kind), a->row);
	y = encode(document_table(b->kind), b->row);
	same = x && y && json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}

bool documents_differ(const struct documents *a, const struct documents *b, unsigned int kinds)
{
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		if (a->of[kind].n != b->of[kind].n)
			return true;
		for (size_t i = 0; i < a->of[kind].n; i++)
			if (!same_document(a->of[kind].v[i], b->of[kind].v[i]))
				return true;
	}
	return false;
}

void documents_clear(struct documents *docs)
{
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++) {
		for (size_t i = 0; i < docs->of[kind].n; i++)
			put_back(docs->of[kind].v[i]);
		free(docs->of[kind].v);
	}
	*docs = (struct documents){};
}

static int grow(struct documents *docs, enum document_kind kind)
{
	size_t size = docs->of[kind].size ? docs->of[kind].size * 2 : 16;
	struct document **v = reallocarray(docs->of[kind].v, size, sizeof(*v));

	if (!v)
		return -ENOMEM;
	docs->of[kind].v = v;
	docs->of[kind].size = size;
	return 0;
}

static int append(struct documents *docs, struct document *doc)
{
	enum document_kind kind = doc->kind;

	if (docs->of[kind].n == docs->of[kind].size && grow(docs, kind))
		return -ENOMEM;
	docs->of[kind].v[docs->of[kind].n++] = doc;
	return 0;
}

static int put(struct documents *docs, struct document *doc)
{
	size_t i = find(docs, doc->kind, document_name(doc));
	int err = 0;

	if (i == docs->of[doc->kind].n)
		err = append(docs, doc);
	else
		put_back(docs->of[doc->kind].v[i]);
	if (err)
		return err;
	docs->of[doc->kind].v[i] = doc;
	doc->refs++;
	return 0;
}

/* Moves a row, which is an item of a list, into a document of its own. */
static int seal(enum document_kind kind, const void *row, struct documents *docs)
{
	size_t size = document_table(kind)->size;
	struct document *doc = malloc(sizeof(*doc));
	void *copy = malloc(size);

	if (doc && copy) {
		memcpy(copy, row, size);
		*doc = (struct document){.refs = 1, .kind = kind, .row = copy};
		if (!append(docs, doc))
			return 0;
	}
	free(doc);
	free(copy);
	return -ENOMEM;
}

int documents_seal(struct documents_change *change)
{
	int err = 0;

	for (int kind = 0; kind < __DOCUMENT_KIND_MAX && !err; kind++) {
		struct schema_list *rows = &change->put.rows[kind];
		size_t size = document_table(kind)->size;

		/* The last leaves the list; order among documents means nothing. */
		for (; rows->n && !err; rows->n -= !err)
			err = seal(kind, (const char *)rows->v + (rows->n - 1) * size,
				   &change->docs);
	}
	return err;
}

static int take_out(struct documents *docs, enum document_kind kind, const struct cfg_str *name,
		    struct diag_at at, struct diag *diag)
{
	size_t i = find(docs, kind, name->v), n = docs->of[kind].n;

	if (i == n)
		return diag_error(diag, at, "the API has no %s called %s", kinds[kind].word,
				  diag_quote(name->v).s);
	put_back(docs->of[kind].v[i]);
	memmove(&docs->of[kind].v[i], &docs->of[kind].v[i + 1],
		(n - i - 1) * sizeof(*docs->of[kind].v));
	docs->of[kind].n--;
	return 0;
}

static int delete_all(struct documents *docs, const struct documents_change *change,
		      struct diag *diag)
{
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++) {
		const struct cfg_strs *names = &change->delete.names[kind];

		for (size_t i = 0; i < names->n; i++)
			take_out(docs, kind, &names->v[i],
				 DIAG_AT(names->v[i], "delete.%s[%zu]", kinds[kind].list, i), diag);
	}
	return diag_count(diag) ? -EINVAL : 0;
}

/* A name twice in one change: which of the two was meant? */
static int refuse_twice(const struct documents_change *change, enum document_kind kind,
			struct diag *diag)
{
	struct set names = {};
	int err = 0;

	for (size_t i = 0; i < change->docs.of[kind].n && err != -ENOMEM; i++) {
		const struct document *doc = change->docs.of[kind].v[i];
		const char *name = document_name(doc);
		struct cfg_pos pos;

		memcpy(&pos, doc->row, sizeof(pos));
		err = set_add(&names, name, strlen(name), i, NULL);
		if (err == -EEXIST)
			diag_error(diag, diag_at(pos.line, pos.column, "put.%s", kinds[kind].list),
				   "the %s %s is put twice", kinds[kind].word, diag_quote(name).s);
	}
	set_clear(&names);
	return err == -ENOMEM ? err : diag_count(diag) ? -EINVAL : 0;
}

static int put_all(struct documents *docs, const struct documents_change *change, struct diag *diag)
{
	int err = 0;

	for (int kind = 0; kind < __DOCUMENT_KIND_MAX && !err; kind++) {
		err = refuse_twice(change, kind, diag);
		for (size_t i = 0; i < change->docs.of[kind].n && !err; i++)
			err = put(docs, change->docs.of[kind].v[i]);
		if (!err && docs->of[kind].n > DOCUMENTS_MAX)
			err = -E2BIG;
	}
	return err;
}

int documents_apply(struct documents *docs, const struct documents_change *change,
		    struct diag *diag)
{
	int err = delete_all(docs, change, diag);

	return err ? err : put_all(docs, change, diag);
}

/* The file's rows, then those of the API, in a list of their own. */
static int join(const struct config *file, const struct documents *docs, enum document_kind kind,
		struct config *out)
{
	const struct schema_key *key = document_key(kind);
	size_t size = document_table(kind)->size;
	struct schema_list rows, joined;
	char *next;

	memcpy(&rows, (const char *)file + key->offset, sizeof(rows));
	joined = (struct schema_list){.n = rows.n + docs->of[kind].n};
	joined.v = calloc(joined.n + 1, size);
	if (!joined.v)
		return -ENOMEM;
	if (rows.n)
		memcpy(joined.v, rows.v, rows.n * size);
	next = (char *)joined.v + rows.n * size;
	for (size_t i = 0; i < docs->of[kind].n; i++, next += size)
		memcpy(next, docs->of[kind].v[i]->row, size);
	memcpy((char *)out + key->offset, &joined, sizeof(joined));
	return 0;
}

int documents_merge(const struct config *file, const struct documents *docs, struct config **out)
{
	_cleanup_(config_freep) struct config *cfg = malloc(sizeof(*cfg));
	const struct schema_list none = {};
	int err = 0;

	if (!cfg)
		return -ENOMEM;
	*cfg = *file;
	cfg->borrows = true;
	cfg->node_index = cfg->network_index = (struct set){};
	cfg->port_index = cfg->address_set_index = (struct set){};
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++)
		memcpy((char *)cfg + document_key(kind)->offset, &none, sizeof(none));
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX && !err; kind++)
		err = join(file, docs, kind, cfg);
	if (!err)
		*out = TAKE_PTR(cfg);
	return err;
}
