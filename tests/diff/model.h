/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The model's world: bpf/lib/tcp.h, compiled for the host, with a table and a policy around it. */
#ifndef WEFT_DIFF_MODEL_H
#define WEFT_DIFF_MODEL_H

#include <weft/flow.h>

#include "probe.h"
#include "world.h"

/** model_pass - judge a TCP probe. Return: enum verdict; @reason receives enum weft_drop, or 0. */
enum verdict model_pass(const struct probe *p, int *reason);

/** model_flow - a TCP probe's flow, or NULL. The table's. */
const struct weft_flow *model_flow(const struct probe *p);

/** model_side - an end's side of the flow: some have A on one, some on the other. */
int model_side(const struct probe *p, enum end end);

/** model_track - what nf_conntrack ought to know of a TCP probe's connection. */
struct track model_track(const struct probe *p);

/** model_state - a state of struct track by name. */
const char *model_state(int state);

#endif
