/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_source_login.h. */
#include "k8s_source_login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define POD_DIR   "/var/run/secrets/kubernetes.io/serviceaccount/"
#define TOKEN_MAX (16 * 1024) /* bytes; a service account's has about 1,000 */

/* Of a pod's environment. Return: 0; *server NULL if that is no pod's; -ENOMEM. */
static int server_of_pod(char **server)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6 = host && strchr(host, ':');

	if (!host || !*host || !port || !*port)
		return 0;
	if (asprintf(server, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port) < 0) {
		*server = NULL;
		return -ENOMEM;
	}
	return 0;
}

static bool has_part(const struct k8s_curl *curl, CURLU *url, CURLUPart part)
{
	char *value = NULL;
	bool has = !curl->url_get(url, part, &value, 0);

	curl->free(value);
	return has;
}

static int check_server(const struct k8s_curl *curl, const char *server,
			struct k8s_problem *problem)
{
	CURLU *url = curl->url();
	CURLUcode code;
	int err = 0;

	if (!url)
		return -ENOMEM;
	code = curl->url_set(url, CURLUPART_URL, server, 0);
	if (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0)
		err = k8s_complain(problem,
				   "server %.200s: give https://HOST:PORT, or http://HOST:PORT",
				   server);
	else if (code)
		err = k8s_complain(problem, "server %.200s: %s", server, curl->url_strerror(code));
	else if (has_part(curl, url, CURLUPART_USER) || has_part(curl, url, CURLUPART_PASSWORD))
		err = k8s_complain(problem, "a server with a user or a password in it: give a "
					    "token file or a certificate");
	else if (has_part(curl, url, CURLUPART_QUERY) || has_part(curl, url, CURLUPART_FRAGMENT))
		err = k8s_complain(problem, "server %.200s: nothing may follow its path", server);
	curl->url_cleanup(url);
	return err;
}

static int check_readable(const char *what, const char *path, struct k8s_problem *problem)
{
	if (!path || !access(path, R_OK))
		return 0;
	return k8s_complain(problem, "%s %.200s: %s", what, path, strerror(errno));
}

static int check(const struct k8s_curl *curl, const struct k8s_login *login,
		 struct k8s_problem *problem)
{
	_cleanup_free_ char *header = NULL;
	int err = check_server(curl, login->server, problem);

	if (err)
		return err;
	if (login->token_file && !strncmp(login->server, "http://", 7))
		return k8s_complain(problem, "a token is not sent over http: name the server with "
					     "https, or no token file");
	if (!login->cert_file != !login->key_file)
		return k8s_complain(problem, "a client's certificate and its key go together");
	err = check_readable("certificate of the authority", login->ca_file, problem);
	if (!err)
		err = check_readable("certificate", login->cert_file, problem);
	if (!err)
		err = check_readable("key", login->key_file, problem);
	return err ?: k8s_login_header(login, &header, problem);
}

/* @value or @otherwise. Return: -ENOMEM. */
static int copy(char **to, const char *value, const char *otherwise)
{
	if (!value)
		value = otherwise;
	*to = value ? strdup(value) : NULL;
	return value && !*to ? -ENOMEM : 0;
}

static void cut_slashes(char *server)
{
	size_t n = strlen(server);

	while (n && server[n - 1] == '/')
		server[--n] = '\0';
}

int k8s_login_open(const struct k8s_curl *curl, const struct k8s_source_config *config,
		   struct k8s_login *login, struct k8s_problem *problem)
{
	bool pod = !config->server;
	int err;

	err = pod ? server_of_pod(&login->server) : copy(&login->server, config->server, NULL);
	if (!err && !login->server)
		return k8s_complain(problem, "no server is named, and this is no pod: "
					     "KUBERNETES_SERVICE_HOST and _PORT are not set");
	if (!err)
		err = copy(&login->token_file, config->token_file, pod ? POD_DIR "token" : NULL);
	if (!err)
		err = copy(&login->ca_file, config->ca_file, pod ? POD_DIR "ca.crt" : NULL);
	if (!err)
		err = copy(&login->cert_file, config->cert_file, NULL);
	if (!err)
		err = copy(&login->key_file, config->key_file, NULL);
	if (err)
		return err;
	cut_slashes(login->server);
	return check(curl, login, problem);
}

void k8s_login_close(struct k8s_login *login)
{
	free(login->server);
	free(login->token_file);
	free(login->ca_file);
	free(login->cert_file);
	free(login->key_file);
	*login = (struct k8s_login){};
}

/* Without the white space at its end. Return: its length; -EBADMSG. */
static ssize_t read_token(const char *path, char token[static TOKEN_MAX],
			  struct k8s_problem *problem)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, token, TOKEN_MAX);

	if (n < 0)
		return k8s_complain(problem, "token file %.200s: %s", path, strerror(errno));
	if (n == TOKEN_MAX)
		return k8s_complain(problem, "token file %.200s: %d bytes or more", path,
				    TOKEN_MAX);
	while (n && strchr(" \t\r\n", token[n - 1]))
		n--;
	if (!n)
		return k8s_complain(problem, "token file %.200s: is empty", path);
	/* Nothing that could become another header. */
	for (ssize_t i = 0; i < n; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return k8s_complain(problem, "token file %.200s: holds no token", path);
	return n;
}

int k8s_login_header(const struct k8s_login *login, char **header, struct k8s_problem *problem)
{
	char token[TOKEN_MAX];
	ssize_t n;
	int err = 0;

	*header = NULL;
	if (!login->token_file)
		return 0;
	n = read_token(login->token_file, token, problem);
	if (n < 0) {
		err = (int)n;
	} else if (asprintf(header, "Authorization: Bearer %.*s", (int)n, token) < 0) {
		*header = NULL;
		err = -ENOMEM;
	}
	explicit_bzero(token, sizeof(token));
	return err;
}
