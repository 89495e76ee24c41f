/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From a file to a checked struct config: read, compose.c, decode.c, check.c; and look-ups in it.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <yaml.h>

#include "check.h"
#include "compose.h"
#include "decode.h"
#include "diag.h"
#include "schema.h"
#include "util.h"

#define FIRST_READ (64u << 10)

/* Read until the end or CFG_FILE_MAX + 1 bytes: one too many tells that the file is too large. */
static int read_all(int fd, char **out, size_t *out_len)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, len = 0;
	ssize_t got;

	do {
		if (len == size) {
			char *bigger;

			size = size ? size * 2 : FIRST_READ;
			bigger = realloc(text, size);
			if (!bigger)
				return -ENOMEM;
			text = bigger;
		}
		got = read(fd, text + len, size - len);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			len += got;
	} while (got && len <= CFG_FILE_MAX);

	*out = TAKE_PTR(text);
	*out_len = len;
	return 0;
}

int config_bytes(const char *path, char **out, size_t *len)
{
	_cleanup_close_ int fd = -1;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, out, len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return read_all(fd, out, len);
}

static int load_document(const void *text, size_t len, struct diag *diag, struct config *cfg)
{
	_cleanup_(yaml_document_delete) yaml_document_t document = {};
	int err;

	err = compose(text, len, diag, &document);
	if (err)
		return err;
	decode(&document, &schema_root, diag, cfg);
	return 0;
}

/* Decoded, even if @diag was told something. */
static int decode_bytes(const char *name, const void *text, size_t len, struct diag *diag,
			struct config **out)
{
	_cleanup_(config_freep) struct config *cfg = calloc(1, sizeof(*cfg));
	int err;

	if (!cfg)
		return -ENOMEM;
	diag_set_file(diag, name);
	if (len > CFG_FILE_MAX)
		return diag_error(diag, diag_at(0, 0, "%s", ""), "the file is larger than %u MiB",
				  CFG_FILE_MAX >> 20);
	err = load_document(text, len, diag, cfg);
	if (!err)
		*out = TAKE_PTR(cfg);
	return err;
}

int config_load_bytes(const char *name, const void *text, size_t len, struct diag *diag,
		      struct config **out)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	size_t errors = diag_count(diag);
	int err;

	err = decode_bytes(name, text, len, diag, &cfg);
	if (!err)
		err = config_check(cfg, diag);
	if (err)
		return err;
	if (diag_count(diag) > errors)
		return -EINVAL;
	*out = TAKE_PTR(cfg);
	return 0;
}

static const char *display_name(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}

int config_load(const char *path, struct diag *diag, struct config **out)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int err;

	err = config_bytes(path, &text, &len);
	if (err)
		return err;
	err = config_load_bytes(display_name(path), text, len, diag, out);
	if (!err && *out && strcmp(path, "-") != 0)
		(*out)->file = realpath(path, NULL);
	return err;
}

int config_read(const char *path, struct diag *diag, struct config **out)
{
	_cleanup_(config_freep) struct config *cfg = NULL;
	_cleanup_free_ char *text = NULL;
	size_t errors = diag_count(diag);
	size_t len = 0;
	int err;

	err = config_bytes(path, &text, &len);
	if (!err)
		err = decode_bytes(display_name(path), text, len, diag, &cfg);
	if (err)
		return err;
	if (diag_count(diag) > errors)
		return -EINVAL;
	*out = TAKE_PTR(cfg);
	return 0;
}

void config_free(struct config *cfg)
{
	if (!cfg)
		return;
	set_clear(&cfg->node_index);
	set_clear(&cfg->network_index);
	set_clear(&cfg->port_index);
	set_clear(&cfg->address_set_index);
	if (cfg->borrows) {
		free(cfg->networks.v);
		free(cfg->ports.v);
		free(cfg->address_sets.v);
		free(cfg->policies.v);
	} else {
		schema_free(&schema_root, cfg);
		free(cfg->file);
	}
	free(cfg);
}

bool config_uses(const struct config *cfg, enum cfg_encap encap)
{
	size_t i;

	for (i = 0; i < cfg->networks.n; i++)
		if (cfg->networks.v[i].encap.v == encap)
			return true;
	for (i = 0; i < cfg->nodes.n; i++)
		if (cfg->nodes.v[i].encap.line && cfg->nodes.v[i].encap.v == encap)
			return true;
	return false;
}

const struct cfg_node *config_find_node(const struct config *cfg, const char *name)
{
	size_t i;

	return set_find(&cfg->node_index, name, strlen(name), &i) ? &cfg->nodes.v[i] : NULL;
}

const struct cfg_network *config_find_network(const struct config *cfg, const char *name)
{
	size_t i;

	return set_find(&cfg->network_index, name, strlen(name), &i) ? &cfg->networks.v[i] : NULL;
}

const struct cfg_port *config_find_port(const struct config *cfg, const char *name)
{
	size_t i;

	return set_find(&cfg->port_index, name, strlen(name), &i) ? &cfg->ports.v[i] : NULL;
}

const struct cfg_address_set *config_find_address_set(const struct config *cfg, const char *name)
{
	size_t i;

	return set_find(&cfg->address_set_index, name, strlen(name), &i) ? &cfg->address_sets.v[i]
									 : NULL;
}
