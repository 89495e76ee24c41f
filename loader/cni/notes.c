/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Ports that were to be deleted while there was no agent: a file each, which has the port's name
 * and contains the path of the agent's socket. Only who asks the same agent may take it for done:
 * any other one would say, rightly, that it has no such port. See cni.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni.h"
#include "util.h"

#define NOTES "/var/lib/weft/cni-deleted"

static bool is_note(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "cni-", 4);
}

/* Appears whole or not at all: who is killed here has not said that the port is gone, either. */
int note_write(const struct cni *c, const char *port)
{
	_cleanup_close_ int fd = -1;
	char path[128], made[128];
	size_t len = strlen(c->socket);

	mkdir("/var/lib/weft", 0700);
	mkdir(NOTES, 0700);
	snprintf(path, sizeof(path), NOTES "/%s", port);
	snprintf(made, sizeof(made), NOTES "/.%s", port); /* the lock of the container is ours */
	fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, c->socket, len) == (ssize_t)len && !rename(made, path))
		return 0;
	unlink(made);
	return -EIO;
}

/* An empty one is of a time when there was no agent of whatever name. */
static bool is_for(int dir, const char *name, const char *socket)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char text[128] = "";
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return len == 0 || (len > 0 && !strcmp(text, socket));
}

/* A refusal is about one of them; anything else, and there is no agent again. */
static void delete_all(const struct cni *c, DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		struct cni other = {.command = c->command};

		snprintf(other.socket, sizeof(other.socket), "%s", c->socket);
		if (!is_note(entry) || !is_for(dirfd(dir), entry->d_name, c->socket))
			continue;
		if (!port_del_now(&other, entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
		else if (other.error.code != CNI_REFUSED)
			return;
	}
}

/*
 * One at a time: who reads a note and deletes the port late would else delete the one that the same
 * container has been given meanwhile.
 */
void note_catch_up(const struct cni *c)
{
	DIR *dir = *c->socket ? opendir(NOTES) : NULL;
	struct dirent *entry = NULL;

	while (dir && (entry = readdir(dir)) && !is_note(entry))
		;
	if (entry && !flock(dirfd(dir), LOCK_EX)) {
		rewinddir(dir);
		delete_all(c, dir);
	}
	if (dir)
		closedir(dir);
}
