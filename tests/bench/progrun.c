/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * progrun - measure one loaded XDP or TC program by BPF_PROG_TEST_RUN, or describe it, or read what
 * it cost under traffic. Prints JSON.
 *
 * Single runs are timed, not one run with a large repeat count: the kernel does not restore the
 * packet between repetitions, so an encapsulation would encapsulate its own output until there is
 * no room, and a decapsulation would be measured on packets that are no longer tunnelled. What the
 * kernel reports as `duration` excludes the system call but includes reading the clock and entering
 * the program (some 30 ns), so progrun.py takes off what an empty program costs in the same run. A
 * single run follows a system call, hence with a colder cache than a tight loop: closer to what a
 * packet meets, and the same for all. A program that leaves the packet as it was (local delivery)
 * is also run with a repeat count, as a check.
 *
 * With -f, every run is on another flow (flow_ports.h): what a program does with many connections,
 * and, where it remembers them, how they come about. Runs that answer differently from the first
 * one are counted.
 */
#include <getopt.h>
#include <linux/if_ether.h>
#include <bpf/bpf.h>

#include "bench_util.h"
#include "flow_ports.h"

#define PACKET_MAX  4096
#define SAMPLES_MAX 1000000
#define LIVE_BATCH  256 /* the most that the kernel takes */

struct options {
	const char *netns;
	const char *packet; /* hex */
	const char *pin;
	unsigned int id;
	int ifindex;
	int cpu;
	int samples;
	int repeat;
	int seconds;
	bool live;
	bool untouched;                    /* live frames stay as they are */
	bool wait;                         /* for a line on stdin, before the first run */
	unsigned long flows;               /* 0: the packet stays as it is */
	unsigned long first;               /* flow of the first run */
	unsigned long step;                /* from run to run */
	unsigned int client_at, server_at; /* where the packet has the ports, in bytes */
};

struct target {
	int fd;
	struct bpf_prog_info info;
	__u32 link_ifindex; /* where the link that was given is attached; 0 for a program */
};

struct outcome {
	__u32 retval, duration, size;
	__u8 data[PACKET_MAX];
};

static void program_info(int fd, struct bpf_prog_info *info)
{
	__u32 length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &length))
		die("read program info");
}

/* A pin holds a program or a link; only asking tells which. */
static struct target target_open(const struct options *opt)
{
	struct target t = {};
	struct bpf_link_info link;
	__u32 length = sizeof(link);
	int fd = opt->pin ? bpf_obj_get(opt->pin) : bpf_prog_get_fd_by_id(opt->id);
	char kind[64] = "", path[64];

	if (fd < 0)
		die("open %s", opt->pin ? opt->pin : "program by id");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, kind, sizeof(kind) - 1) > 0 && strstr(kind, "bpf-prog")) {
		t.fd = fd;
	} else {
		memset(&link, 0, sizeof(link));
		if (bpf_obj_get_info_by_fd(fd, &link, &length))
			die("%s is neither a program nor a link", opt->pin);
		t.link_ifindex = link.xdp.ifindex; /* tcx has it in the same place */
		t.fd = bpf_prog_get_fd_by_id(link.prog_id);
		if (t.fd < 0)
			die("open program %u", link.prog_id);
		close(fd);
	}
	program_info(t.fd, &t.info);
	return t;
}

static size_t packet_parse(const char *hex, __u8 *out)
{
	size_t length = strlen(hex) / 2;

	errno = 0;
	if (length < ETH_HLEN || length > PACKET_MAX)
		die("a packet of %zu bytes", length);
	hex_parse(hex, out, length);
	return length;
}

/* The context a real packet would have: the interface it came in by. */
struct context {
	struct __sk_buff skb;
	struct xdp_md xdp;
	struct bpf_test_run_opts opts;
};

static void context_init(struct context *c, const struct target *t, int ifindex, __u8 *packet,
			 size_t length)
{
	memset(c, 0, sizeof(*c));
	c->opts.sz = sizeof(c->opts);
	c->opts.data_in = packet;
	c->opts.data_size_in = (__u32)length;
	if (t->info.type == BPF_PROG_TYPE_XDP) {
		c->xdp.data_end = (__u32)length;
		c->xdp.ingress_ifindex = (__u32)ifindex;
		c->opts.ctx_in = &c->xdp;
		c->opts.ctx_size_in = sizeof(c->xdp);
	} else {
		c->skb.ifindex = (__u32)ifindex;
		c->skb.ingress_ifindex = (__u32)ifindex;
		c->opts.ctx_in = &c->skb;
		c->opts.ctx_size_in = sizeof(c->skb);
	}
}

/* One test run, with the resulting packet. */
static void run_once(struct context *c, int fd, int repeat, struct outcome *out)
{
	struct bpf_test_run_opts opts = c->opts;

	opts.repeat = repeat;
	opts.data_out = out->data;
	opts.data_size_out = sizeof(out->data);
	if (bpf_prog_test_run_opts(fd, &opts))
		die("test run");
	out->retval = opts.retval;
	out->duration = opts.duration;
	out->size = opts.data_size_out;
}

static void run_singles(struct context *c, int fd, const struct options *opt, __u8 *packet,
			__u32 usual)
{
	static uint32_t times[SAMPLES_MAX];
	unsigned int server_port = opt->flows ? flow_port_get(packet, opt->server_at) : 0;
	unsigned int strays = 0;

	c->opts.repeat = 1;
	for (int i = 0; i < opt->samples; i++) {
		struct bpf_test_run_opts opts = c->opts;

		if (opt->flows)
			flow_ports_set(packet, opt->client_at, opt->server_at,
				       (opt->first + (unsigned long)i * opt->step) % opt->flows,
				       server_port);
		if (bpf_prog_test_run_opts(fd, &opts))
			die("test run");
		times[i] = opts.duration;
		strays += opts.retval != usual;
	}
	printf(", \"strays\": %u, \"single_ns\": ", strays);
	summary_print(times, (size_t)opt->samples);
}

/* Frames that are live: what the program passes goes up the stack. One batch a call (@at_once),
 * since the kernel takes used pages for the next one as the stack has left them; all in one where
 * nobody writes to them, since a call costs more than its frames. */
static void run_live(struct context *c, int fd, int samples, int at_once)
{
	uint64_t start = now_ns();
	int runs = 0;

	for (; runs < samples; runs += at_once) {
		struct bpf_test_run_opts opts = c->opts;

		opts.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		opts.repeat = at_once;
		opts.batch_size = LIVE_BATCH;
		if (bpf_prog_test_run_opts(fd, &opts))
			die("live test run");
	}
	printf(", \"live\": %d, \"live_ns\": %llu", runs, (unsigned long long)(now_ns() - start));
}

static void print_info(const struct target *t)
{
	const struct bpf_prog_info *i = &t->info;

	printf("\"name\": \"%s\", \"id\": %u, \"type\": \"%s\", \"ifindex\": %u, \"xlated_insns\": "
	       "%u,"
	       " \"verified_insns\": %u, \"jited_bytes\": %u, \"run_time_ns\": %llu, \"run_cnt\": "
	       "%llu",
	       i->name, i->id, i->type == BPF_PROG_TYPE_XDP ? "xdp" : "tc", t->link_ifindex,
	       i->xlated_prog_len / 8, i->verified_insns, i->jited_prog_len,
	       (unsigned long long)i->run_time_ns, (unsigned long long)i->run_cnt);
}

/* What BPF statistics say, if they are on, of the runs since @t was opened. */
static void print_statistics(const struct target *t)
{
	struct bpf_prog_info now;

	program_info(t->fd, &now);
	if (now.run_cnt > t->info.run_cnt)
		printf(", \"stat_ns\": %.1f", (double)(now.run_time_ns - t->info.run_time_ns) /
						      (double)(now.run_cnt - t->info.run_cnt));
}

static void measure(const struct options *opt, const struct target *t)
{
	static __u8 packet[PACKET_MAX];
	static struct outcome once, twice;
	struct context c;
	size_t length = packet_parse(opt->packet, packet);

	if (opt->flows && (opt->client_at + 2 > length || opt->server_at + 2 > length))
		die("a packet of %zu bytes has no ports there", length);
	context_init(&c, t, opt->ifindex, packet, length);
	if (opt->live) {
		run_live(&c, t->fd, opt->samples, opt->untouched ? opt->samples : LIVE_BATCH);
		return;
	}
	run_once(&c, t->fd, 1, &once);
	printf(", \"retval\": %d, \"size_in\": %zu, \"size_out\": %u", (int)once.retval, length,
	       once.size);
	run_singles(&c, t->fd, opt, packet, once.retval);
	if (!opt->flows && once.size == length && !memcmp(once.data, packet, length)) {
		run_once(&c, t->fd, opt->repeat, &twice);
		printf(", \"repeat_ns\": %u", twice.duration);
	}
	print_statistics(t);
}

/* Hold BPF statistics on for a while: ns per run under whatever traffic there is. The numbers are
 * read by -i afterwards. */
static void hold_stats(int seconds)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd < 0)
		die("enable BPF statistics");
	say_ready();
	sleep((unsigned int)seconds);
	close(fd);
}

static const char usage[] =
	"usage: progrun [-n NETNS] [-c CPU] [-x HEX [PACKET OPTIONS]] {-d ID | PIN}\n"
	"       progrun -S SECONDS      keep BPF run-time statistics enabled\n"
	"Without a packet (-x) only describes the program. PIN is a pinned program or link.\n"
	"  -i IFINDEX              interface that the packet comes in by (1)\n"
	"  -s SAMPLES              single runs (20000)\n"
	"  -r REPEAT               runs of the repeated one (1000000)\n"
	"  -f FLOWS                each run on another of so many flows, and no repeated one\n"
	"  -o CLIENT_AT,SERVER_AT  where the packet has the client's and the server's port\n"
	"  -L                      XDP: the frames are live and go where the program sends "
	"them; timed is all of it\n"
	"  -U                      with -L: nobody writes to them, so that one call sends all\n"
	"  -w                      say \"ready\" and wait for a line on stdin before the first "
	"run\n"
	"  -F FIRST, -j STEP       flow of the first run (0), and how far to the next (1)\n";

static struct options options_parse(int argc, char **argv)
{
	struct options opt = {
		.samples = 20000, .repeat = 1000000, .cpu = -1, .ifindex = 1, .step = 1};
	int c;

	while ((c = getopt(argc, argv, "n:x:i:s:r:c:d:S:f:F:j:o:LUw")) != -1) {
		switch (c) {
		case 'n':
			opt.netns = optarg;
			break;
		case 'x':
			opt.packet = optarg;
			break;
		case 'i':
			opt.ifindex = atoi(optarg);
			break;
		case 's':
			opt.samples = atoi(optarg);
			break;
		case 'r':
			opt.repeat = atoi(optarg);
			break;
		case 'c':
			opt.cpu = atoi(optarg);
			break;
		case 'd':
			opt.id = (unsigned int)atoi(optarg);
			break;
		case 'S':
			opt.seconds = atoi(optarg);
			break;
		case 'L':
			opt.live = true;
			break;
		case 'U':
			opt.untouched = true;
			break;
		case 'w':
			opt.wait = true;
			break;
		case 'f':
			opt.flows = strtoul(optarg, NULL, 10);
			break;
		case 'F':
			opt.first = strtoul(optarg, NULL, 10);
			break;
		case 'j':
			opt.step = strtoul(optarg, NULL, 10);
			break;
		case 'o':
			if (sscanf(optarg, "%u,%u", &opt.client_at, &opt.server_at) != 2)
				goto usage;
			break;
		default:
			goto usage;
		}
	}
	opt.pin = argv[optind];
	if ((opt.seconds > 0 || opt.id || opt.pin) && opt.samples > 0 &&
	    opt.samples <= SAMPLES_MAX && opt.repeat > 0 && opt.flows <= FLOW_MAX)
		return opt;
usage:
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct options opt = options_parse(argc, argv);
	struct target t;

	die_with_parent();
	if (opt.cpu >= 0)
		pin_to_cpu(opt.cpu);
	if (opt.netns)
		enter_netns(opt.netns);
	if (opt.seconds) {
		hold_stats(opt.seconds);
		return 0;
	}
	t = target_open(&opt);
	if (opt.wait) {
		say_ready();
		getchar();
	}
	printf("{");
	print_info(&t);
	if (opt.packet)
		measure(&opt, &t);
	puts("}");
	return 0;
}
