/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Expedited grace periods during bulk work; see hurry.h. */
#include "hurry.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

#define SWITCH "/sys/kernel/rcu_expedited"
#define MANY   4 /* together they would take longer than the guard takes to begin */

/* Who has set it to 1 before us has his reasons, and sets it back himself. */
static bool is_off(int fd)
{
	char value;

	return pread(fd, &value, 1, 0) == 1 && value == '0';
}

static void throw_switch(int fd, const char *value)
{
	/* Without it all works as well, only slower. */
	if (pwrite(fd, value, 1, 0) != 1)
		return;
}

/* Waits until every copy of the pipe's other end is closed, by hurry_end() or by our death. */
static void guard(int ends, int fd)
{
	char byte;

	setsid(); /* out of reach of a Ctrl-C */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	while (read(ends, &byte, 1) > 0)
		continue;
	throw_switch(fd, "0");
	_exit(0);
}

/* The guard must not keep open what we close: a lock, a pipe to whoever called us. */
static void keep_only(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	close_range(0, low - 1, 0);
	close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

/* The guard that is kept: the switch, and the pipe that it reads. */
static int kept_switch = -1, kept_pipe = -1;

/* Can do nothing any more but read, write and end. What it reads last is how the switch stands. */
static _Noreturn void keep_guard(int ends, int fd)
{
	char byte = '0', last = '0';

	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	while (read(ends, &byte, 1) > 0)
		last = byte;
	if (last == '1' && write(fd, "0", 1) != 1)
		last = '0';
	syscall(SYS_exit, 0);
	__builtin_unreachable();
}

void hurry_keep(void)
{
	_cleanup_close_ int fd = open(SWITCH, O_RDWR | O_CLOEXEC), ends = -1, mine = -1;
	int pipe_fds[2];
	pid_t pid;

	if (fd < 0 || kept_pipe >= 0 || pipe2(pipe_fds, O_CLOEXEC))
		return;
	ends = pipe_fds[0];
	mine = pipe_fds[1];
	pid = fork();
	if (!pid) {
		keep_only(ends, fd);
		keep_guard(ends, fd);
	}
	if (pid < 0)
		return;
	kept_switch = TAKE_FD(fd);
	kept_pipe = TAKE_FD(mine);
}

/* It hears of it first. Should it be gone, nobody would throw the switch back after us. */
static struct hurry begin_kept(void)
{
	struct hurry hurry = {.fd = -1};

	if (!is_off(kept_switch) || write(kept_pipe, "1", 1) != 1)
		return hurry;
	throw_switch(kept_switch, "1");
	hurry.fd = kept_pipe;
	return hurry;
}

static void end_kept(void)
{
	throw_switch(kept_switch, "0");
	if (write(kept_pipe, "0", 1) != 1)
		return; /* it throws it back once more, when we end */
}

struct hurry hurry_begin(size_t n)
{
	struct hurry hurry = {.fd = -1};
	_cleanup_close_ int fd = -1, ends = -1, mine = -1;
	int pipe_fds[2];

	if (n && kept_pipe >= 0)
		return begin_kept();
	if (n < MANY)
		return hurry;
	fd = open(SWITCH, O_RDWR | O_CLOEXEC);
	if (fd < 0 || !is_off(fd) || pipe2(pipe_fds, O_CLOEXEC))
		return hurry;
	ends = pipe_fds[0];
	mine = pipe_fds[1];

	hurry.pid = fork();
	if (!hurry.pid) {
		keep_only(ends, fd);
		guard(ends, fd);
	}
	if (hurry.pid < 0)
		return hurry;
	throw_switch(fd, "1");
	hurry.fd = TAKE_FD(mine);
	return hurry;
}

void hurry_end(struct hurry *hurry)
{
	if (hurry->fd < 0)
		return;
	if (!hurry->pid) {
		hurry->fd = -1;
		end_kept();
		return;
	}
	close(hurry->fd);
	hurry->fd = -1;
	waitpid(hurry->pid, NULL, 0);
}
