/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A JSON value as YAML, for people to read and for `weft apply` to read again. */
#ifndef WEFT_LOADER_YAML_OUT_H
#define WEFT_LOADER_YAML_OUT_H

#include <stdio.h>
#include <jansson.h>

/**
 * yaml_out - write a document in block style; lists of plain values in a line of their own.
 * @value: a mapping or list.
 *
 * Return: 0 or -ENOMEM. Failures of @out stay in its error indicator.
 */
int yaml_out(const json_t *value, FILE *out);

#endif
