/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where the API server is, and who we are to it. See k8s_source_parts.h. */
#ifndef WEFT_LOADER_K8S_SOURCE_LOGIN_H
#define WEFT_LOADER_K8S_SOURCE_LOGIN_H

#include "k8s_source_curl.h"
#include "k8s_source_parts.h"

/** struct k8s_login - a checked k8s_source_config; strings of its own, NULL for none. */
struct k8s_login {
	char *server; /* without a slash at its end */
	char *token_file;
	char *ca_file;
	char *cert_file;
	char *key_file;
};

/** k8s_login_open - check a configuration. Return: 0; -EBADMSG: see @problem; -ENOMEM. */
int k8s_login_open(const struct k8s_curl *curl, const struct k8s_source_config *config,
		   struct k8s_login *login, struct k8s_problem *problem);

void k8s_login_close(struct k8s_login *login);

/**
 * k8s_login_header - the header that lets us in, with the token as it is now.
 * @header: set, to be freed; NULL if there is no token to be sent.
 *
 * Return: 0; -EBADMSG: see @problem; -ENOMEM.
 */
int k8s_login_header(const struct k8s_login *login, char **header, struct k8s_problem *problem);

#endif
