/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the agent was given by its API: networks, ports, address sets and policies, each the same
 * document as in the file. They stand beside the file's own, are checked and compiled together with
 * them, and live in a file of the agent's.
 *
 * A document never changes: a put makes another in its place. So a set of documents is copied by
 * counting references, and two sets, before and after a change, cost little more than one.
 */
#ifndef WEFT_LOADER_DOCUMENTS_H
#define WEFT_LOADER_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

struct config;
struct diag;
struct schema_table;

/** enum document_kind - what can be given, in the order in which one names another. */
enum document_kind {
	DOCUMENT_NETWORK,
	DOCUMENT_PORT,
	DOCUMENT_ADDRESS_SET,
	DOCUMENT_POLICY,
	__DOCUMENT_KIND_MAX,
};

/** document_list, document_word - "networks" and so on: the file's key; "network": one of them. */
const char *document_list(enum document_kind kind);
const char *document_word(enum document_kind kind);

/** document_table - what the schema says of them. */
const struct schema_table *document_table(enum document_kind kind);

/** struct document - one, shared by all sets that it is in. @row: struct cfg_port or the like. */
struct document {
	unsigned int refs;
	enum document_kind kind;
	void *row;
};

/** document_name - what it is called. */
const char *document_name(const struct document *doc);

/** struct documents - a set of them, by kind. All zero: empty. */
struct documents {
	struct {
		struct document **v;
		size_t n;
		size_t size;
	} of[__DOCUMENT_KIND_MAX];
};

/** DOCUMENTS_MAX - most documents of a kind. */
#define DOCUMENTS_MAX 65536

/** documents_count - of all kinds. */
size_t documents_count(const struct documents *docs);

/** documents_find - the document called @name, or NULL. */
const struct document *documents_find(const struct documents *docs, enum document_kind kind,
				      const char *name);

/** documents_copy - make @to, uninitialised, hold the same. Return: 0; -ENOMEM, @to then empty. */
int documents_copy(const struct documents *from, struct documents *to);

/** documents_differ - whether two sets differ in documents of some kinds: bits 1 << kind. */
bool documents_differ(const struct documents *a, const struct documents *b, unsigned int kinds);

/** documents_clear - let go of all. Also for _cleanup_(). */
void documents_clear(struct documents *docs);

/**
 * struct documents_change - documents to be put and names to be deleted, as the decoder fills it:
 * the lists of the file, and beside them lists of names. documents_change_free() releases it.
 */
struct documents_change;

/** documents_change_put - the first document of a kind that a change puts, or NULL. */
const struct document *documents_change_put(const struct documents_change *change,
					    enum document_kind kind);

/** documents_change_new - an empty one, NULL without memory. */
struct documents_change *documents_change_new(void);

void documents_change_free(struct documents_change *change);

static inline void documents_change_freep(struct documents_change **change)
{
	documents_change_free(*change);
}

/**
 * documents_decode - one document into a change, to be put.
 * @text: @len bytes of JSON, from json_guard().
 * @diag: told everything that is wrong.
 *
 * Return: 0 or -EINVAL, if @diag was told something; -ENOMEM.
 */
int documents_decode(enum document_kind kind, const char *text, size_t len, struct diag *diag,
		     struct documents_change *change);

/**
 * documents_decode_change - a whole change: {"put": {"ports": [..], ..}, "delete": {"ports":
 * ["web-1"], ..}}. As documents_decode().
 */
int documents_decode_change(const char *text, size_t len, struct diag *diag,
			    struct documents_change *change);

/** documents_delete - a name to be deleted, into a change. Return: 0 or -ENOMEM. */
int documents_delete(enum document_kind kind, const char *name, struct documents_change *change);

/**
 * documents_apply - carry a change out.
 * @docs: half changed on failure.
 * @diag: told of a name to be deleted that is not there.
 *
 * Return: 0; -EINVAL if @diag was told something; -E2BIG if there would be too many; -ENOMEM.
 */
int documents_apply(struct documents *docs, const struct documents_change *change,
		    struct diag *diag);

/**
 * documents_merge - a config of a file and documents, to be checked by config_check().
 * @file: from config_read(); must outlive @out, and so must the documents in @docs.
 * @out: released by config_free().
 *
 * Return: 0 or -ENOMEM.
 */
int documents_merge(const struct config *file, const struct documents *docs, struct config **out);

/**
 * documents_load - read a set from where it was saved. Nothing there is an empty set. Ports that
 * were made for containers are left out if the kernel has been started anew since.
 *
 * Return: 0; -EINVAL if @diag was told something; -errno.
 */
int documents_load(const char *path, struct diag *diag, struct documents *docs);

/**
 * documents_prepare - write a set beside its place, on disk.
 * documents_commit - let what was prepared take its place, in one step.
 *
 * Return: 0 or -errno.
 */
int documents_prepare(const char *path, const struct documents *docs);
int documents_commit(const char *path);

/**
 * json_guard - what every text from outside has to pass first: strict JSON, an object, UTF-8, no
 * key twice in an object, nested no deeper than compose.h reads.
 *
 * Return: 0; -EINVAL, @diag told.
 */
int json_guard(const char *text, size_t len, struct diag *diag);

#endif
