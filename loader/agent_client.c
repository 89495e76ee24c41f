/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* HTTP/1.0 over a UNIX socket: the answer ends where the connection does; see agent_client.h. */
#include "agent_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util.h"

#define TIMEOUT_SECONDS 30
#define ANSWER_MAX      (64u << 20)

static int connect_to(const char *path, int *out)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

static int no_answer(void)
{
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int send_all(int fd, const char *text, size_t len)
{
	ssize_t sent;

	for (; len; text += sent, len -= sent) {
		sent = send(fd, text, len, MSG_NOSIGNAL);
		if (sent < 0)
			return no_answer();
	}
	return 0;
}

static int receive_all(int fd, char **out, size_t *out_len)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, len = 0;
	ssize_t got;
	char *more;

	do {
		if (len + 1 >= size) {
			size = size ? size * 2 : 8192;
			more = size > ANSWER_MAX ? NULL : realloc(text, size);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		got = recv(fd, text + len, size - len - 1, 0);
		if (got < 0)
			return no_answer();
		len += got;
	} while (got);
	text[len] = '\0';
	*out = TAKE_PTR(text);
	*out_len = len;
	return 0;
}

static int ask(int fd, const char *method, const char *path, const json_t *body)
{
	_cleanup_free_ char *text = body ? json_dumps(body, JSON_COMPACT) : strdup("");
	_cleanup_free_ char *head = NULL;
	int len, err;

	if (!text)
		return -ENOMEM;
	len = asprintf(&head, "%s %s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n", method, path,
		       strlen(text));
	if (len < 0) {
		head = NULL;
		return -ENOMEM;
	}
	err = send_all(fd, head, len);
	return err ? err : send_all(fd, text, strlen(text));
}

int agent_ask(const char *node, const char *socket, const char *method, const char *path,
	      const json_t *body, int *status, json_t **answer)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	const char *content;
	char usual[128];
	size_t len = 0;
	int err;

	snprintf(usual, sizeof(usual), AGENT_SOCKET, node ?: "");
	err = connect_to(socket ?: usual, &fd);
	if (!err)
		err = ask(fd, method, path, body);
	if (!err)
		err = receive_all(fd, &text, &len);
	if (err)
		return err;
	content = text ? strstr(text, "\r\n\r\n") : NULL;
	if (!content || sscanf(text, "HTTP/1.%*1d %3d", status) != 1)
		return -EPROTO;
	*answer = json_loads(content + 4, JSON_REJECT_DUPLICATES, NULL);
	return 0;
}
