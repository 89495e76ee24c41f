/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The lock of a node; see lock.h. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/abi.h>

#include "agent_client.h"
#include "util.h"

#define PATH_SIZE (sizeof(LOCK_DIR "/.agent.lock") + WEFT_NAME_LEN)
#define TRIES     100

/* No node has a dot in its name. */
static void lock_path(const char *node, enum lock_kind kind, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%.*s%s.lock", LOCK_DIR, WEFT_NAME_LEN - 1, node,
		 kind == LOCK_AGENT ? ".agent" : "");
}

static int open_file(const char *path)
{
	int fd;

	if (mkdir(LOCK_DIR, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* lock_remove() may have taken the file away between our open() and flock(). */
static bool still_there(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !stat(path, &there) && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

static pid_t read_holder(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtol(text, NULL, 10);
}

static int write_holder(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != len)
		return errno ? -errno : -EIO;
	return 0;
}

int lock_take(const char *node, enum lock_kind kind, int *fd, pid_t *holder)
{
	char path[PATH_SIZE];
	int err;

	lock_path(node, kind, path);
	for (int i = 0; i < TRIES; i++) {
		_cleanup_close_ int file = open_file(path);

		if (file == -ENOENT) /* the directory went away just now */
			continue;
		if (file < 0)
			return file;
		if (flock(file, LOCK_EX | LOCK_NB)) {
			err = errno;
			*holder = read_holder(file);
			return err == EWOULDBLOCK ? -EBUSY : -err;
		}
		if (!still_there(file, path))
			continue;
		err = write_holder(file);
		if (!err)
			*fd = TAKE_FD(file);
		return err;
	}
	return -EAGAIN;
}

pid_t lock_held(const char *node, enum lock_kind kind)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_SIZE];

	lock_path(node, kind, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || !flock(fd, LOCK_SH | LOCK_NB))
		return 0;
	return read_holder(fd);
}

void lock_remove(const char *node)
{
	char path[PATH_SIZE];

	lock_path(node, LOCK_AGENT, path);
	unlink(path);
	snprintf(path, sizeof(path), AGENT_SOCKET, node); /* of an agent that was killed */
	unlink(path);
	lock_path(node, LOCK_CHANGE, path);
	unlink(path);
	rmdir(LOCK_DIR);
}
