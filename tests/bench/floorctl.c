/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * floorctl - load the hard-coded programs of floor.bpf.c for one host, attach those that are asked
 * for, pin programs and links, and exit.
 *
 * The pins go to the directory given, so that whoever owns that bpffs owns the programs' life; the
 * bench works in a bpffs of its own, which goes with it. PROGRAM@INTERFACE attaches (XDP natively,
 * TC at tcx ingress), a bare PROGRAM is only loaded, for progrun.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench_util.h"
#include "floor.h"

/* BPF_TCX_INGRESS; Debian 12's headers are older. */
#define TCX_INGRESS ((enum bpf_attach_type)46)

struct options {
	const char *netns;
	const char *object;
	const char *pins;
	const char *uplink;
	const char *port;
	const char *local;
	const char *remote;
};

static __u16 checksum(const __u8 *p, size_t length)
{
	__u32 sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += (__u32)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((__u16) ~(sum + (sum >> 16)));
}

/* UDP source port in the dynamic range, destination 4789, length and checksum 0; VXLAN with the I
 * flag and VNI 100. */
static const __u8 udp_vxlan[] = {0xc0, 0x01, 0x12, 0xb5, 0, 0, 0, 0, 0x08, 0, 0, 0, 0, 0, 100, 0};

static void template4(__u8 *out, const char *local, const char *remote)
{
	static const __u8 start[] = {0,    0,    0, 0, 0, 0, 0, 0,    0, 0,  0,  0, 0x08,
				     0x00, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0};
	__u16 check;

	memcpy(out, start, sizeof(start));
	if (inet_pton(AF_INET, local, out + 26) != 1 || inet_pton(AF_INET, remote, out + 30) != 1)
		die("'%s', '%s': not two IPv4 addresses", local, remote);
	check = checksum(out + 14, 20);
	memcpy(out + 24, &check, 2);
	memcpy(out + 34, udp_vxlan, sizeof(udp_vxlan));
}

static void template6(__u8 *out, const char *local, const char *remote)
{
	static const __u8 start[] = {0, 0,    0,    0,    0, 0, 0, 0, 0, 0,  0,
				     0, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17, 64};

	memcpy(out, start, sizeof(start));
	if (inet_pton(AF_INET6, local, out + 22) != 1 || inet_pton(AF_INET6, remote, out + 38) != 1)
		die("'%s', '%s': not two IPv6 addresses", local, remote);
	memcpy(out + 54, udp_vxlan, sizeof(udp_vxlan));
}

static __u32 ifindex_of(const char *name)
{
	__u32 ifindex = name ? if_nametoindex(name) : 0;

	if (name && !ifindex)
		die("interface %s", name);
	return ifindex;
}

static void fill_config(struct bpf_object *object, const struct options *opt)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct floor_cfg cfg = {
		.uplink_ifindex = ifindex_of(opt->uplink),
		.port_ifindex = ifindex_of(opt->port),
	};

	if (!map)
		die("%s has no .rodata", opt->object);
	if (opt->local && strchr(opt->local, ':'))
		template6((__u8 *)cfg.outer6, opt->local, opt->remote);
	else if (opt->local)
		template4((__u8 *)cfg.outer4, opt->local, opt->remote);
	if (bpf_map__set_initial_value(map, &cfg, sizeof(cfg)))
		die("set floor_cfg");
}

static struct bpf_program *find_program(struct bpf_object *object, const char *spec)
{
	char name[64];
	struct bpf_program *program;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, "@"), spec);
	program = bpf_object__find_program_by_name(object, name);
	if (!program)
		die("no program %s", name);
	return program;
}

static void attach(struct bpf_program *program, const char *ifname, const char *pins)
{
	bool xdp = bpf_program__type(program) == BPF_PROG_TYPE_XDP;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = xdp ? XDP_FLAGS_DRV_MODE : 0);
	int link = bpf_link_create(bpf_program__fd(program), (int)ifindex_of(ifname),
				   xdp ? BPF_XDP : TCX_INGRESS, &opts);
	char path[256];

	if (link < 0)
		die("attach %s to %s", bpf_program__name(program), ifname);
	snprintf(path, sizeof(path), "%s/link_%s_%s", pins, bpf_program__name(program), ifname);
	if (bpf_obj_pin(link, path))
		die("pin %s", path);
	close(link);
}

static struct options options_parse(int argc, char **argv)
{
	struct options opt = {};
	int c;

	while ((c = getopt(argc, argv, "n:o:d:u:p:l:r:")) != -1) {
		switch (c) {
		case 'n':
			opt.netns = optarg;
			break;
		case 'o':
			opt.object = optarg;
			break;
		case 'd':
			opt.pins = optarg;
			break;
		case 'u':
			opt.uplink = optarg;
			break;
		case 'p':
			opt.port = optarg;
			break;
		case 'l':
			opt.local = optarg;
			break;
		case 'r':
			opt.remote = optarg;
			break;
		default:
			goto usage;
		}
	}
	if (opt.object && opt.pins && optind < argc && !opt.local == !opt.remote)
		return opt;
usage:
	fputs("usage: floorctl -o OBJECT -d PIN_DIRECTORY [-n NETNS] [-u UPLINK] [-p PORT]\n"
	      "                [-l LOCAL_VTEP -r REMOTE_VTEP] PROGRAM[@INTERFACE]...\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct options opt = options_parse(argc, argv);
	struct bpf_program *program;
	struct bpf_object *object;
	char path[256];

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (opt.netns)
		enter_netns(opt.netns);
	object = bpf_object__open_file(opt.object, NULL);
	if (!object)
		die("open %s", opt.object);
	fill_config(object, &opt);
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	for (int i = optind; i < argc; i++)
		bpf_program__set_autoload(find_program(object, argv[i]), true);
	if (bpf_object__load(object))
		die("load %s", opt.object);
	mkdir(opt.pins, 0700); /* there already: pinning says so if it matters */
	for (int i = optind; i < argc; i++) {
		const char *at = strchr(argv[i], '@');

		program = find_program(object, argv[i]);
		snprintf(path, sizeof(path), "%s/%s", opt.pins, bpf_program__name(program));
		if (access(path, F_OK) && bpf_obj_pin(bpf_program__fd(program), path))
			die("pin %s", path);
		if (at)
			attach(program, at + 1, opt.pins);
	}
	bpf_object__close(object);
	return 0;
}
