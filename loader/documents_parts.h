/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What documents.c (sets) and documents_text.c (texts) share. Private to them; see documents.h. */
#ifndef WEFT_LOADER_DOCUMENTS_PARTS_H
#define WEFT_LOADER_DOCUMENTS_PARTS_H

#include "config.h"
#include "documents.h"
#include "schema.h"

/** struct documents_puts - rows by kind: one of config.h's lists each. */
struct documents_puts {
	int line;
	int column;
	struct schema_list rows[__DOCUMENT_KIND_MAX];
};

/** struct documents_deletes - names by kind. */
struct documents_deletes {
	int line;
	int column;
	struct cfg_strs names[__DOCUMENT_KIND_MAX];
};

struct documents_change {
	int line;
	int column;
	struct documents_puts put;
	struct documents_deletes delete;
	struct documents docs; /* what @put had, until documents_seal() */
};

/** document_key - the schema's key of the list. */
const struct schema_key *document_key(enum document_kind kind);

/** documents_seal - make documents of the rows that a change puts. Return: 0 or -ENOMEM. */
int documents_seal(struct documents_change *change);

/** document_row_name - name in a row of config.h. */
const char *document_row_name(enum document_kind kind, const void *row);

#endif
