/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A YAML document into a struct, as a table of schema.h describes it. Every value is judged by
 * itself here; what takes several of them to judge is for check.c.
 */
#ifndef WEFT_LOADER_DECODE_H
#define WEFT_LOADER_DECODE_H

#include <yaml.h>

#include "schema.h"

struct diag;

/**
 * decode - fill a struct from a document.
 * @document: from compose().
 * @table: describes @out, which is all zero.
 * @diag: told everything that is wrong; decoding goes on after each error.
 * @out: values that are wrong stay zero. To be released by schema_free() in any case.
 */
void decode(yaml_document_t *document, const struct schema_table *table, struct diag *diag,
	    void *out);

#endif
