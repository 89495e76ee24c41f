/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A node's counters as text for Prometheus (exposition format 0.0.4), read from its maps, so that
 * they are there whether an agent runs or not. docs/agent.md lists them.
 */
#ifndef WEFT_LOADER_METRICS_H
#define WEFT_LOADER_METRICS_H

#include <stdio.h>
#include <linux/types.h>

struct pins;
struct progs;

/**
 * metrics_write - write all of a node's.
 * @progs: programs that are known already; NULL = none.
 * @failed: receives what a failure is about.
 *
 * Return: 0; as status_read(). Failures of @out stay in its error indicator.
 */
int metrics_write(const struct pins *pins, struct progs *progs, FILE *out, const char **failed);

/** metrics_family - the two lines that go before the samples of one name. */
void metrics_family(FILE *out, const char *name, const char *type, const char *help);

/**
 * metrics_sample - a sample.
 * @labels: names and values in turn, ended by NULL; values are escaped. A NULL value is left out.
 */
void metrics_sample(FILE *out, const char *name, double value, const char *const *labels);

/** METRIC - metrics_sample() with its labels in place; NULL for none. */
#define METRIC(out, name, value, ...)                                                              \
	metrics_sample(out, name, value, (const char *const[]){__VA_ARGS__, NULL})

#endif
