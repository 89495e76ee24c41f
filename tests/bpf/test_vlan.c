/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Runs the rows of rows_vlan.c twice: by BPF_PROG_TEST_RUN, where all tags are in the frame, and on
 * real interfaces, where the kernel has taken the outermost off into the skb, as a NIC would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "dump.h"
#include "hand.h"
#include "live.h"
#include "tests.h"
#include "vlan.h"

static int tags_of(const struct packet *p, __u32 off)
{
	int n = 0;

	for (; off + 14 + 4 * n <= p->len; n++) {
		__u16 proto = p->data[off + 12 + 4 * n] << 8 | p->data[off + 13 + 4 * n];

		if (proto != WEFT_ETH_P_8021Q && proto != WEFT_ETH_P_8021AD)
			break;
	}
	return n;
}

/* Bytes that are counted. @hidden: tags that are not in the frame when the program sees it. */
static __u32 counted(const struct vlan_row *row, const struct packet *in, int hidden)
{
	int tags = tags_of(in, 0);

	if (row->len)
		return row->len;
	if (in->inner && row->late)
		return in->len - in->inner - 4 * tags_of(in, in->inner);
	if (row->drop && !row->late)
		return in->len - 4 * (hidden < tags ? hidden : tags);
	return in->len - 4 * tags;
}

static void expect_moves(const struct vlan_row *row, const struct packet *in, int hidden,
			 struct moves *want)
{
	__u32 len = counted(row, in, hidden), segs = row->segs ? row->segs : 1;
	__u32 at = row->at ? row->at : row->port ? row->port : PORT_ID(UPLINK);

	*want = (struct moves){};
	if (row->drop)
		moves_add(want, C_DROP, at, row->drop, segs, len);
	if (row->answer)
		moves_add(want, C_NET_TO_UNDERLAY, row->network, 0, 1, row->answer);
	if ((row->drop && !row->copied) || (row->pass && !row->shared))
		return;
	if (row->from != UPLINK)
		moves_add(want, C_FROM_PORT, row->port, 0, segs, len);
	moves_add(want, row->from == UPLINK ? C_NET_FROM_UNDERLAY : C_NET_FROM_PORTS, row->network,
		  0, segs, len);
	for (int i = 0; i < VLAN_OUTS && row->out[i].frame; i++) {
		const struct vlan_out *out = &row->out[i];

		if (!out->port && out->wire != UPLINK) /* an answer */
			continue;
		if (out->port)
			moves_add(want, C_TO_PORT, out->port, 0, segs, len);
		moves_add(want, out->wire == UPLINK ? C_NET_TO_UNDERLAY : C_NET_TO_PORTS,
			  row->network, 0, segs, len);
	}
}

static void begin(const struct vlan_row *row, struct packet *in)
{
	vlan_tables_fill();
	packet_build(in, row->in, NULL);
	if (row->setup)
		row->setup();
	check_begin();
}

static void end(const struct vlan_row *row)
{
	if (row->setup)
		hand_clear();
	vlan_tables_clear();
	check_end();
}

static const struct vlan_out *last_out(const struct vlan_row *row)
{
	int n = 0;

	while (n < VLAN_OUTS && row->out[n].frame)
		n++;
	return n ? &row->out[n - 1] : NULL;
}

/* The kernel keeps the outermost tag beside the frame, where a test run does not show it. */
static void hide_tag(struct packet *p)
{
	if (!tags_of(p, 0))
		return;
	p->len -= 4;
	memmove(p->data + 12, p->data + 16, p->len - 12);
	memmove(p->ignore + 12, p->ignore + 16, p->len - 12);
}

static void check_output(const struct vlan_row *row, const struct packet *in, const struct run *r)
{
	const struct vlan_out *out = last_out(row);
	static struct packet want;

	if (!out)
		return;
	packet_build(&want, out->frame, in);
	if (out->port || out->wire != UPLINK)
		hide_tag(&want);
	else
		memset(want.data, 0, 12); /* redirect_neigh has not filled them in */
	if (check_packet("the packet", &want, r->data, r->len) && !out->port)
		dump_packet(r->data, r->len);
}

static void run_row(void **state)
{
	const struct vlan_row *row = *state;
	static struct packet in;
	static struct run r;
	struct moves want;
	bool answered = row->drop && last_out(row);
	int verdict = row->pass ? TC_UNSPEC : row->drop && !answered ? TC_SHOT : TC_REDIRECT;
	int err;

	begin(row, &in);
	r = (struct run){.prog = row->from == UPLINK ? TC_UNDERLAY : FROM_PORT,
			 .ifindex = wires_index(row->from)};
	err = prog_run(&r, in.data, in.len);
	if (check(!err, "test run: %s", strerror(-err))) {
		check(r.verdict == verdict, "verdict %d", r.verdict);
		expect_moves(row, &in, 0, &want);
		check_moves(&want);
		if (verdict == TC_REDIRECT)
			check_output(row, &in, &r);
		else if (row->pass)
			check_packet("not ours, but changed", &in, r.data, r.len);
	}
	end(row);
}

static void expect_out(const struct vlan_row *row, const struct packet *in)
{
	static struct packet want;
	static __u8 got[PACKET_MAX];
	struct vnet vnet;

	for (int i = 0; i < VLAN_OUTS && row->out[i].frame; i++) {
		const struct vlan_out *out = &row->out[i];
		int n = wires_receive(out->wire, got, sizeof(got), &vnet, check_patience());

		if (!check(n > 0, "nothing came at wire %d", out->wire))
			continue;
		packet_build(&want, out->frame, in);
		if (check_packet("what came", &want, got, n) && out->wire == UPLINK &&
		    !row->vnet.gso_size)
			dump_packet(got, n);
		if (row->vnet.gso_size)
			check(vnet.gso_size == row->vnet.gso_size, "segments of %u", vnet.gso_size);
	}
	for (enum wire wire = 0; wire < WIRE_MAX; wire++)
		check(row->pass || wires_receive(wire, got, sizeof(got), NULL, 0) < 0,
		      "a frame too much at wire %d", wire);
}

static void send_row(void **state)
{
	const struct vlan_row *row = *state;
	const struct vnet *vnet = row->vnet.gso_size ? &row->vnet : NULL;
	static struct packet in;
	struct moves want;

	begin(row, &in);
	assert_int_equal(wires_send(row->from, in.data, in.len, vnet), 0);
	expect_out(row, &in);
	expect_moves(row, &in, 1, &want);
	check_moves_soon(&want);
	end(row);
}

static int send_rows(enum live_mode how, const char *name)
{
	if (live_uplink(how))
		return 1;
	return run_rows(name, vlan_rows, vlan_rows_n, sizeof(vlan_rows[0]), send_row) +
	       run_rows(name, vlan_live_rows, vlan_live_rows_n, sizeof(vlan_rows[0]), send_row);
}

int test_vlan_live(void)
{
	/* No GSO packet gets past XDP on a veth. */
	return send_rows(LIVE_XDP_NATIVE, "tags, sent, XDP") + send_rows(LIVE_TC, "tags, sent") +
	       run_rows("tags, sent", vlan_gso_rows, vlan_gso_rows_n, sizeof(vlan_gso_rows[0]),
			send_row);
}

/* Whatever is left of a frame: one drop with a name, or none and a verdict. */
static bool holds(enum prog prog, const struct run *r, const struct moves *m)
{
	int drops = 0;

	for (int i = 0; i < m->n; i++)
		drops += m->m[i].kind == C_DROP ? m->m[i].packets : 0;
	if (prog == XDP_UNDERLAY)
		return r->verdict == XDP_IS_DROP ? drops == 1 : r->verdict == XDP_IS_PASS && !m->n;
	if (r->verdict == TC_SHOT)
		return drops == 1;
	if (r->verdict == TC_UNSPEC)
		return prog == TC_UNDERLAY && !drops;
	return r->verdict == TC_REDIRECT;
}

static void cut_row(const struct vlan_row *row, enum prog prog, unsigned int *runs)
{
	static struct packet in;
	static struct run r;
	struct moves m;

	packet_build(&in, row->in, NULL);
	if (in.len > 300)
		return;
	for (__u32 len = WEFT_ETH_HLEN + 1 + *runs % thin(); len <= in.len; len += thin()) {
		r = (struct run){.prog = prog, .ifindex = wires_index(row->from)};
		++*runs;
		if (prog_run(&r, in.data, len)) /* shorter than the kernel allows */
			continue;
		m.n = counters_moved(m.m);
		if (!check(holds(prog, &r, &m), "%s, cut to %u: verdict %d", row->name, len,
			   r.verdict))
			counters_print(m.m, m.n, stderr);
	}
}

static void test_cut_tags(void **state)
{
	unsigned int runs = 0;

	(void)state;
	vlan_tables_fill();
	check_begin();
	for (size_t i = 0; i < vlan_rows_n; i++) {
		cut_row(&vlan_rows[i], vlan_rows[i].from == UPLINK ? TC_UNDERLAY : FROM_PORT,
			&runs);
		if (vlan_rows[i].from == UPLINK)
			cut_row(&vlan_rows[i], XDP_UNDERLAY, &runs);
	}
	printf("# %u runs\n", runs);
	vlan_tables_clear();
	check_end();
}

int test_vlan(void)
{
	const struct CMUnitTest tests[] = {
		{"frames with tags, cut at every length", test_cut_tags, NULL, NULL, NULL},
	};

	return run_rows("tags", vlan_rows, vlan_rows_n, sizeof(vlan_rows[0]), run_row) +
	       cmocka_run_group_tests_name("tags, cut", tests, NULL, NULL);
}
