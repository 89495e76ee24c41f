/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The number of a set of groups, which tunnels carry: see weft_identity_short() in <weft/abi.h>.
 *
 * Every node works it out from the names alone, so that all agree on it without talking to each
 * other. Two sets may come to the same number; config_check() refuses a file where they do.
 */
#ifndef WEFT_LOADER_IDENTITY_H
#define WEFT_LOADER_IDENTITY_H

#include <linux/types.h>

struct cfg_strs;

/**
 * identity_of - the identity of whoever is in these groups.
 * @groups: in any order; one that is named twice counts once.
 *
 * FNV-1a (64 bits) of each name, added up, and mixed to 31 bits by the finalizer of MurmurHash3.
 * Return: the number, with WEFT_IDENTITY_LONG; 0 if there are no groups.
 */
__u32 identity_of(const struct cfg_strs *groups);

#endif
