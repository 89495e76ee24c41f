/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Another plugin gives the addresses: it is called as we were, with the same configuration. Spec:
 * section 4, "Plugin Delegation".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cni.h"
#include "util.h"

#define ANSWER_MAX (1 << 20)

/* In the directories of CNI_PATH. */
static bool find(const struct cni *c, char *path, size_t size)
{
	_cleanup_free_ char *dirs = strdup(c->path ?: "");
	char *save = NULL;

	for (char *dir = dirs ? strtok_r(dirs, ":", &save) : NULL; dir;
	     dir = strtok_r(NULL, ":", &save))
		if ((size_t)snprintf(path, size, "%s/%s", dir, c->ipam) < size &&
		    !access(path, X_OK))
			return true;
	return false;
}

static _Noreturn void child(const char *path, const char *command, int in, int out)
{
	setenv("CNI_COMMAND", command, 1);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(127);
	execl(path, path, NULL);
	_exit(127);
}

static char *read_all(int fd)
{
	char *text = malloc(ANSWER_MAX);
	size_t len = 0;
	ssize_t got;

	while (text && len < ANSWER_MAX - 1 &&
	       ((got = read(fd, text + len, ANSWER_MAX - 1 - len)) > 0 ||
		(got < 0 && errno == EINTR)))
		len += got > 0 ? got : 0;
	if (text)
		text[len] = '\0';
	return text;
}

/* A file without a name as its standard input: it may read as slowly as it likes. */
static int input_of(const char *text)
{
	FILE *file = tmpfile();
	int fd = -1;

	if (file && fputs(text, file) >= 0 && !fflush(file) && !lseek(fileno(file), 0, SEEK_SET))
		fd = dup(fileno(file));
	if (file)
		fclose(file);
	return fd;
}

/* Return: exit status, or -1; @answer: what it printed. */
static int call(const char *path, const char *command, const char *input, char **answer)
{
	_cleanup_close_ int in = input_of(input);
	int out[2], status = -1;
	pid_t pid;

	if (in < 0 || pipe(out))
		return -1;
	pid = fork();
	if (!pid)
		child(path, command, in, out[1]);
	close(out[1]);
	*answer = pid > 0 ? read_all(out[0]) : NULL;
	close(out[0]);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ipam_run(struct cni *c, const char *command, json_t **result)
{
	_cleanup_free_ char *answer = NULL;
	json_auto_t *json = NULL;
	char path[512];
	int status;

	if (!find(c, path, sizeof(path)))
		return cni_fail(&c->error, CNI_IPAM, "there is no such IPAM plugin",
				"\"%.60s\" is not in CNI_PATH", c->ipam);
	status = call(path, command, c->text, &answer);
	json = answer && *answer ? json_loads(answer, 0, NULL) : NULL;
	if (status) {
		const char *msg = json_string_value(json_object_get(json, "msg"));
		json_int_t code = json_integer_value(json_object_get(json, "code"));

		return cni_fail(&c->error, code == CNI_TRY_AGAIN ? CNI_TRY_AGAIN : CNI_IPAM,
				"the IPAM plugin failed", "%s: %.600s", c->ipam,
				msg ?: "it gave no reason");
	}
	if (!result)
		return 0;
	if (!json_is_object(json))
		return cni_fail(&c->error, CNI_IPAM, "the IPAM plugin gave no result", "%s",
				c->ipam);
	*result = json_incref(json);
	return 0;
}

bool ipam_knows(struct cni *c, const char *version)
{
	_cleanup_free_ char *answer = NULL;
	json_auto_t *json = NULL;
	const json_t *item;
	char path[512];
	size_t i;

	if (!find(c, path, sizeof(path)) ||
	    call(path, "VERSION", "{\"cniVersion\": \"1.0.0\"}", &answer))
		return false;
	json = answer ? json_loads(answer, 0, NULL) : NULL;
	json_array_foreach (json_object_get(json, "supportedVersions"), i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), version))
			return true;
	return false;
}
