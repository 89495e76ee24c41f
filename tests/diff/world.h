/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A world: a network namespace with a path through it, and packet sockets at the path's ends.
 *
 *     ends      (k)ernel                            ends
 *     ka ====== [ka] routing, nftables [kb] ======= kb
 *     wa ====== [wa] weft               [wb] ====== wb
 *
 * The namespaces have no names, so they go when the process goes, however it ends.
 */
#ifndef WEFT_DIFF_WORLD_H
#define WEFT_DIFF_WORLD_H

#include "probe.h"

struct weft_flow;

/** enum verdict - what became of a packet. */
enum verdict { DROPPED, PASSED };

/**
 * struct world - one of them.
 * @name: as in reports.
 * @links: of its interfaces, by enum end; the other end of the veth has the same name.
 * @ns: its namespace.
 * @sock: packet sockets, by enum end.
 */
struct world {
	const char *name;
	const char *links[2];
	int ns;
	int sock[2];
};

/** world_ends - make the namespace that holds every path's ends, and enter it. Return: 0, -errno.
 */
int world_ends(void);

/**
 * world_make - make @w's namespace with its path, unconfigured, and the sockets.
 *
 * Both ends of a veth have the MAC address of whom a sender at the other end speaks to: @links[A]
 * in the world that of B.
 * Return: 0, -errno.
 */
int world_make(struct world *w);

/** world_enter - go into @w's namespace; NULL: back to the ends. Return: 0, -errno. */
int world_enter(const struct world *w);

/** world_pipe - run @command with @input. Return: 0, or -EIO with what it said on stderr. */
int world_pipe(const char *command, const char *input);

/** world_sysctl - in the namespace that we are in. Return: 0, -errno. */
int world_sysctl(const char *path, const char *value);

/**
 * world_pass - send a packet, and see whether it comes out.
 * @pieces: of which all @n have to.
 *
 * Return: enum verdict; -ETIMEDOUT if the world does not even let the marker by.
 */
int world_pass(struct world *w, const struct probe *p, const struct piece *pieces, int n);

void world_close(struct world *w);

/** kernel_configure - routing, nftables, nf_conntrack. In @w's namespace. Return: 0, -errno. */
int kernel_configure(void);

/**
 * weft_configure - weft, between two ports. @w: its world. @binary: weft.
 *
 * What it pins is removed when this process ends, whichever way it does.
 * Return: 0, -errno.
 */
int weft_configure(const struct world *w, const char *binary);

/** weft_close - remove what weft has pinned. */
void weft_close(void);

/**
 * struct track - what is known of a connection.
 * @state: enum tcp_conntrack; 0 of other protocols; -1: there is none.
 * @replied: it was answered.
 * @assured: TCP: both directions are established.
 */
struct track {
	int state;
	bool replied;
	bool assured;
};

/** kernel_track - ask nf_conntrack about a probe's connection. Return: 0, -errno. */
int kernel_track(const struct probe *p, struct track *t);

/** weft_track - look into weft's flow tables. */
struct track weft_track(const struct probe *p);

/** weft_flow_of - a probe's flow as weft has it, or NULL. Good until the next call. */
const struct weft_flow *weft_flow_of(const struct probe *p);

/** weft_side - an end's side of the probe's flow. */
int weft_side(const struct probe *p, enum end end);

#endif
