/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The agent's beginning and end, and what it says of itself; see agent.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent.h"
#include "agent_client.h"
#include "diag.h"
#include "lock.h"
#include "util.h"

#define STATE_DIR "/var/lib/weft"

json_t *agent_why_json(unsigned int why)
{
	static const char *const words[] = {"start",   "file",  "signal", "interface",
					    "address", "timer", "api",    "retry"};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (why & 1u << i)
			json_array_append_new(list, json_string(words[i]));
	return list;
}

/* The file alone says which node this is, if the command line does not. */
static int choose_node(struct agent *a, const char *name, struct diag *diag, char **problem)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	const struct cfg_node *self;
	int err;

	if (!name) {
		err = config_load(a->options.file, diag, &cfg);
		if (!err)
			err = config_select_node(cfg, NULL, diag, &self) ? -EINVAL : 0;
		if (err && !diag_count(diag) &&
		    asprintf(problem, "%s: %s", a->options.file, strerror(-err)) < 0)
			*problem = NULL;
		if (err)
			return err;
		name = self->name.v;
	}
	snprintf(a->node, sizeof(a->node), "%s", name);
	pins_init(&a->pins, a->node);
	return 0;
}

static int set_paths(struct agent *a)
{
	struct agent_options *o = &a->options;

	if (!o->socket && asprintf(&a->socket, AGENT_SOCKET, a->node) >= 0)
		o->socket = a->socket;
	if (!o->state && asprintf(&a->state, STATE_DIR "/%s.json", a->node) >= 0)
		o->state = a->state;
	if (!o->socket || !o->state)
		return -ENOMEM;
	if (a->state && mkdir(STATE_DIR, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static int fail(char **problem, int err, const char *what)
{
	if (asprintf(problem, "%s: %s", what, strerror(-err)) < 0)
		*problem = NULL;
	return err;
}

static int take_lock(struct agent *a, char **problem)
{
	pid_t holder = 0;
	int err;

	err = lock_take(a->node, LOCK_AGENT, &a->lock, &holder);
	if (err == -EBUSY && asprintf(problem, "another agent (process %d) has it", holder) < 0)
		*problem = NULL;
	return err == -EBUSY || !err ? err : fail(problem, err, LOCK_DIR);
}

int agent_open(struct agent *a, const char *node, struct diag *diag, char **problem)
{
	int err;

	a->lock = -1;
	a->progs.keep = true;
	err = choose_node(a, node, diag, problem);
	if (!err)
		err = take_lock(a, problem);
	if (err)
		return err;
	err = set_paths(a);
	if (err)
		return fail(problem, err, STATE_DIR);
	err = pins_mount();
	if (err)
		return fail(problem, err, PINS_BPFFS);
	err = documents_load(a->options.state, diag, &a->documents);
	return err && err != -EINVAL ? fail(problem, err, a->options.state) : err;
}

void agent_close(struct agent *a)
{
	config_free(a->wanted);
	documents_clear(&a->documents);
	config_free(a->file);
	diag_free(a->file_errors);
	free(a->file_problem);
	diag_free(a->pending);
	free(a->problem);
	ifaces_clear(&a->ifaces);
	set_clear(&a->interfaces);
	set_clear(&a->no_xdp);
	known_clear(&a->known);
	json_decref(a->observed);
	json_decref(a->mtus);
	progs_clear(&a->progs);
	free(a->socket);
	free(a->state);
	closep(&a->lock);
}

/* "ports[3].mac" is about the row that the file, or the API, calls by a name. */
static void add_name(const struct config *cfg, const char *key, json_t *json)
{
	const struct {
		const char *format;
		const char *kind;
		const void *rows;
		size_t n, size, name;
	} lists[] = {
		{"nodes[%zu]", "node", cfg->nodes.v, cfg->nodes.n, sizeof(struct cfg_node),
		 offsetof(struct cfg_node, name)},
		{"networks[%zu]", "network", cfg->networks.v, cfg->networks.n,
		 sizeof(struct cfg_network), offsetof(struct cfg_network, name)},
		{"ports[%zu]", "port", cfg->ports.v, cfg->ports.n, sizeof(struct cfg_port),
		 offsetof(struct cfg_port, name)},
		{"address_sets[%zu]", "address set", cfg->address_sets.v, cfg->address_sets.n,
		 sizeof(struct cfg_address_set), offsetof(struct cfg_address_set, name)},
		{"policies[%zu]", "policy", cfg->policies.v, cfg->policies.n,
		 sizeof(struct cfg_policy), offsetof(struct cfg_policy, name)},
	};
	const struct cfg_str *name;
	size_t row;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (sscanf(key, lists[i].format, &row) != 1 || row >= lists[i].n)
			continue;
		name = (const void *)((const char *)lists[i].rows + row * lists[i].size +
				      lists[i].name);
		json_object_set_new(json, "kind", json_string(lists[i].kind));
		json_object_set_new(json, "name", name->v ? json_string(name->v) : json_null());
	}
}

json_t *agent_errors_json(const struct config *cfg, struct diag *diag)
{
	json_t *list = diag ? diag_json(diag) : json_array(), *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		if (cfg)
			add_name(cfg, json_string_value(json_object_get(entry, "key")), entry);
	}
	return list;
}

static json_t *documents_json(const struct documents *docs)
{
	json_t *json = json_object();

	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++)
		json_object_set_new(json, document_list(kind), json_integer(docs->of[kind].n));
	return json;
}

json_t *agent_status(const struct agent *a)
{
	json_t *pending = agent_errors_json(a->wanted, a->pending);
	bool file_taken = a->file && !a->file_errors && !a->file_problem;
	bool in_step = a->wanted && file_taken && !a->problem && !json_array_size(pending);

	return json_pack(
		"{s:s, s:i, s:s, s:s, s:b, s:b, s:s?, s:o, s:s?, s:o, s:o, s:{s:I, s:I, s:I}}",
		"node", a->node, "pid", getpid(), "version", WEFT_VERSION, "file", a->options.file,
		"in_step", in_step, "file_in_force", file_taken, "file_problem", a->file_problem,
		"file_errors", agent_errors_json(NULL, a->file_errors), "problem", a->problem,
		"pending", pending, "documents", documents_json(&a->documents), "applies", "done",
		(json_int_t)a->counts.applies, "failed", (json_int_t)a->counts.failures, "repairs",
		(json_int_t)a->counts.repairs);
}
