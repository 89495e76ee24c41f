/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the environment and standard input to a verb, and to standard output; see cni.h. */
#include "cni.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define CONF_MAX   (4 << 20)
#define LOCKS      "/run/weft/cni"
#define LOCK_COUNT 256

static int read_text(struct cni *c)
{
	size_t len = 0, size = 0;
	ssize_t got;
	char *more;

	do {
		if (len + 1 >= size) {
			size = size ? size * 2 : 16384;
			more = size > CONF_MAX ? NULL : realloc(c->text, size);
			if (!more)
				return cni_fail(&c->error, CNI_IO, "standard input is too long",
						"more than %d bytes", CONF_MAX);
			c->text = more;
		}
		got = read(STDIN_FILENO, c->text + len, size - len - 1);
		if (got < 0)
			return cni_fail(&c->error, CNI_IO, "cannot read standard input", "%s",
					strerror(errno));
		len += got;
	} while (got);
	c->text[len] = '\0';
	return 0;
}

/* The spec's ids: what begins with a letter or digit. */
static bool is_id(const char *text)
{
	static const char chars[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-";

	return text && *text && !strchr("_.-", *text) && strlen(text) <= 200 &&
	       !text[strspn(text, chars)];
}

static bool is_ifname(const char *text)
{
	for (const char *p = text; p && *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '/' || *p == ':')
			return false;
	return text && *text && strlen(text) < IFNAMSIZ && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0;
}

/* What is said of a container. DEL does without a network namespace: the container may be gone. */
static int check_environment(struct cni *c)
{
	if (!is_id(c->container))
		return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_CONTAINERID is missing or wrong",
				"an id of letters, digits, \"_\", \".\" and \"-\" is needed");
	if (!is_ifname(c->ifname))
		return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_IFNAME is missing or wrong",
				"an interface name of at most 15 characters is needed");
	if (strcmp(c->command, "DEL") != 0 && (!c->netns || !*c->netns))
		return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_NETNS is missing",
				"%s needs the path of the container's network namespace",
				c->command);
	return 0;
}

/*
 * A runtime that gives up waiting for ADD calls DEL while the plugin is still at work; and kubelet
 * calls several DELs at once. One after the other, then.
 */
static int take_lock(struct cni *c)
{
	unsigned int sum = 0;
	char path[64];
	int fd;

	for (const char *p = c->port; *p; p++)
		sum = sum * 31 + (unsigned char)*p;
	snprintf(path, sizeof(path), LOCKS "/%02x.lock", sum % LOCK_COUNT);
	mkdir("/run/weft", 0700);
	mkdir(LOCKS, 0700);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		return cni_fail(&c->error, CNI_IO, "cannot take a lock", "%s: %s", path,
				strerror(errno));
	return 0; /* until we end */
}

static const struct verb {
	const char *name;
	int (*run)(struct cni *c, json_t **out);
	bool container; /* it is about one */
	const char *since;
} verbs[] = {
	{"ADD", verb_add, true, "0.3.0"},        {"DEL", verb_del, true, "0.3.0"},
	{"CHECK", verb_check, true, "0.4.0"},    {"GC", verb_gc, false, "1.1.0"},
	{"STATUS", verb_status, false, "1.1.0"},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int run(struct cni *c, json_t **out)
{
	const struct verb *verb = find_verb(c->command);

	if (!verb)
		return cni_fail(&c->error, CNI_ENVIRONMENT, "CNI_COMMAND is unknown",
				"there are ADD, DEL, CHECK, GC, STATUS and VERSION");
	if (read_text(c) || (verb->container && check_environment(c)) || cni_read(c))
		return -1;
	if (!cni_version_at_least(c->version, verb->since))
		return cni_fail(&c->error, CNI_VERSION, "the version does not have this command",
				"%s is of version %s; the configuration says %s", verb->name,
				verb->since, c->version);
	if (verb->container) {
		cni_name_things(c, c->container, c->ifname);
		if (take_lock(c))
			return -1;
	}
	return verb->run(c, out);
}

static int print(json_t *json)
{
	int err = json ? json_dumpf(json, stdout, JSON_COMPACT) : 0;

	if (json && !err)
		putchar('\n');
	json_decref(json);
	return err || fflush(stdout) ? -1 : 0;
}

/* In the runtime's version, if it says one that is known; by hand there is nothing to read. */
static int version(struct cni *c)
{
	const char *asked, *known = NULL;

	if (!isatty(STDIN_FILENO) && !read_text(c)) {
		c->conf = json_loads(c->text, 0, NULL);
		asked = json_string_value(json_object_get(c->conf, "cniVersion"));
		known = asked ? cni_version_known(asked) : NULL;
	}
	return print(json_pack("{s:s, s:o}", "cniVersion", known ?: "1.1.0", "supportedVersions",
			       cni_versions()));
}

static int usage(void)
{
	fputs("weft-cni " WEFT_VERSION ": called by container runtimes, as the Container Network "
	      "Interface has it.\nIt joins containers to networks of weft's; see docs/cni.md.\n",
	      stderr);
	return 2;
}

int main(void)
{
	struct cni c = {
		.command = getenv("CNI_COMMAND"),
		.container = getenv("CNI_CONTAINERID"),
		.netns = getenv("CNI_NETNS"),
		.ifname = getenv("CNI_IFNAME"),
		.path = getenv("CNI_PATH"),
	};
	json_t *out = NULL;
	int err;

	if (!c.command)
		return usage();
	err = strcmp(c.command, "VERSION") ? run(&c, &out) : version(&c);
	if (err)
		json_decref(out);
	if (print(err ? result_error(&c) : out))
		err = -1;
	json_decref(c.conf);
	json_decref(c.args);
	free(c.text);
	return err ? 1 : 0;
}
