/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz the reader and the converter of Kubernetes' objects. Built and run by `make fuzz`, by hand:
 *
 *	build/tests/fuzz/fuzz_k8s -max_total_time=60 tests/fuzz/corpus/k8s
 *
 * Beyond what the sanitizers find: what is converted without complaint is a configuration that is
 * read without complaint; and what an API server sends is converted, whatever is wrong with it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "diag.h"
#include "k8s.h"
#include "util.h"
#include "yaml_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "nodes: [{name: a, vtep: 192.0.2.1, uplinks: [eth0]}]\n"
			   "networks: [{name: n, vni: 1, subnets: [10.0.0.0/8]}]\n";

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void read_back(const json_t *documents)
{
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	require(out && diag);
	fputs(head, out);
	require(!yaml_out(documents, out));
	fclose(out);
	if (config_load_bytes("k8s", text, len, diag, &cfg)) {
		diag_print(diag, stderr);
		fputs(text, stderr);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(k8s_input_clear) struct k8s_input in = {};
	json_auto_t *admit = size % 2 ? json_pack("{s:[s]}", "groups", "host") : NULL;
	struct k8s_options options = {.input = &in, .admit = admit};
	json_auto_t *documents = NULL;
	bool wrong = k8s_read_bytes(&in, "input", data, size);

	require(!k8s_convert(in.objects, &options, &documents));
	for (size_t i = 0; i < in.n_files; i++)
		wrong |= diag_count(in.files[i]);
	if (!wrong)
		read_back(documents);
	return 0;
}
