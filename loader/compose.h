/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * YAML text to a tree of libyaml nodes, before decode.c looks for meaning in it.
 *
 * yaml_parser_load() would do, but for three things: it follows nesting without bound, it takes
 * quadratic time over anchors, and it hides explicit tags. So the tree is put together here, from
 * libyaml's events, with libyaml's own document functions.
 */
#ifndef WEFT_LOADER_COMPOSE_H
#define WEFT_LOADER_COMPOSE_H

#include <stddef.h>
#include <yaml.h>

struct diag;

/** COMPOSE_MAX_DEPTH - levels of nesting; the deepest value of a sensible file is at 6. */
#define COMPOSE_MAX_DEPTH 32

/**
 * compose - parse text that is to hold one YAML document.
 * @text: @len bytes of YAML.
 * @diag: told what is not YAML, and what is YAML but not accepted (tags, a second document, ...).
 * @document: to be released by yaml_document_delete(), on failure too. An alias is the same node
 * once more, never a cycle.
 *
 * Return: 0 if there is a document with a root to go on with, even if @diag was told something;
 * -EINVAL if there is not; -ENOMEM.
 */
int compose(const void *text, size_t len, struct diag *diag, yaml_document_t *document);

/** compose_fn - is given a document, for the time of the call. Return: 0, or -errno to stop. */
typedef int (*compose_fn)(yaml_document_t *document, void *arg);

/**
 * compose_each - the same for text that may hold several documents, one after the other.
 *
 * Return: 0; -EINVAL, @diag told; -ENOMEM; what @each returned.
 */
int compose_each(const void *text, size_t len, struct diag *diag, compose_fn each, void *arg);

#endif
