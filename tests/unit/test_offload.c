/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* offload.c: which modes are chosen from which facts, and why; offload_tx_packet.c: what becomes of
 * a packet; offload_state.c: what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lock.h"
#include "offload.h"
#include "offload_state.h"
#include "offload_tx_packet.h"
#include "util.h"

#define ALL (NIC_SEGMENTATIONS | NIC_CHECKSUMS | NIC_BIT(NIC_GRO))

/** struct row - facts and a wish, and what is expected of one choice. @why: part of it. */
struct row {
	const char *name;
	struct offload_facts facts;
	struct cfg_uplink uplink;
	enum offload_what what;
	const char *mode;
	const char *why;
	enum xdp_kind xdp;
	bool optional;
	__u32 on;
	__u32 off;
};

#define NIC(...) .facts.nic = {.driver = "mynic", .on = ALL, .can = ALL, ##__VA_ARGS__}
#define WAS      .facts.was = ALL, .facts.device = true
#define BASIC    NIC(.xdp = NIC_XDP_BASIC), WAS

static const struct row xdp_rows[] = {
	{"tested", BASIC, .facts.tests.rx = RX_WORKS, .mode = "native",
	 .why = "the driver mynic runs XDP, and its metadata reaches TC (tested)",
	 .xdp = XDP_NATIVE, .optional = true},
	{"nothing came", BASIC, .facts.tests.rx = RX_NO_TRAFFIC, .mode = "native",
	 .why = "the driver mynic has XDP; no packet came in during the test", .xdp = XDP_NATIVE,
	 .optional = true},
	{"not tested", BASIC, .mode = "native", .why = "the driver mynic has XDP; not tested",
	 .xdp = XDP_NATIVE, .optional = true},
	{"old kernel", NIC(), WAS, .mode = "native", .why = "does not refuse XDP; not tested",
	 .xdp = XDP_NATIVE, .optional = true},
	{"none", NIC(.xdp = NIC_XDP_NONE), WAS, .mode = "off",
	 .why = "the driver mynic says that it runs no XDP programs"},
	{"no metadata", BASIC, .facts.tests.rx = RX_NO_METADATA, .mode = "off",
	 .why = "has no XDP metadata, so XDP can hand nothing on"},
	{"forgetful", BASIC, .facts.tests.rx = RX_FORGETFUL, .mode = "off",
	 .why = "loses XDP metadata on the way to TC (tested)"},
	{"deaf", BASIC, .facts.tests.rx = RX_DEAF, .mode = "off",
	 .why = "packets came in without running it"},
	{"refused", BASIC, .facts.tests.rx = RX_REFUSED, .mode = "off",
	 .why = "takes no XDP program (tried)"},
	{"refused ours", BASIC, .facts.tests.rx = RX_WORKS, .facts.refused = true, .mode = "off",
	 .why = "refused weft's XDP program"},
	{"failed in traffic", BASIC, .facts.tests = {.rx = RX_WORKS, .xdp_failed = true},
	 .mode = "off", .why = "lost the XDP metadata of most packets in real traffic"},
	{"veth", BASIC, .facts.kind = IFACE_VETH, .facts.tests.rx = RX_WORKS, .mode = "off",
	 .why = "on a veth"},
	{"no name", .facts.nic = {.xdp = NIC_XDP_NONE}, .mode = "off",
	 .why = "the driver of this interface says"},
	{"native", BASIC, .uplink.xdp.v = CFG_XDP_NATIVE, .mode = "native", .why = "by the file",
	 .xdp = XDP_NATIVE},
	{"native all the same", BASIC, .uplink.xdp.v = CFG_XDP_NATIVE,
	 .facts.tests.rx = RX_NO_METADATA, .mode = "native",
	 .why = "by the file, although the driver mynic has no XDP metadata", .xdp = XDP_NATIVE},
	{"native on a veth", BASIC, .uplink.xdp.v = CFG_XDP_NATIVE, .facts.kind = IFACE_VETH,
	 .mode = "native", .why = "ethtool -K PEER tx off", .xdp = XDP_NATIVE},
	{"generic", BASIC, .uplink.xdp.v = CFG_XDP_GENERIC, .mode = "generic", .why = "by the file",
	 .xdp = XDP_GENERIC},
	{"off", BASIC, .uplink.xdp.v = CFG_XDP_OFF, .facts.tests.rx = RX_WORKS, .mode = "off",
	 .why = "by the file"},
};

#define OTHER(w) .uplink.xdp.v = CFG_XDP_OFF, .what = (w)
#define TX(g)    .facts.tests.tx_gso = (g), OTHER(OFFLOAD_SEGMENTATION)
#define PLAIN(p) .facts.tests.tx_plain = (p), OTHER(OFFLOAD_CHECKSUM)

static const struct row sending_rows[] = {
	{"whole", BASIC, TX(TX_WHOLE), .mode = "device", .why = "handed to it whole (tested)"},
	{"whole on a veth", BASIC, TX(TX_WHOLE), .facts.kind = IFACE_VETH, .mode = "device",
	 .why = "crosses it whole"},
	{"has none", NIC(), TX(TX_CUT), .mode = "kernel",
	 .why = "the device has no tunnel segmentation; the kernel cut a GSO packet rightly"},
	{"claims too much", BASIC, TX(TX_CUT), .mode = "kernel",
	 .why = "but not for this kind of packet"},
	{"wrong", BASIC, TX(TX_BROKEN), .mode = "kernel", .why = "WRONG"},
	{"lost by the device", BASIC, TX(TX_LOST), .facts.tests.tx_gso_retry = TX_CUT,
	 .mode = "kernel", .why = "lost with the device's segmentation, and not without",
	 .off = NIC_SEGMENTATIONS},
	{"lost either way", BASIC, TX(TX_LOST), .facts.tests.tx_gso_retry = TX_LOST,
	 .mode = "device", .why = "not tested"},
	{"claims", BASIC, TX(TX_UNTESTED), .mode = "device",
	 .why = "tx-udp_tnl-segmentation says so; not tested"},
	{"claims none", NIC(), TX(TX_UNTESTED), .mode = "kernel", .why = "not tested"},
	{"kernel", BASIC, TX(TX_WHOLE), .uplink.segmentation.v = CFG_OFFLOAD_KERNEL,
	 .mode = "kernel", .why = "by the file", .off = NIC_SEGMENTATIONS},
	{"device", BASIC, TX(TX_WHOLE), .uplink.segmentation.v = CFG_OFFLOAD_DEVICE,
	 .mode = "device", .why = "by the file", .on = NIC_SEGMENTATIONS},
	{"device, in vain", BASIC, TX(TX_CUT), .uplink.segmentation.v = CFG_OFFLOAD_DEVICE,
	 .mode = "kernel", .why = "the device does not do it (tested)", .on = NIC_SEGMENTATIONS},
	{"sum by device", BASIC, PLAIN(TX_WHOLE), .mode = "device", .why = "was left to it"},
	{"sum by kernel", NIC(), PLAIN(TX_CUT), .mode = "kernel",
	 .why = "the device does no checksums"},
	{"sum not inside", BASIC, PLAIN(TX_CUT), .mode = "kernel",
	 .why = "the device does not do checksums inside tunnels"},
	{"sum wrong", BASIC, PLAIN(TX_BROKEN), .mode = "kernel", .why = "WRONG"},
	{"sum untested", BASIC, PLAIN(TX_UNTESTED), .mode = "device", .why = "not tested"},
	{"sum: kernel", BASIC, PLAIN(TX_WHOLE), .uplink.checksum.v = CFG_OFFLOAD_KERNEL,
	 .mode = "kernel", .why = "by the file", .off = NIC_CHECKSUMS},
};

#define GRO     OTHER(OFFLOAD_GRO)
#define META(r) .facts.tests = {.rx = (r), .rx_frames = 3}, OTHER(OFFLOAD_METADATA)

static const struct row other_rows[] = {
	{"by weft-vxlan", BASIC, GRO, .mode = "stack", .why = "weft-vxlan holds the port"},
	{"by the driver", BASIC, .what = OFFLOAD_GRO, .mode = "driver",
	 .why = "XDP takes tunnel headers off", .xdp = XDP_NATIVE, .optional = true},
	{"generic", BASIC, .what = OFFLOAD_GRO, .uplink.xdp.v = CFG_XDP_GENERIC, .mode = "off",
	 .why = "generic XDP comes after GRO", .xdp = XDP_GENERIC},
	{"no weft-vxlan", NIC(), .facts.was = ALL, GRO, .mode = "off", .why = "tunnel_gro: false"},
	{"off", NIC(), .facts.device = true, GRO, .mode = "off",
	 .why = "\"gro: on\" switches it on"},
	{"on by the file", NIC(), .facts.device = true, GRO, .uplink.gro.v = CFG_GRO_ON,
	 .mode = "stack", .why = "by the file: weft-vxlan", .on = NIC_BIT(NIC_GRO)},
	{"off by the file", BASIC, GRO, .uplink.gro.v = CFG_GRO_OFF, .mode = "off",
	 .why = "by the file: GRO is off", .off = NIC_BIT(NIC_GRO)},
	{"carried", BASIC, META(RX_WORKS), .mode = "carried", .why = "3 packets of a test"},
	{"refused", BASIC, META(RX_NO_METADATA), .mode = "lost", .why = "the driver refused it"},
	{"forgotten", BASIC, META(RX_FORGETFUL), .mode = "lost", .why = "none left at TC"},
	{"nothing came", BASIC, META(RX_NO_TRAFFIC), .mode = "unknown", .why = "no packet came"},
	{"no XDP", BASIC, META(RX_UNTESTED), .mode = "unknown", .why = "without XDP"},
};

static void try_row(const struct row *row)
{
	struct offload got;

	offload_decide(&row->uplink, &row->facts, &got);
	if (strcmp(got.choice[row->what].mode, row->mode) != 0 ||
	    !strstr(got.choice[row->what].why, row->why))
		fail_msg("%s: %s, %s", row->name, got.choice[row->what].mode,
			 got.choice[row->what].why);
	if (got.xdp != row->xdp || got.xdp_optional != row->optional)
		fail_msg("%s: XDP %d %d", row->name, got.xdp, got.xdp_optional);
	if (got.on != row->on || got.off != row->off)
		fail_msg("%s: on %x off %x", row->name, got.on, got.off);
	assert_true(strlen(got.choice[row->what].why) < OFFLOAD_WHY_LEN - 1);
}

static void decides_xdp(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_SIZE(xdp_rows); i++)
		try_row(&xdp_rows[i]);
}

static void decides_sending(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_SIZE(sending_rows); i++)
		try_row(&sending_rows[i]);
}

static void decides_the_rest(void **state __attribute__((unused)))
{
	for (size_t i = 0; i < ARRAY_SIZE(other_rows); i++)
		try_row(&other_rows[i]);
}

/* Whatever the facts are, each choice has a mode and a reason that fits. */
static void always_says_why(void **state __attribute__((unused)))
{
	struct cfg_uplink uplink = {};
	struct offload got;

	for (unsigned int n = 0; n < 7u * 5 * 5 * 4 * 3 * 2 * 2 * 2; n++) {
		struct offload_facts f = {.nic.driver = "a driver that has a long name"};
		unsigned int left = n;

		f.tests.rx = left % 7, left /= 7;
		f.tests.tx_gso = left % 5, left /= 5;
		f.tests.tx_plain = left % 5, left /= 5;
		uplink.xdp.v = left % 4, left /= 4;
		uplink.segmentation.v = uplink.checksum.v = uplink.gro.v = left % 3, left /= 3;
		f.kind = left % 2 ? IFACE_VETH : IFACE_OTHER, left /= 2;
		f.was = left % 2 ? ALL : 0, left /= 2;
		f.nic.xdp = left % 2 ? NIC_XDP_NONE : NIC_XDP_FRAGS;
		offload_decide(&uplink, &f, &got);
		for (int what = 0; what < __OFFLOAD_MAX; what++) {
			assert_true(got.choice[what].mode[0]);
			assert_true(got.choice[what].why[0]);
			assert_true(strlen(got.choice[what].why) < OFFLOAD_WHY_LEN - 1);
		}
		assert_int_equal(got.on & got.off, 0);
	}
}

static void refuses_the_impossible(void **state __attribute__((unused)))
{
	struct offload_facts f = {.nic.on = NIC_BIT(NIC_CSUM_GENERIC)};
	struct cfg_uplink uplink = {.checksum.v = CFG_OFFLOAD_DEVICE};
	enum offload_what what;

	assert_null(offload_impossible(&uplink, &f, &what));
	uplink.segmentation.v = CFG_OFFLOAD_DEVICE;
	assert_string_equal(offload_impossible(&uplink, &f, &what), "tx-udp_tnl-segmentation");
	assert_int_equal(what, OFFLOAD_SEGMENTATION);
	f.nic.can = NIC_BIT(NIC_UDP_TUNNEL);
	uplink.gro.v = CFG_GRO_ON;
	assert_string_equal(offload_impossible(&uplink, &f, &what), "rx-gro");
	assert_int_equal(what, OFFLOAD_GRO);
	f.nic.on = NIC_BIT(NIC_GRO);
	assert_string_equal(offload_impossible(&uplink, &f, &what), "tx-checksum-ip-generic");
	assert_int_equal(what, OFFLOAD_CHECKSUM);
}

/* -- packets -- */

static const __u8 mac[ETH_ALEN] = {2, 0, 0, 0, 0, 9};

/* What a packet socket would show: the packet as it was made, encapsulated. */
static size_t sent(bool gso, __u8 *out)
{
	struct tx_packet packet = tx_packet_make(mac, 4789, gso);
	const size_t vnet = sizeof(struct virtio_net_hdr);

	memcpy(out, packet.frame, vnet);
	memcpy(out + vnet, packet.header, PROBE_HEADER_LEN);
	memcpy(out + vnet + PROBE_HEADER_LEN, packet.frame + vnet + ETH_HLEN,
	       packet.len - vnet - ETH_HLEN);
	return packet.len - ETH_HLEN + PROBE_HEADER_LEN;
}

static enum tx_result judge(bool gso, const __u8 *bytes, size_t len)
{
	struct tx_sight sight = {.gso = gso};

	tx_see(&sight, bytes, len);
	return tx_judge(&sight);
}

static __u16 sum16(const __u8 *bytes, size_t len, __u32 n)
{
	for (size_t i = 0; i < len; i++)
		n += i & 1 ? bytes[i] : bytes[i] << 8;
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return n;
}

/* Does what a device, or the kernel in its place, does: the field already holds the sum over the
 * pseudo header. */
static void fill_in(__u8 *bytes, size_t len)
{
	const size_t tcp = sizeof(struct virtio_net_hdr) + PROBE_HEADER_LEN + 20;
	__u16 check = ~sum16(bytes + tcp, len - tcp, 0);

	bytes[tcp + 16] = check >> 8;
	bytes[tcp + 17] = check;
	bytes[0] = 0; /* VIRTIO_NET_HDR_F_NEEDS_CSUM */
}

static void judges_packets(void **state __attribute__((unused)))
{
	__u8 bytes[4096];
	size_t len = sent(false, bytes);

	assert_int_equal(judge(false, bytes, len), TX_WHOLE);
	fill_in(bytes, len);
	assert_int_equal(judge(false, bytes, len), TX_CUT);
	bytes[len - 1] ^= 1; /* the checksum is wrong now */
	assert_int_equal(judge(false, bytes, len), TX_BROKEN);
	bytes[len - 1] ^= 1;
	bytes[sizeof(struct virtio_net_hdr) + ETH_HLEN + 3]++; /* the outer length */
	assert_int_equal(judge(false, bytes, len), TX_BROKEN);
	assert_int_equal(judge(false, bytes, 0), TX_LOST);
	assert_int_equal(judge(false, bytes, 40), TX_LOST);

	len = sent(true, bytes);
	assert_int_equal(judge(true, bytes, len), TX_WHOLE);
	/* Somebody else's. */
	bytes[sizeof(struct virtio_net_hdr) + ETH_HLEN + 12]++;
	assert_int_equal(judge(true, bytes, len), TX_LOST);
}

/* Only some of the segments. */
static void misses_segments(void **state __attribute__((unused)))
{
	struct tx_sight sight = {.gso = true};
	__u8 bytes[4096];
	size_t len = sent(false, bytes);

	fill_in(bytes, len);
	tx_see(&sight, bytes, len);
	assert_false(tx_seen_all(&sight));
	assert_int_equal(tx_judge(&sight), TX_BROKEN);
}

/* -- memory -- */

static void remembers(void **state __attribute__((unused)))
{
	_cleanup_(offload_state_clear) struct offload_state was = {}, is = {}, none = {};
	const struct cfg_uplink uplink = {};
	struct offload_record *r;
	char node[32];

	if (mkdir(LOCK_DIR, 0700) && errno != EEXIST)
		skip();
	if (access(LOCK_DIR, W_OK))
		skip();
	snprintf(node, sizeof(node), "unit-test-%d", (int)getpid());
	r = offload_state_get(&was, "eth0", 7);
	assert_non_null(r);
	r->tests = (struct offload_tests){
		.rx = RX_WORKS, .rx_frames = 5, .tx_gso = TX_CUT, .xdp_failed = true};
	r->has_tested = r->decided = true;
	r->tested = NIC_CHECKSUMS;
	r->mtu = 9000;
	r->switched = NIC_SEGMENTATIONS;
	r->was_on = NIC_BIT(NIC_GRE);
	r->meta_lost = 1ULL << 40;
	offload_decide(&uplink, &(struct offload_facts){.nic.driver = "x"}, &r->offload);
	assert_int_equal(offload_state_write(node, &was), 0);
	assert_int_equal(offload_state_read(node, &is), 0);
	assert_int_equal(is.n, 1);
	assert_memory_equal(&is.v[0].tests, &r->tests, sizeof(r->tests));
	assert_int_equal(is.v[0].tested, r->tested);
	assert_int_equal(is.v[0].mtu, 9000);
	assert_int_equal(is.v[0].switched, r->switched);
	assert_int_equal(is.v[0].was_on, r->was_on);
	assert_int_equal(is.v[0].meta_lost, r->meta_lost);
	assert_memory_equal(is.v[0].offload.choice, r->offload.choice, sizeof(r->offload.choice));
	assert_null(offload_state_find(&is, 8));
	offload_state_remove(node);
	assert_int_equal(offload_state_read(node, &none), 0);
	assert_int_equal(none.n, 0);
}

/* Features as they were before weft came. */
static void knows_what_was(void **state __attribute__((unused)))
{
	struct offload_record r = {.switched = NIC_BIT(NIC_GRO) | NIC_BIT(NIC_GRE),
				   .was_on = NIC_BIT(NIC_GRE)};
	struct nic nic = {.on = NIC_BIT(NIC_GRO) | NIC_BIT(NIC_CSUM_IPV4)};

	assert_int_equal(offload_was(&r, &nic), NIC_BIT(NIC_GRE) | NIC_BIT(NIC_CSUM_IPV4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_xdp),
		cmocka_unit_test(decides_sending),
		cmocka_unit_test(decides_the_rest),
		cmocka_unit_test(always_says_why),
		cmocka_unit_test(refuses_the_impossible),
		cmocka_unit_test(judges_packets),
		cmocka_unit_test(misses_segments),
		cmocka_unit_test(remembers),
		cmocka_unit_test(knows_what_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
