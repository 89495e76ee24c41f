/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * putflows MAPS: puts made-up flows, rules and counts into a node's pinned maps, so that what shows
 * them can be tested without any traffic.
 *
 * A line of standard input is an entry, made of words; what is not said is 0.
 *
 *	clear                          remove all flows and rules
 *	clock tick_ns=4000000 timeout=60000
 *	flow table=weft_flows_new network=1 proto=6 from=10.1.1.1 from_port=1000 to=10.1.2.1
 *	     to_port=443 state=1 flags=1 idle=2000 age=5000 egress=3 ingress=4 from_at=local:7
 *	     to_at=tunnel:1 sent=10,840 got=9,720 policy=1 forwarding=1 loose asks
 *	rule id=1 policy=web-in index=0 line=3 direction=0 action=1
 *	hits id=1 cpu=0 packets=10 bytes=840 hits=2 ago=5000
 *
 * "clock" comes first: how long a tick is, and for how long flows last, whatever their state. It
 *also says that this is tick 1,000,000. Times are in milliseconds. "policy" and "forwarding" of a
 *flow are the generations that decided on it, by default those in force. "asks": the side that
 *opens the flow is an ICMP query's asker.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/bpf.h>

#include <weft/abi.h>
#include <weft/flow.h>
#include <weft/policy.h>

#define WORDS_MAX 32
#define CPUS_MAX  256
#define NOW_TICKS 1000000

static const char *maps_dir;
static __u64 now_ns;
static struct weft_flow_conf conf;
static struct weft_generation generation;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "putflows: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int open_map(const char *name)
{
	union bpf_attr attr = {};
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", maps_dir, name);
	attr.pathname = (__u64)(unsigned long)path;
	fd = sys_bpf(BPF_OBJ_GET, &attr);
	if (fd < 0)
		die(path);
	return fd;
}

static void map_elem(int cmd, int fd, const void *key, void *value)
{
	union bpf_attr attr = {
		.map_fd = fd,
		.key = (__u64)(unsigned long)key,
		.value = (__u64)(unsigned long)value,
	};

	if (sys_bpf(cmd, &attr))
		die(cmd == BPF_MAP_UPDATE_ELEM ? "update" : "look up");
}

static void access_one(int cmd, const char *map, __u32 key, void *value)
{
	int fd = open_map(map);

	map_elem(cmd, fd, &key, value);
	close(fd);
}

/** struct line - the words of a line. */
struct line {
	char *word[WORDS_MAX];
	int n;
};

static const char *text(const struct line *line, const char *key)
{
	size_t len = strlen(key);

	for (int i = 1; i < line->n; i++)
		if (!strncmp(line->word[i], key, len) && line->word[i][len] == '=')
			return line->word[i] + len + 1;
	return NULL;
}

static __u64 number(const struct line *line, const char *key)
{
	const char *value = text(line, key);

	return value ? strtoull(value, NULL, 0) : 0;
}

static int has(const struct line *line, const char *word)
{
	for (int i = 1; i < line->n; i++)
		if (!strcmp(line->word[i], word))
			return 1;
	return 0;
}

static void parse_addr(const char *value, struct weft_addr *addr)
{
	*addr = (struct weft_addr){.bytes = {[10] = 0xff, [11] = 0xff}};
	if (value && inet_pton(AF_INET, value, &addr->words[3]) != 1 &&
	    inet_pton(AF_INET6, value, addr) != 1)
		die(value);
}

static void parse_hop(const char *value, struct weft_hop *hop)
{
	const char *id = value ? strchr(value, ':') : NULL;

	if (!value)
		return;
	if (!strncmp(value, "local:", 6))
		*hop = (struct weft_hop){.kind = WEFT_HOP_LOCAL, .port = atoi(id + 1)};
	else if (!strncmp(value, "tunnel:", 7))
		*hop = (struct weft_hop){.kind = WEFT_HOP_TUNNEL, .target = atoi(id + 1)};
	else if (!strcmp(value, "flood"))
		hop->kind = WEFT_HOP_FLOOD;
	else
		die(value);
}

static void parse_count(const char *value, struct weft_count *count)
{
	if (value && sscanf(value, "%llu,%llu", &count->packets, &count->bytes) != 2)
		die(value);
}

static __u64 ago_ns(const struct line *line, const char *key)
{
	return now_ns - number(line, key) * 1000000;
}

static void remove_elem(int fd, const void *key)
{
	union bpf_attr attr = {.map_fd = fd, .key = (__u64)(unsigned long)key};

	if (sys_bpf(BPF_MAP_DELETE_ELEM, &attr))
		die("remove");
}

/* The key behind @prev, or the first one, into @key. Return: 0 if there is none. */
static int next_key(int fd, const void *prev, void *key)
{
	union bpf_attr attr = {
		.map_fd = fd,
		.key = (__u64)(unsigned long)prev,
		.next_key = (__u64)(unsigned long)key,
	};

	return !sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}

static void clear_flows(const char *map)
{
	struct weft_flow_key key, next;
	int fd = open_map(map), more = next_key(fd, NULL, &key);

	while (more) {
		more = next_key(fd, &key, &next);
		remove_elem(fd, &key);
		key = next;
	}
	close(fd);
}

static void clear_rules(void)
{
	static struct weft_rule_stat nothing[CPUS_MAX];
	int fd = open_map("weft_rule_info");
	__u32 id;

	while (next_key(fd, NULL, &id)) {
		access_one(BPF_MAP_UPDATE_ELEM, "weft_rule_stat", id, nothing);
		remove_elem(fd, &id);
	}
	close(fd);
}

static void clear(void)
{
	clear_flows("weft_flows");
	clear_flows("weft_flows_new");
	clear_flows("weft_flows_over");
	clear_rules();
}

static void put_flow(const struct line *line)
{
	static char last[64];
	static int fd = -1;
	struct weft_addr from, to;
	__be16 from_port = htons(number(line, "from_port")),
	       to_port = htons(number(line, "to_port"));
	struct weft_flow_entry entry = {}; /* begins with what the other tables hold */
	struct weft_flow *flow = &entry.flow;
	struct weft_flow_key key = {};
	const char *table = text(line, "table") ?: "weft_flows";
	int side;

	parse_addr(text(line, "from"), &from);
	parse_addr(text(line, "to"), &to);
	side = weft_flow_side(&from, &to, from_port, to_port);
	key.addr[side] = from;
	key.addr[!side] = to;
	key.port[side] = from_port;
	key.port[!side] = to_port;
	key.network = number(line, "network");
	key.proto = number(line, "proto");
	key.asker = has(line, "asks") ? side : 0;

	flow->decided = generation;
	if (text(line, "policy"))
		flow->decided.policy = number(line, "policy");
	if (text(line, "forwarding"))
		flow->decided.forwarding = number(line, "forwarding");
	parse_hop(text(line, "from_at"), &flow->hop[side]);
	parse_hop(text(line, "to_at"), &flow->hop[!side]);
	flow->seen = NOW_TICKS - number(line, "idle") * 1000000 / conf.tick_ns;
	flow->state = number(line, "state");
	flow->flags = number(line, "flags");
	flow->origin = side;
	flow->rule[WEFT_POL_EGRESS] = number(line, "egress");
	flow->rule[WEFT_POL_INGRESS] = number(line, "ingress");
	flow->tcp_flags[!side] = has(line, "loose") ? WEFT_TCP_LOOSE : 0;
	parse_count(text(line, "sent"), &flow->count[side]);
	parse_count(text(line, "got"), &flow->count[!side]);
	flow->created_ns = ago_ns(line, "age");

	if (strcmp(table, last) != 0) {
		close(fd);
		fd = open_map(table);
		snprintf(last, sizeof(last), "%s", table);
	}
	map_elem(BPF_MAP_UPDATE_ELEM, fd, &key, &entry);
}

static void put_rule(const struct line *line)
{
	struct weft_rule_info info = {
		.index = number(line, "index"),
		.line = number(line, "line"),
		.direction = number(line, "direction"),
		.action = number(line, "action"),
	};

	snprintf(info.policy, sizeof(info.policy), "%s", text(line, "policy") ?: "");
	access_one(BPF_MAP_UPDATE_ELEM, "weft_rule_info", number(line, "id"), &info);
}

static void put_hits(const struct line *line)
{
	struct weft_rule_stat stat[CPUS_MAX];
	__u32 id = number(line, "id"), cpu = number(line, "cpu");

	access_one(BPF_MAP_LOOKUP_ELEM, "weft_rule_stat", id, stat);
	stat[cpu] = (struct weft_rule_stat){
		.count = {.packets = number(line, "packets"), .bytes = number(line, "bytes")},
		.hits = number(line, "hits"),
		.last_hit_ns = ago_ns(line, "ago"),
	};
	access_one(BPF_MAP_UPDATE_ELEM, "weft_rule_stat", id, stat);
}

static void put_clock(const struct line *line)
{
	struct weft_flow_clock clock = {.ns = now_ns, .ticks = NOW_TICKS};

	conf.tick_ns = number(line, "tick_ns");
	for (int i = 0; i < __WEFT_FLOW_STATE_MAX; i++)
		conf.timeout_ms[i] = number(line, "timeout");
	access_one(BPF_MAP_UPDATE_ELEM, "weft_flow_conf", 0, &conf);
	access_one(BPF_MAP_UPDATE_ELEM, "weft_flow_clock", 0, &clock);
}

static void put_line(const struct line *line)
{
	if (!line->n)
		return;
	if (!strcmp(line->word[0], "flow")) {
		put_flow(line);
	} else if (!strcmp(line->word[0], "rule")) {
		put_rule(line);
	} else if (!strcmp(line->word[0], "hits")) {
		put_hits(line);
	} else if (!strcmp(line->word[0], "clock")) {
		put_clock(line);
	} else if (!strcmp(line->word[0], "clear")) {
		clear();
	} else {
		die(line->word[0]);
	}
}

int main(int argc, char **argv)
{
	struct timespec now;
	char buffer[1024], *word, *rest;

	if (argc != 2)
		return 2;
	maps_dir = argv[1];
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	access_one(BPF_MAP_LOOKUP_ELEM, "weft_flow_conf", 0, &conf);
	access_one(BPF_MAP_LOOKUP_ELEM, "weft_generation", 0, &generation);
	while (fgets(buffer, sizeof(buffer), stdin)) {
		struct line line = {};

		for (rest = buffer; line.n < WORDS_MAX && (word = strsep(&rest, " \n"));)
			if (*word)
				line.word[line.n++] = word;
		put_line(&line);
	}
	return 0;
}
