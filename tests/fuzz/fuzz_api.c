/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fuzz what the agent's API takes: the first byte says what the rest is to be, a document of some
 * kind or a whole change. Built and run by `make fuzz`, by hand:
 *
 *	build/tests/fuzz/fuzz_api -max_total_time=60 tests/fuzz/corpus/api
 *
 * Beyond what the sanitizers find: what is refused is complained about, and what is taken says the
 * same once it has been written and read again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "diag.h"
#include "documents.h"
#include "encode.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] =
	"nodes: [{name: a, vtep: 192.0.2.1, uplinks: [eth0]}]\n"
	"networks: [{name: web, vni: 7, subnets: [10.0.0.0/24]}]\n"
	"ports: [{name: p, node: a, interface: i, network: web,\n"
	"         mac: \"02:00:00:00:00:01\", addresses: [10.0.0.1], groups: g}]\n";

static void require(bool ok)
{
	if (!ok)
		abort();
}

static int decode_as(unsigned int what, const char *text, size_t len, struct diag *diag,
		     struct documents_change *change)
{
	int err = json_guard(text, len, diag);

	if (err)
		return err;
	if (what < __DOCUMENT_KIND_MAX)
		return documents_decode(what, text, len, diag, change);
	return documents_decode_change(text, len, diag, change);
}

static void check_again(const struct documents *docs, enum document_kind kind)
{
	for (size_t i = 0; i < docs->of[kind].n; i++) {
		_cleanup_(documents_change_freep) struct documents_change *change =
			documents_change_new();
		_cleanup_(documents_clear) struct documents again = {};
		_cleanup_(diag_freep) struct diag *diag = diag_new();
		json_t *json = encode(document_table(kind), docs->of[kind].v[i]->row), *same;
		_cleanup_free_ char *text = json_dumps(json, 0);

		require(text && !decode_as(kind, text, strlen(text), diag, change));
		require(!documents_apply(&again, change, diag));
		same = encode(document_table(kind), again.of[kind].v[0]->row);
		require(json_equal(json, same));
		json_decref(json);
		json_decref(same);
	}
}

/* The file is right, so whatever is wrong is the documents' fault, and said. */
static void check_with_file(const struct documents *docs)
{
	static struct config *file;
	_cleanup_(config_freep) struct config *both = NULL;
	_cleanup_(diag_freep) struct diag *diag = diag_new();

	if (!file)
		require(!config_load_bytes("base", base, strlen(base), diag, &file));
	require(!documents_merge(file, docs, &both));
	require(!config_check(both, diag));
	if (!diag_count(diag))
		require(!config_check_local(both, &both->nodes.v[0], diag));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();
	_cleanup_(documents_clear) struct documents docs = {};
	_cleanup_(diag_freep) struct diag *diag = diag_new();
	int err;

	if (!size)
		return 0;
	err = decode_as(data[0] % (__DOCUMENT_KIND_MAX + 1), (const char *)data + 1, size - 1, diag,
			change);
	if (!err)
		err = documents_apply(&docs, change, diag);
	require(!err || (err == -EINVAL && diag_count(diag)));
	if (err)
		return 0;
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++)
		check_again(&docs, kind);
	check_with_file(&docs);
	return 0;
}
