/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What all verbs share; see cmd.h. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lock.h"
#include "pins.h"
#include "suggest.h"
#include "util.h"

#define NAMES_MAX 8 /* nodes named in one message */
#define NAMES_LEN (NAMES_MAX * (WEFT_NAME_LEN + 2) + 32)

enum {
	OPT_NODE = 0x100,
	OPT_NETNS,
	OPT_JSON,
};

static const struct argp_option options[] = {
	{"node", OPT_NODE, "NAME", 0, "Which node this machine is", 0},
	{"netns", OPT_NETNS, "PATH", 0, "Work in this network namespace, such as /run/netns/blue",
	 0},
	{NULL, 'h', NULL, OPTION_HIDDEN, NULL, -1},
	{"json", OPT_JSON, NULL, 0, "Print JSON", 0},
	{},
};

/* A node's name is a directory's name too: the same letters that the file may use. */
static bool is_node_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	size_t len = strspn(name, letters);

	return len && len < WEFT_NAME_LEN && !name[len];
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct cmd_common *common = state->input;

	switch (key) {
	case OPT_NODE:
		if (!is_node_name(arg))
			argp_error(state, "--node %s: a name is 1 to %d letters, digits, - and _",
				   arg, WEFT_NAME_LEN - 1);
		common->node = arg;
		return 0;
	case OPT_NETNS:
		common->netns = arg;
		return 0;
	case OPT_JSON:
		common->json = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_common_argp = {.options = options, .parser = parse_common};

void cmd_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	char name[32];
	error_t err;

	snprintf(name, sizeof(name), "weft %s", argv[0]);
	argv[0] = name;
	argp_err_exit_status = CMD_INVALID;
	err = argp_parse(argp, argc, argv, 0, NULL, input);
	if (err)
		exit(cmd_error(CMD_FAILED, "command line: %s", strerror(err)));
}

enum cmd_exit cmd_error(enum cmd_exit status, const char *message, ...)
{
	va_list args;

	fflush(stdout); /* so that the two appear in order on a terminal */
	fputs("weft: ", stderr);
	va_start(args, message);
	vfprintf(stderr, message, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int cmd_finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	return cmd_error(CMD_FAILED, "standard output: %s", strerror(errno));
}

/* As many names as a line can hold, and how many more there are. */
static void join_names(char *const *names, size_t n, char text[static NAMES_LEN])
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < n && i < NAMES_MAX; i++)
		len += snprintf(text + len, NAMES_LEN - len, "%s%.*s", i ? ", " : "", WEFT_NAME_LEN,
				names[i]);
	if (n > NAMES_MAX)
		snprintf(text + len, NAMES_LEN - len, " and %zu more", n - NAMES_MAX);
}

static enum cmd_exit no_such_node(const char *wanted, char *const *names, size_t n)
{
	struct suggestion s = {.word = wanted};
	char text[NAMES_LEN];
	size_t i;

	for (i = 0; i < n; i++)
		suggest_try(&s, names[i]);
	if (s.best)
		return cmd_error(CMD_NOT_APPLIED,
				 "node \"%s\" is not applied here; did you mean \"%s\"?", wanted,
				 s.best);
	join_names(names, n, text);
	return cmd_error(CMD_NOT_APPLIED, "node \"%s\" is not applied here; there is %s", wanted,
			 text);
}

static enum cmd_exit choose(const char *wanted, char *const *names, struct pins *pins)
{
	char text[NAMES_LEN];
	size_t i, n = 0;

	while (names[n])
		n++;
	if (!n)
		return cmd_error(CMD_NOT_APPLIED, "nothing is applied here");
	if (!wanted && n > 1) {
		join_names(names, n, text);
		return cmd_error(CMD_INVALID,
				 "several nodes are applied here; choose one by --node: %s", text);
	}
	for (i = 0; i < n; i++) {
		if (wanted && strcmp(names[i], wanted) != 0)
			continue;
		pins_init(pins, names[i]);
		return CMD_OK;
	}
	return no_such_node(wanted, names, n);
}

enum cmd_exit cmd_choose_node(const struct cmd_common *common, struct pins *pins)
{
	_cleanup_(pins_names_freep) char **names = NULL;
	struct pins chosen;
	enum cmd_exit status;
	int err;

	err = pins_nodes(&names);
	if (err)
		return cmd_error(CMD_FAILED, "cannot list the nodes under %s: %s%s", PINS_BPFFS,
				 strerror(-err), err == -EACCES ? "; weft needs root" : "");
	status = choose(common->node, names, &chosen);
	if (status)
		return status;
	err = pins_check(&chosen);
	if (err)
		return cmd_error(CMD_FAILED, "%s: %s", chosen.base,
				 err == -EPERM ? "not root's alone, so weft did not make it"
					       : strerror(-err));
	*pins = chosen;
	return CMD_OK;
}

enum cmd_exit cmd_take_lock(const char *node, bool beside_agent, int *fd)
{
	pid_t holder = beside_agent ? 0 : lock_held(node, LOCK_AGENT);
	int err;

	if (holder)
		return cmd_error(CMD_BUSY,
				 "node %s: an agent (process %d) keeps it as its own file says: "
				 "change that file, use the agent's API, or stop the agent",
				 node, holder);
	err = lock_take(node, LOCK_CHANGE, fd, &holder);
	if (err == -EBUSY)
		return cmd_error(CMD_BUSY, "node %s: another weft (process %d) is changing it",
				 node, holder);
	if (err)
		return cmd_error(CMD_FAILED, "%s: %s%s", LOCK_DIR, strerror(-err),
				 err == -EACCES ? "; weft needs root" : "");
	return CMD_OK;
}

enum cmd_exit cmd_enter_netns(const struct cmd_common *common)
{
	_cleanup_close_ int fd = -1;

	if (!common->netns)
		return CMD_OK;
	fd = open(common->netns, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return cmd_error(CMD_FAILED, "--netns %s: %s%s", common->netns, strerror(errno),
				 errno == EINVAL ? "; not a network namespace" : "");
	return CMD_OK;
}
