/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Kills a program right behind the Nth of its system calls that change something of BPF: a map, a
 * pin, a link, a program. Between two of them the kernel holds what nobody meant to last. Or behind
 * the Nth that tells somebody else something, the kernel by netlink or an agent, or moves a file.
 *
 *	killat [--sends] N PROGRAM ARGUMENT ..
 *
 * Exit status: 0 it was killed there; 3 it made fewer such calls, and ended well; 1 anything else.
 * Tells how many it made on standard error.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)
#define TOO_FEW      3

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool changes(uint64_t cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
	case BPF_PROG_LOAD:
	case BPF_OBJ_PIN:
	case BPF_LINK_CREATE:
	case BPF_LINK_UPDATE:
	case BPF_LINK_DETACH:
	case BPF_PROG_TEST_RUN:
		return true;
	}
	return false;
}

/* Unpinning, and putting a new map in the place of an old one, are no calls of bpf(). */
static bool moves_files(uint64_t nr)
{
#ifdef SYS_unlink
	if (nr == SYS_unlink || nr == SYS_rename)
		return true;
#endif
	return nr == SYS_unlinkat || nr == SYS_renameat2;
}

static bool sends;

static bool is_step(const struct ptrace_syscall_info *info)
{
	uint64_t nr = info->entry.nr;

	if (moves_files(nr))
		return true;
	return sends ? nr == SYS_sendto || nr == SYS_sendmsg
		     : nr == SYS_bpf && changes(info->entry.args[0]);
}

static bool is_counted(pid_t pid)
{
	static bool entered;
	struct ptrace_syscall_info info = {};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		die("PTRACE_GET_SYSCALL_INFO");
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		entered = is_step(&info);
		return false;
	}
	return info.op == PTRACE_SYSCALL_INFO_EXIT && entered;
}

static int follow(pid_t pid, long most)
{
	int status, sig = 0;
	long n = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)sig))
			die("PTRACE_SYSCALL");
		if (waitpid(pid, &status, 0) < 0)
			die("waitpid");
		if (WIFEXITED(status)) {
			fprintf(stderr, "%ld\n", n);
			return WEXITSTATUS(status) ? 1 : TOO_FEW;
		}
		if (WIFSIGNALED(status))
			return 1;
		sig = WSTOPSIG(status);
		if (sig != SYSCALL_STOP)
			continue;
		sig = 0;
		if (is_counted(pid) && ++n == most) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "--sends")) {
		sends = true;
		argc--;
		argv++;
	}
	if (argc < 3 || atol(argv[1]) < 1) {
		fprintf(stderr, "usage: killat [--sends] N PROGRAM ARGUMENT ..\n");
		return 1;
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			die("PTRACE_TRACEME");
		execv(argv[2], argv + 2);
		die(argv[2]);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return 1;
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)))
		die("PTRACE_SETOPTIONS");
	return follow(pid, atol(argv[1]));
}
