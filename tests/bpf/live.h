/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The programs on node a's interfaces: clsact on every port, and on the uplink what is asked for.
 */
#ifndef WEFT_TEST_LIVE_H
#define WEFT_TEST_LIVE_H

#include <stdbool.h>

#include "packet.h"
#include "actors.h"

/** enum live_mode - how the uplink's programs are attached. */
enum live_mode {
	LIVE_TC,         /* tc_underlay alone */
	LIVE_XDP_NATIVE, /* with xdp_underlay before it */
	LIVE_XDP_GENERIC,
	LIVE_XDP_ALONE, /* native, and somebody detached tc_underlay */
};

/** live_ports - attach tc_from_port to every port. Return: 0 or -errno. */
int live_ports(void);

/** live_uplink - attach to the uplink, instead of what was there. Return: 0 or -errno. */
int live_uplink(enum live_mode mode);

/** live_detach - take all programs off. Return: 0 or -errno. */
int live_detach(void);

/** live_expect - @want comes out at a wire's far end, and the kernel takes it for what it is. */
void live_expect(const char *what, enum wire at, const struct packet *want);

/**
 * live_expect_no_more - by now all that was to come has come; whatever else there is at a port
 * should not be.
 */
void live_expect_no_more(void);

#endif
