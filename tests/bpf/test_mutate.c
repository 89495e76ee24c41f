/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables' frames with a few bytes changed, through every program: the same invariants as for
 * the cut ones. The generator is seeded, so that a failure comes again: WEFT_TEST_SEED=N asks for
 * others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "invariant.h"
#include "rows.h"
#include "tests.h"

#define FRAMES_PER_PROG 20000
#define SOURCES_MAX     2048
#define FAILURES_MAX    5
#define HEADERS         160 /* bytes where a change is likely to matter */

/**
 * struct source - a frame to start from.
 * @wrapped: within a tunnel, and as if it came from there.
 */
struct source {
	const struct layer *layers;
	enum wire from;
	bool wrapped;
};

static struct source sources[SOURCES_MAX];
static unsigned int sources_n;
static __u64 state_;

/* xorshift64*, Vigna 2016 */
static __u32 random32(void)
{
	state_ ^= state_ >> 12;
	state_ ^= state_ << 25;
	state_ ^= state_ >> 27;
	return (state_ * 0x2545f4914f6cdd1dULL) >> 32;
}

static __u32 below(__u32 n)
{
	return n ? random32() % n : 0;
}

static void add_source(const struct layer *layers, enum wire from, bool wrapped)
{
	if (sources_n < SOURCES_MAX)
		sources[sources_n++] = (struct source){layers, from, wrapped};
}

/* A workload's frames, bare for tc_from_port; for the others in a tunnel, and what the wire brings.
 */
static void collect(enum prog prog)
{
	sources_n = 0;
	for (int t = 0; every_port_table[t]; t++) {
		for (size_t i = 0; i < every_port_table[t]->n; i++)
			add_source(every_port_table[t]->rows[i].in,
				   every_port_table[t]->rows[i].from, prog != FROM_PORT);
	}
	for (int t = 0; prog != FROM_PORT && every_wire_table[t]; t++) {
		for (size_t i = 0; i < every_wire_table[t]->n; i++)
			add_source(every_wire_table[t]->rows[i].in, UPLINK, false);
	}
}

static void build(const struct source *s, struct packet *p)
{
	static struct packet inner;
	const __u8 from[] = MAC_WEB_B, to[] = MAC_WEB1;

	if (!s->wrapped) {
		packet_build(p, s->layers, NULL);
		return;
	}
	packet_build(&inner, s->layers, NULL);
	memcpy(inner.data + 6, from, sizeof(from));
	if (!(inner.data[0] & 1))
		memcpy(inner.data, to, sizeof(to));
	packet_build(p,
		     PKT(ETH(.dst = MAC_UPLINK, .src = MAC_ROUTER),
			 IP4(.src = VTEP4_B, .dst = VTEP4_A, .tos = 2),
			 UDP(.sport = 50000, .dport = 4789, .csum = FORCE(0)),
			 VXLAN(.vni = VNI_WEB), REF()),
		     &inner);
}

static void mutate_once(struct packet *p)
{
	static const __u8 values[] = {0, 1, 4, 5, 6, 7, 8, 0x0f, 0x10, 0x7f, 0x80, 0xfe, 0xff};
	__u32 at = below(p->len < HEADERS ? p->len : HEADERS), n;

	switch (below(8)) {
	case 0:
	case 1:
		p->data[at] ^= 1u << below(8);
		break;
	case 2:
	case 3:
		p->data[at] = values[below(sizeof(values))];
		break;
	case 4:
		p->data[at] = random32();
		break;
	case 5: /* a 16-bit length that nearly fits */
		n = p->len - at + below(9) - 4;
		if (at + 1 < p->len) {
			p->data[at] = n >> 8;
			p->data[at + 1] = n;
		}
		break;
	case 6: /* shorter, longer */
		p->len = below(2) ? 15 + below(p->len - 14) : p->len + below(40);
		break;
	case 7: /* one part over another */
		n = below(24);
		if (at + n < p->len)
			memmove(p->data + below(p->len - n), p->data + at, n);
		break;
	}
}

static void mutate(enum prog prog)
{
	static struct packet p;
	unsigned int frames = FRAMES_PER_PROG / thin();
	int failures = 0;

	for (unsigned int i = 0; i < frames && failures < FAILURES_MAX; i++) {
		const struct source *s = &sources[below(sources_n)];

		build(s, &p);
		for (__u32 n = 1 + below(4); n; n--)
			mutate_once(&p);
		failures += !check_invariants(prog, prog == FROM_PORT ? s->from : UPLINK,
					      &(struct frame){.data = p.data, .len = p.len});
	}
	printf("# %s: %u frames\n", prog_name(prog), frames);
}

static void test_mutate_one(void **state)
{
	const char *seed = getenv("WEFT_TEST_SEED");
	const __u8 web3[] = MAC_WEB3, web_b[] = MAC_WEB_B;

	check_begin();
	put_routed(NET_WEB, web3, true);
	put_routed(NET_WEB, web_b, true);
	put_network_flags(NET_WEB, WEFT_NET_SNOOP | WEFT_NET_LOOPS);
	collect(*(enum prog *)*state);
	state_ = seed && strtoull(seed, NULL, 10) ? strtoull(seed, NULL, 10) : 0x77656674;
	mutate(*(enum prog *)*state);
	tables_fill();
	check_end();
}

int test_mutate(void)
{
	static enum prog progs[] = {FROM_PORT, TC_UNDERLAY, XDP_UNDERLAY};
	const struct CMUnitTest tests[] = {
		{"mutated frames from a port", test_mutate_one, NULL, NULL, &progs[0]},
		{"mutated frames at TC", test_mutate_one, NULL, NULL, &progs[1]},
		{"mutated frames at XDP", test_mutate_one, NULL, NULL, &progs[2]},
	};

	return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
