/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the files that describe the configuration share. Private to them; see schema.c. */
#ifndef WEFT_LOADER_SCHEMA_PARTS_H
#define WEFT_LOADER_SCHEMA_PARTS_H

#include "schema.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

extern const struct schema_table schema_address_set; /* schema_policy.c */
extern const struct schema_table schema_policy;
extern const struct schema_table schema_port; /* schema_ports.c */
extern const struct schema_table schema_pair; /* schema_guard.c */
extern const struct schema_table schema_storm;
extern const struct schema_table schema_pool;   /* schema_pools.c */
extern const struct schema_table schema_uplink; /* schema_uplinks.c */
extern const struct schema_table schema_limits; /* schema_limits.c */
extern const struct schema_table schema_flows;  /* schema_flows.c */

#endif
