/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What print.c (cells, JSON), print_layout.c (text) and print_stream.c share. */
#ifndef WEFT_LOADER_PRINT_PARTS_H
#define WEFT_LOADER_PRINT_PARTS_H

#include "print.h"

/** print_measure - widen columns to what the rows of @t need. @widths: all zero at first. */
void print_measure(const struct print_table *t, size_t *widths);

/** print_head, print_lines - the header, and the rows of @t. */
void print_head(const struct print_table *t, const size_t *widths, FILE *out);
void print_lines(const struct print_table *t, const size_t *widths, FILE *out);

/**
 * print_json_head, print_json_part, print_json_tail - the document of print_json_rows() in pieces.
 * @first: no row was written before.
 * @empty: no row was written at all.
 *
 * Return: as print_json_rows().
 */
void print_json_head(const char *node, const char *name, FILE *out);
int print_json_part(const struct print_table *t, bool first, FILE *out);
void print_json_tail(bool empty, FILE *out);

#endif
