/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * weft-cni, the plugin that container runtimes call: joins a container to a network of weft's. It
 * makes the interface; which address it has, and the port, are the agent's business
 * (docs/agent.md).
 *
 *     main.c     environment and standard input -> verb -> standard output
 *     verbs.c    ADD, DEL, CHECK, GC, STATUS
 *     conf.c     what the runtime said
 *     port.c     the agent's side
 *     notes.c    what the agent is to be told when it is there again
 *     net.c      the kernel's side
 *     ipam.c     another plugin that gives the addresses
 *     result.c   what the runtime gets to know
 *
 * Spec: Container Network Interface, versions 0.3.0 to 1.1.0.
 */
#ifndef WEFT_CNI_H
#define WEFT_CNI_H

#include <net/if.h>
#include <stdbool.h>
#include <jansson.h>

#include <linux/types.h>

/** enum cni_code - of errors; the spec's, and ours from 100 on. */
enum cni_code {
	CNI_OK = 0,
	CNI_VERSION = 1,
	CNI_UNSUPPORTED = 2,
	CNI_UNKNOWN_CONTAINER = 3,
	CNI_ENVIRONMENT = 4,
	CNI_IO = 5,
	CNI_DECODE = 6,
	CNI_CONFIG = 7,
	CNI_TRY_AGAIN = 11,
	CNI_NOT_AVAILABLE = 50,
	CNI_REFUSED = 100, /* by the agent */
	CNI_KERNEL = 101,
	CNI_IPAM = 102,
	CNI_DIFFERS = 103, /* CHECK */
};

/** struct cni_error - the first thing that went wrong. */
struct cni_error {
	enum cni_code code;
	char msg[200];
	char details[1000];
};

/**
 * cni_fail - say what went wrong, unless something has before.
 * Return: -1.
 */
int cni_fail(struct cni_error *e, enum cni_code code, const char *msg, const char *details, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * struct cni - one call of the plugin. Strings are @conf's or the environment's.
 * @text: standard input, as it was.
 * @conf: the same, parsed.
 * @version: cniVersion; one of those that are known.
 * @name: of the network configuration (not of the network).
 * @args: CNI_ARGS, an object of strings.
 * @ipam: type of a plugin that gives the addresses, or NULL.
 * @port: what the port is called.
 * @host_if: the host's side of the veth pair.
 * @socket: the agent's.
 */
struct cni {
	const char *command;
	const char *container;
	const char *netns;
	const char *ifname;
	const char *path;
	char *text;
	json_t *conf;
	const char *version;
	const char *name;
	json_t *args;
	const char *ipam;
	char port[32];
	char host_if[IFNAMSIZ];
	char socket[128];
	struct cni_error error;
};

/* conf.c */

/** cni_version_known - the same version as a constant, or NULL. */
const char *cni_version_known(const char *version);

/** cni_version_at_least - order of versions that are known. */
bool cni_version_at_least(const char *version, const char *least);

/** cni_versions - all that are known. */
json_t *cni_versions(void);

/**
 * cni_read - take in what the runtime said: @c->text into @c->conf and all that follows from it.
 * Return: 0 or -1 with @c->error.
 */
int cni_read(struct cni *c);

/** cni_name_things - @c->port and @c->host_if of a container's interface. */
void cni_name_things(struct cni *c, const char *container, const char *ifname);

/**
 * cni_wanted_port - the document of the port that ADD asks the agent for.
 * @ipam: result of the plugin that gives the addresses, or NULL.
 * Return: caller's; NULL with @c->error.
 */
json_t *cni_wanted_port(struct cni *c, const json_t *ipam);

/* port.c: 0, or -1 with @c->error. */

/**
 * port_await_policies - if the configuration asks for it (`network_policies`): wait until the agent
 * has been told of the pod, so that its port is judged by its NetworkPolicies from the first
 * packet.
 */
int port_await_policies(struct cni *c);

/** port_add - have the agent make the port. @answer: receives what it said, the caller's. */
int port_add(struct cni *c, const json_t *port, json_t **answer);

/** port_get - the port's entry in the agent's list, the caller's; NULL if there is none. */
int port_get(struct cni *c, json_t **entry);

/** port_del - it may be gone already. Without an agent it is noted, and done by the next call. */
int port_del(struct cni *c, const char *port);

/** port_list - all ports. */
int port_list(struct cni *c, json_t **ports);

/** port_ready - is there an agent, and has it the network? */
int port_ready(struct cni *c);

/** port_look - have the agent look at the kernel now. */
int port_look(struct cni *c);

/** port_del_now - as port_del(), but without an agent it fails. */
int port_del_now(struct cni *c, const char *port);

/* notes.c */

/** note_write - remember that the port is to be deleted. Return: 0 or -errno. */
int note_write(const struct cni *c, const char *port);

/** note_catch_up - do what is noted for the agent of @c. What fails stays noted. */
void note_catch_up(const struct cni *c);

/* net.c: 0, or -1 with @c->error. */

/** net_add - make the veth pair, one end in the container. */
int net_add(struct cni *c);

/** net_set_up - give both ends what @attachment says and bring them up. @mac: of the container's.
 */
int net_set_up(struct cni *c, const char *mac, const json_t *attachment);

/** net_check - compare with what a result says. */
int net_check(struct cni *c, const char *mac, const json_t *result);

/** net_is_own - is entry @ip of a result the container's interface's, or nobody's? */
bool net_is_own(const struct cni *c, const json_t *result, const json_t *ip);

/** net_del - remove a veth pair by its host's side; it may be gone already. */
int net_del(struct cni *c, const char *host_if);

/** net_host_mac - MAC address of the host's side, as text. */
void net_host_mac(const struct cni *c, char mac[static 18]);

/** net_inside_mac - MAC address of the container's side, as text. */
void net_inside_mac(const struct cni *c, char mac[static 18]);

/**
 * net_leftovers - the host's sides that were made for @c->name, and nobody in @valid has: a list of
 * names. @valid: object with "CONTAINER IFNAME" as keys.
 */
int net_leftovers(struct cni *c, const json_t *valid, json_t **names);

/* ipam.c */

/** ipam_run - the delegated plugin. @result: of ADD, the caller's; else may be NULL. */
int ipam_run(struct cni *c, const char *command, json_t **result);

/** ipam_knows - does the plugin know a version? */
bool ipam_knows(struct cni *c, const char *version);

/* result.c */

/** result_error - what is printed instead of a result. The caller's. */
json_t *result_error(const struct cni *c);

/** result_add - what ADD prints. @answer: of port_add(). @ipam: or NULL. The caller's. */
json_t *result_add(struct cni *c, const json_t *answer, const json_t *ipam);

/* verbs.c: 0, or -1 with @c->error; what is to be printed in @out. */
int verb_add(struct cni *c, json_t **out);
int verb_del(struct cni *c, json_t **out);
int verb_check(struct cni *c, json_t **out);
int verb_gc(struct cni *c, json_t **out);
int verb_status(struct cni *c, json_t **out);

#endif
