/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Documents from and to text; see documents.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "compose.h"
#include "decode.h"
#include "diag.h"
#include "documents_parts.h"
#include "encode.h"
#include "util.h"

/* The schema's own lists, in structs of ours. */
static struct schema_key put_keys[__DOCUMENT_KIND_MAX + 1];
static struct schema_key delete_keys[__DOCUMENT_KIND_MAX + 1];
static const struct schema_type name_item = {.kind = SCHEMA_NAME};

static const struct schema_table puts_table = {
	.keys = put_keys,
	.size = sizeof(struct documents_puts),
};

static const struct schema_table deletes_table = {
	.keys = delete_keys,
	.size = sizeof(struct documents_deletes),
};

static const struct schema_key change_keys[] = {
	{.name = "put",
	 .type = {.kind = SCHEMA_TABLE, .table = &puts_table},
	 .offset = offsetof(struct documents_change, put)},
	{.name = "delete",
	 .type = {.kind = SCHEMA_TABLE, .table = &deletes_table},
	 .offset = offsetof(struct documents_change, delete)},
	{},
};

static const struct schema_table change_table = {
	.keys = change_keys,
	.size = sizeof(struct documents_change),
};

/** struct state - what is saved: documents, and the boot that they were saved in. */
struct state {
	int line;
	int column;
	struct cfg_str boot;
	struct documents_puts put;
};

static struct schema_key state_keys[__DOCUMENT_KIND_MAX + 2];

static const struct schema_table state_table = {
	.keys = state_keys,
	.size = sizeof(struct state),
};

static void make_tables(void)
{
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX; kind++) {
		put_keys[kind] = (struct schema_key){
			.name = document_list(kind),
			.type = document_key(kind)->type,
			.offset = offsetof(struct documents_puts, rows[kind]),
		};
		delete_keys[kind] = (struct schema_key){
			.name = document_list(kind),
			.type = {.kind = SCHEMA_LIST, .item = &name_item},
			.offset = offsetof(struct documents_deletes, names[kind]),
		};
		state_keys[kind] = put_keys[kind];
		state_keys[kind].offset += offsetof(struct state, put);
	}
	state_keys[__DOCUMENT_KIND_MAX] = (struct schema_key){
		.name = "boot",
		.type = {.kind = SCHEMA_ID},
		.offset = offsetof(struct state, boot),
	};
}

struct documents_change *documents_change_new(void)
{
	make_tables();
	return calloc(1, sizeof(struct documents_change));
}

void documents_change_free(struct documents_change *change)
{
	if (!change)
		return;
	schema_free(&change_table, change);
	documents_clear(&change->docs);
	free(change);
}

static struct diag_at at_byte(const char *text, size_t offset)
{
	int line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return diag_at(line + DIAG_LINE_API, column, "%s", "");
}

/* jansson goes as deep as the text does, and by recursion. */
static int check_depth(const char *text, size_t len, struct diag *diag)
{
	size_t depth = 0;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		if (string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			string = !string;
		else if (!string && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!string && (text[i] == '}' || text[i] == ']'))
			depth -= depth > 0;
		if (depth > COMPOSE_MAX_DEPTH)
			return diag_error(diag, at_byte(text, i), "nested more than %d levels deep",
					  COMPOSE_MAX_DEPTH);
	}
	return 0;
}

int json_guard(const char *text, size_t len, struct diag *diag)
{
	json_error_t error;
	json_t *json;
	int err;

	err = check_depth(text, len, diag);
	if (err)
		return err;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return diag_error(diag, diag_at(error.line + DIAG_LINE_API, error.column, "%s", ""),
				  "not JSON: %s", error.text);
	if (!json_is_object(json))
		err = diag_error(diag, at_byte(text, 0), "not an object");
	json_decref(json);
	return err;
}

/* Into @row, which is all zero; its lines are then lines of the API. */
static int decode_text(const char *text, size_t len, const struct schema_table *table,
		       struct diag *diag, void *row)
{
	_cleanup_(yaml_document_delete) yaml_document_t document = {};
	size_t errors = diag_count(diag);
	int err;

	err = compose(text, len, diag, &document);
	if (err)
		return err;
	decode(&document, table, diag, row);
	schema_shift_lines(table, row, DIAG_LINE_API);
	return diag_count(diag) > errors ? -EINVAL : 0;
}

int documents_decode(enum document_kind kind, const char *text, size_t len, struct diag *diag,
		     struct documents_change *change)
{
	const struct schema_table *table = document_table(kind);
	struct schema_list *rows = &change->put.rows[kind];

	rows->v = calloc(1, table->size);
	if (!rows->v)
		return -ENOMEM;
	rows->n = 1;
	return decode_text(text, len, table, diag, rows->v) ?: documents_seal(change);
}

const struct document *documents_change_put(const struct documents_change *change,
					    enum document_kind kind)
{
	return change->docs.of[kind].n ? change->docs.of[kind].v[0] : NULL;
}

int documents_decode_change(const char *text, size_t len, struct diag *diag,
			    struct documents_change *change)
{
	return decode_text(text, len, &change_table, diag, change) ?: documents_seal(change);
}

int documents_delete(enum document_kind kind, const char *name, struct documents_change *change)
{
	struct cfg_strs *names = &change->delete.names[kind];

	names->v = calloc(1, sizeof(*names->v));
	if (!names->v)
		return -ENOMEM;
	names->n = 1;
	names->v->line = DIAG_LINE_API;
	names->v->v = strdup(name);
	return names->v->v ? 0 : -ENOMEM;
}

static int read_text(const char *path, char **text, size_t *len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *buffer = NULL;
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > CFG_FILE_MAX)
		return -EPERM;
	buffer = malloc(st.st_size + 1);
	if (!buffer)
		return -ENOMEM;
	got = read(fd, buffer, st.st_size);
	if (got != st.st_size)
		return got < 0 ? -errno : -EIO;
	*text = TAKE_PTR(buffer);
	*len = got;
	return 0;
}

/* Another one after each start of the kernel. Empty if that does not say. */
static void read_boot(char *id, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, (int)size, f))
		*id = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

/*
 * A container does not outlive the kernel, and nobody need say so: runtimes start it anew under the
 * same id, and would find its interface and its addresses taken.
 */
static void forget_containers(struct schema_list *ports)
{
	struct cfg_port *rows = ports->v;
	size_t kept = 0;

	for (size_t i = 0; i < ports->n; i++) {
		if (rows[i].container.v)
			schema_free(document_table(DOCUMENT_PORT), &rows[i]);
		else
			rows[kept++] = rows[i];
	}
	ports->n = kept;
}

static int load_state(const char *text, size_t len, struct diag *diag, struct documents_puts *put)
{
	struct state state = {};
	int err = decode_text(text, len, &state_table, diag, &state);
	char boot[64];

	read_boot(boot, sizeof(boot));
	if (!err && state.boot.v && *boot && strcmp(state.boot.v, boot) != 0)
		forget_containers(&state.put.rows[DOCUMENT_PORT]);
	free(state.boot.v);
	*put = state.put;
	return err;
}

int documents_load(const char *path, struct diag *diag, struct documents *docs)
{
	_cleanup_(documents_change_freep) struct documents_change *change = documents_change_new();
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int err;

	if (!change)
		return -ENOMEM;
	err = read_text(path, &text, &len);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = load_state(text, len, diag, &change->put);
	if (!err)
		err = documents_seal(change);
	return err ? err : documents_apply(docs, change, diag);
}

/* A document a line, for people who look. */
static int write_kind(const struct documents *docs, enum document_kind kind, FILE *out)
{
	for (size_t i = 0; i < docs->of[kind].n; i++) {
		json_t *json = encode(document_table(kind), docs->of[kind].v[i]->row);

		if (!json)
			return -ENOMEM;
		json_dumpf(json, out, JSON_COMPACT);
		json_decref(json);
		fputs(i + 1 < docs->of[kind].n ? ",\n" : "\n", out);
	}
	return 0;
}

static int write_all(const struct documents *docs, FILE *out)
{
	char boot[64];
	int err = 0;

	read_boot(boot, sizeof(boot));
	fputc('{', out);
	if (*boot)
		fprintf(out, "\"boot\": \"%s\",\n", boot);
	for (int kind = 0; kind < __DOCUMENT_KIND_MAX && !err; kind++) {
		fprintf(out, "%s\"%s\": [\n", kind ? ",\n" : "", document_list(kind));
		err = write_kind(docs, kind, out);
		fputc(']', out);
	}
	fputs("}\n", out);
	return err;
}

struct save_path {
	char s[256];
};

static struct save_path new_path(const char *path)
{
	struct save_path new;

	snprintf(new.s, sizeof(new.s), "%s.new", path);
	return new;
}

int documents_prepare(const char *path, const struct documents *docs)
{
	int fd =
		open(new_path(path).s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int err;

	if (!out) {
		err = -errno;
		closep(&fd);
		return err;
	}
	err = write_all(docs, out);
	if (!err && (fflush(out) || ferror(out) || fdatasync(fd)))
		err = errno ? -errno : -EIO;
	if (fclose(out) && !err)
		err = -errno;
	return err;
}

int documents_commit(const char *path)
{
	return rename(new_path(path).s, path) ? -errno : 0;
}
