/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Follow a cluster: whenever its NetworkPolicies, or what they are about, change, tell the agent of
 * this node what they come to now.
 *
 *	API server ──> k8s_source ──> k8s_convert() ──> what differs ──> one transaction ──> agent
 *
 * A process of its own, without any capability: what parses an API server's answers is not what may
 * load programs into the kernel. What it has told the agent stays in force when it ends.
 */
#ifndef WEFT_LOADER_K8S_FOLLOW_H
#define WEFT_LOADER_K8S_FOLLOW_H

#include "k8s_source.h"

/**
 * struct k8s_follow - what to follow, and for whom.
 * @source: the API server; its @problem is filled in here.
 * @node: name of this node in the cluster.
 * @admit: as in struct k8s_options.
 * @socket: the agent's; NULL: the usual one of a node called @node.
 */
struct k8s_follow {
	struct k8s_source_config source;
	const char *node;
	json_t *admit;
	const char *socket;
};

/**
 * k8s_follow - do so, until SIGTERM or SIGINT.
 * @problem: set to what is wrong, in words, on failure; to be freed; NULL without memory.
 *
 * Return: 0; -EINVAL if the options are wrong; another -errno.
 */
int k8s_follow(const struct k8s_follow *options, char **problem);

#endif
