/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables that a packet is explained on. What the loader writes is the node's own, or that of a
 * file that is not applied; what the datapath writes is a set of empty maps of this process, to
 * which explain_live.c brings the few live entries that the packet meets. So a run changes nothing
 * that is in use.
 */
#ifndef WEFT_LOADER_EXPLAIN_WORLD_H
#define WEFT_LOADER_EXPLAIN_WORLD_H

#include <stdbool.h>

#include "datapath.h"
#include "pins.h"
#include "rule_read.h"
#include "show.h"

struct cfg_node;
struct config;
struct diag;

/**
 * struct explain_world - see above.
 * @pins: the node.
 * @file: not applied; NULL: what is in force.
 * @node: of @file.
 * @lines: of which file the lines of rules are; empty: not known.
 * @view: what the loader wrote, but for the tables of policies and TABLE_RULE_INFO.
 * @rules: their names only.
 * @old_rules: of @file: those in force, for flows that they have decided.
 * @pinned: the node's maps as far as there are any; read only.
 * @maps: that the programs are to work on.
 * @other_build: a program that is attached here is not from this binary.
 */
struct explain_world {
	struct pins pins;
	const char *file;
	const struct cfg_node *node;
	char lines[WEFT_FILE_LEN];
	struct view view;
	struct rules rules;
	struct rules old_rules;
	struct maps pinned;
	struct maps maps;
	bool other_build;
};

/** explain_world_init - nothing in it; release with explain_world_clear(). */
void explain_world_init(struct explain_world *w);

/**
 * explain_world_live - what is in force on a node.
 * @failed: receives the map that a failure is about, or NULL.
 *
 * Return: 0; -ENOENT if the map is not pinned; -EPROTO if it has another layout; -errno.
 */
int explain_world_live(struct explain_world *w, const struct pins *pins, const char **failed);

/**
 * explain_world_config - what a file would bring into force.
 * @cfg, @node: must outlive @w.
 * @file: its name; likewise.
 * @diag, @fit, @problem: as for plan_preview().
 *
 * Return: 0, also if @diag was told something; -errno.
 */
int explain_world_config(struct explain_world *w, const struct config *cfg,
			 const struct cfg_node *node, const char *file, struct diag *diag,
			 struct diag *fit, char **problem);

/**
 * explain_world_mirror - have the tables that count shares say what they say on the node: of
 * learned addresses, their moves too decide.
 *
 * Return: 0 or -errno.
 */
int explain_world_mirror(struct explain_world *w);

/** explain_world_has_xdp - does XDP take packets from this uplink before TC does? */
bool explain_world_has_xdp(const struct explain_world *w, __u32 ifindex);

/** explain_world_clear - release it. Also for _cleanup_(). */
void explain_world_clear(struct explain_world *w);

#endif
