/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From objects of Kubernetes to documents of weft: NetworkPolicies, with the namespaces, pods,
 * Services and Endpoints that they are about, to `policies` and `address_sets`. What means what is
 * in docs/kubernetes.md.
 *
 *	k8s_read.c      files of YAML or JSON to objects, and where in the files they stand
 *	k8s_words.c     what is said in objects, and what is wrong with it
 *	k8s_world.c     objects by kind, and pods as rules see them
 *	k8s_select.c    label selectors, and the pods that they select
 *	k8s_sets.c      lists of addresses to address sets, each once
 *	k8s_policy.c    a NetworkPolicy: its pods, its directions, its named ports
 *	k8s_rules.c     its rules, understood
 *	k8s_emit.c      and said in weft's words
 *	k8s_services.c  what a rule about pods says about the Services in front of them
 *
 * The same for a file that is converted once (`weft k8s FILE`) and for a cluster that is watched:
 * the objects are jansson values in both cases.
 */
#ifndef WEFT_LOADER_K8S_H
#define WEFT_LOADER_K8S_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "set.h"

struct diag;

/** struct k8s_place - where a value stands; see struct k8s_input. */
struct k8s_place {
	size_t file;
	int line;
	int column;
};

/**
 * struct k8s_input - objects that were read from files. All zero: none.
 * @objects: an array of all objects, those of lists one by one.
 * @places, @place_of: where values stand, found by the value's address.
 * @files: a record of complaints for each file.
 */
struct k8s_input {
	json_t *objects;
	json_t *roots; /* what the files hold, kept for as long as @place_of */
	struct k8s_place *places;
	size_t n_places, places_size;
	struct set place_of;
	struct diag **files;
	size_t n_files;
};

/**
 * k8s_read - add a file's objects. Objects of kinds that say nothing about policies are left out,
 * with a warning for each kind.
 * @path: YAML (one or several documents) or JSON; "-" is standard input.
 * @in: its last file is told what is wrong.
 *
 * Return: 0; -EINVAL if the file's record was told an error; another -errno.
 */
int k8s_read(struct k8s_input *in, const char *path);

/** k8s_read_bytes - the same for @len bytes; @name stands for the file in messages. */
int k8s_read_bytes(struct k8s_input *in, const char *name, const void *bytes, size_t len);

/** k8s_input_clear - release it. Also for _cleanup_(). */
void k8s_input_clear(struct k8s_input *in);

/**
 * struct k8s_options - how to convert.
 * @node: only for pods of this node; NULL: for all pods.
 * @admit: a peer in weft's words, {"groups": [..], "cidrs": [..]}: they may always talk to pods,
 * and pods to them: the node itself. NULL: nobody. NetworkPolicy: "Traffic to and from the node
 *         where a Pod is running is always allowed".
 * @list_pods: have a policy K8S_KNOWN say which pods were looked at, also if nothing restricts
 * them.
 * @input: where the objects come from; NULL: from no file.
 * @diag: told what is wrong with objects that are in no file.
 */
struct k8s_options {
	const char *node;
	json_t *admit;
	bool list_pods;
	const struct k8s_input *input;
	struct diag *diag;
};

#define K8S_PREFIX "k8s_"        /* begins the name of every document; no other should */
#define K8S_KNOWN  "k8s_pods_in" /* a policy; no namespace's: their names have two more "_" */
#define K8S_FREE   "k8s_pods_out"

/**
 * k8s_convert - the documents that these objects come to.
 * @objects: an array; each with apiVersion and kind. The same objects give the same documents, in
 *           whatever order they are.
 * @out: {"address_sets": [..], "policies": [..]}, the caller's. What is wrong with a NetworkPolicy
 *       is left out of it, which never allows more: rules only allow.
 *
 * Return: 0, also if records were told of errors; -ENOMEM, @out untouched.
 */
int k8s_convert(const json_t *objects, const struct k8s_options *options, json_t **out);

#endif
