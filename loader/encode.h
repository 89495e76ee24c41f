/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The way back of decode.h: a struct as a table of schema.h describes it, to the JSON that decode()
 * would have made it from.
 */
#ifndef WEFT_LOADER_ENCODE_H
#define WEFT_LOADER_ENCODE_H

#include <jansson.h>

#include "schema.h"

/**
 * encode - a struct as JSON.
 * @row: from decode(). Keys that were not given are left out.
 *
 * Return: an object that the caller owns; NULL without memory.
 */
json_t *encode(const struct schema_table *table, const void *row);

#endif
