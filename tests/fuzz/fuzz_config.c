/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz the configuration file, from text to what `weft check` prints. Built and run by `make fuzz`,
 * by hand:
 *
 *	build/tests/fuzz/fuzz_config -max_total_time=60 tests/fuzz/corpus/config
 *
 * Beyond what the sanitizers find, a file is either accepted or complained about, and an accepted
 * one holds what everybody after config_load() relies on.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "config.h"
#include "diag.h"
#include "policy.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_complaints(struct diag *diag)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json = diag_json(diag);

	require(out && json);
	diag_print(diag, out);
	fclose(out);
	json_decref(json);
}

/* Its policies compile on every node, or are refused. */
static void check_policies(const struct config *cfg, struct diag *diag)
{
	size_t errors = diag_count(diag), i;

	require(!config_warn(cfg, diag) && diag_count(diag) == errors);
	for (i = 0; i < cfg->nodes.n; i++)
		require(!policy_check(cfg, &cfg->nodes.v[i], diag));
}

static void check_accepted(const struct config *cfg, struct diag *diag)
{
	const struct cfg_port *port;
	size_t i;

	require(cfg->nodes.n > 0);
	for (i = 0; i < cfg->ports.n; i++) {
		port = &cfg->ports.v[i];
		require(port->line && port->column);
		require(config_find_node(cfg, port->node.v));
		require(config_find_network(cfg, port->network.v));
	}
	for (i = 0; i < cfg->nodes.n; i++)
		require(!config_check_local(cfg, &cfg->nodes.v[i], diag));
	check_policies(cfg, diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = NULL;
	int err;

	err = config_load_bytes("fuzz", data, size, diag, &cfg);
	require(err == 0 || err == -EINVAL);
	require(!err == !diag_count(diag) && !err == !!cfg);
	if (!err)
		check_accepted(cfg, diag);
	check_complaints(diag);
	return 0;
}
