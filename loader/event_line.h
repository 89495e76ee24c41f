/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a process that stays says on standard output: JSON, a line each. */
#ifndef WEFT_LOADER_EVENT_LINE_H
#define WEFT_LOADER_EVENT_LINE_H

#include <jansson.h>

/**
 * event_line - print {"time": .., "event": NAME, ...}. A reader who does not read loses the line,
 * and holds nobody up.
 * @fields: what follows; taken over. NULL: nothing.
 *
 * Return: the line, with its newline, for the caller to free; NULL without memory.
 */
char *event_line(const char *name, json_t *fields);

#endif
