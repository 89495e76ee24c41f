/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the documents that the agent has to those that it should have: see k8s_follow.h. */
#ifndef WEFT_LOADER_K8S_CHANGE_H
#define WEFT_LOADER_K8S_CHANGE_H

#include <stdbool.h>
#include <jansson.h>

#define K8S_CHANGE_KINDS 2

/** k8s_change_kinds - as the agent's API calls them: "address_sets", "policies". */
extern const char *const k8s_change_kinds[K8S_CHANGE_KINDS];

/**
 * k8s_change_by_name - documents of k8s_convert() as {"policies": {NAME: document}, ..}.
 *
 * Return: a new reference, NULL without memory.
 */
json_t *k8s_change_by_name(const json_t *documents);

/**
 * k8s_change_recall - take the names that a converter has made from the agent's answer to
 * GET /v1/KIND. Of other documents, in the file or the API, nothing is known and nothing changed.
 * @known: gets {KIND: {NAME: null}}: whatever it says, it differs.
 *
 * Return: 0 or -ENOMEM.
 */
int k8s_change_recall(json_t *known, const char *kind, const json_t *answer);

/** k8s_change - the transaction from what the agent has to what it should have, or NULL. */
json_t *k8s_change(const json_t *known, const json_t *wanted);

/** k8s_change_is_empty - whether a transaction says nothing. */
bool k8s_change_is_empty(const json_t *change);

/** k8s_change_count - how many documents it names under "put" or "delete". */
int k8s_change_count(const json_t *change, const char *what);

#endif
