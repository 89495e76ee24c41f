/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* weft: finds the verb and calls it. A verb is a file, cmd_<verb>.c; what they share is cmd.c. */
#include <locale.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "cmd.h"
#include "suggest.h"
#include "util.h"

/** struct command - a verb. */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command commands[] = {
	{"check", "read a file and report everything that is wrong with it", cmd_check},
	{"apply", "make the kernel do what a file says", cmd_apply},
	{"agent", "apply a file, and see to it that it stays so", cmd_agent},
	{"down", "remove everything that apply made", cmd_down},
	{"status", "what runs here, and whether it is what a file says", cmd_status},
	{"show", "print networks, ports, fdb, tunnels, drops, policies or flows", cmd_show},
	{"flows", "make the kernel forget flows", cmd_flows},
	{"fdb", "make the kernel forget learned MAC addresses", cmd_fdb},
	{"metrics", "print counters for Prometheus", cmd_metrics},
	{"capture", "show the packets that the datapath sees or drops", cmd_capture},
	{"explain", "say what the datapath would do to a packet, and why", cmd_explain},
	{"k8s", "turn Kubernetes' NetworkPolicies into policies", cmd_k8s},
	{"schema", "print the JSON Schema or the reference of the file", cmd_schema},
	{"help", "explain a verb", cmd_help},
};

/* Options that stand for a verb. */
static const struct command options[] = {
	{"--help", NULL, cmd_help},  {"-h", NULL, cmd_help},           {"-?", NULL, cmd_help},
	{"--usage", NULL, cmd_help}, {"--version", NULL, cmd_version}, {"-V", NULL, cmd_version},
};

static const struct command *find(const struct command *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

static void print_usage(FILE *out)
{
	size_t i;

	fputs("Usage: weft VERB [OPTION...] [ARGUMENT...]\n"
	      "Virtual networks between Linux hosts, from one YAML file.\n\n",
	      out);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\nOptions of every verb:\n"
	      "  --node NAME    which node this machine is\n"
	      "  --netns PATH   work in another network namespace\n"
	      "  --json         print JSON\n"
	      "  --help         explain the verb\n"
	      "\nExit status: 0 done; 1 failed; 2 wrong file or command line; 3 not applied, or "
	      "not\n"
	      "what the file says; 4 another weft is at work on this node; explain: 5 dropped, 6 "
	      "not "
	      "for weft.\n\"weft --version\" prints the version. The manual: man weft.\n",
	      out);
}

static int unknown(const char *verb)
{
	struct suggestion s = {.word = verb};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		suggest_try(&s, commands[i].name);
	if (s.best)
		return cmd_error(CMD_INVALID, "there is no verb \"%s\"; did you mean \"%s\"?", verb,
				 s.best);
	return cmd_error(CMD_INVALID, "there is no verb \"%s\"; \"weft --help\" lists them", verb);
}

static int cmd_help(int argc, char **argv)
{
	const struct command *command;
	char *help[] = {argv[1], "--help", NULL};

	if (argc < 2 || !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return CMD_OK;
	}
	command = find(commands, ARRAY_SIZE(commands), argv[1]);
	return command ? command->run(2, help) : unknown(argv[1]);
}

static int cmd_version(int argc __attribute__((unused)), char **argv __attribute__((unused)))
{
	printf("weft %s\n", WEFT_VERSION);
	return CMD_OK;
}

int main(int argc, char **argv)
{
	const struct command *command;

	__fsetlocking(stdout, FSETLOCKING_BYCALLER); /* one thread; tables are many small writes */
	setlocale(LC_CTYPE, "C.UTF-8"); /* tables count columns; names are UTF-8 everywhere */
	if (argc < 2) {
		print_usage(stderr);
		return CMD_INVALID;
	}
	command = find(commands, ARRAY_SIZE(commands), argv[1]);
	if (!command)
		command = find(options, ARRAY_SIZE(options), argv[1]);
	return cmd_finish(command ? command->run(argc - 1, argv + 1) : unknown(argv[1]));
}
