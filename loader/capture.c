/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A capture on a node; see capture.h. */
#include "capture.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "capture_claim.h"
#include "map_io.h"
#include "pins.h"
#include "show.h"
#include "tables.h"
#include "util.h"

#define NS_PER_S 1000000000ULL

/* What all CPUs' buffers take together, and one of them at least and at most; bytes. */
#define BUFFERS_ALL (16u << 20)
#define BUFFER_MIN  (128u << 10)
#define BUFFER_MAX  (1u << 20)
_Static_assert(BUFFER_MIN > 2 * WEFT_CAP_SNAPLEN_MAX, "the largest record fits");

/* A CPU may be this much late with a record that it has stamped. */
#define LATE_NS 20000000ULL

/* struct perf_event_header, then this. */
struct sample {
	struct perf_event_header header;
	__u32 size;
	char data[];
};

struct capture {
	struct claim claim;
	int stat_fd;
	int out_fd;
	struct perf_buffer *buffer;
	struct capture_queue queue;
	__u64 renew_ns;
	struct weft_cap_stat stat; /* at the end */
	bool running;              /* the datapath may write into the buffers */
	int err;                   /* first failure of keep() */
};

static size_t buffer_pages(void)
{
	size_t bytes = BUFFER_MAX, cpus = libbpf_num_possible_cpus();

	while (bytes > BUFFER_MIN && bytes * cpus > BUFFERS_ALL)
		bytes /= 2;
	return bytes / sysconf(_SC_PAGESIZE);
}

static enum bpf_perf_event_ret keep(void *arg, int cpu __attribute__((unused)),
				    struct perf_event_header *event)
{
	const struct sample *sample = (void *)event;
	struct capture *capture = arg;

	/* What was lost, the datapath has counted. */
	if (event->type != PERF_RECORD_SAMPLE)
		return LIBBPF_PERF_EVENT_CONT;
	capture->err = capture_queue_add(&capture->queue, sample->data, sample->size);
	return capture->err ? LIBBPF_PERF_EVENT_ERROR : LIBBPF_PERF_EVENT_CONT;
}

static int make_buffer(struct capture *capture)
{
	size_t pages = buffer_pages();
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.watermark = 1,
		.wakeup_watermark = pages * sysconf(_SC_PAGESIZE) / 4,
	};

	capture->buffer = perf_buffer__new_raw(capture->out_fd, pages, &attr, keep, capture, NULL);
	return capture->buffer ? 0 : -errno;
}

static int zero_stat(const struct capture *capture)
{
	_cleanup_(rows_clear) struct rows rows = {};
	const struct weft_cap_stat nothing = {};
	const __u32 slot = 0;
	int err;

	err = rows_add(&rows, &table_descs[TABLE_CAP_STAT], &slot, &nothing);
	return err ? err : map_remove(capture->stat_fd, &table_descs[TABLE_CAP_STAT], &rows);
}

static int read_stat(const struct capture *capture, struct weft_cap_stat *stat)
{
	_cleanup_(table_clear) struct table table;
	const struct weft_cap_stat *found;
	const __u32 slot = 0;
	int err;

	table_init(&table, &table_descs[TABLE_CAP_STAT]);
	err = map_read(capture->stat_fd, &table);
	if (err)
		return err;
	found = table_get(&table, &slot);
	*stat = found ? *found : (struct weft_cap_stat){};
	return 0;
}

static int open_maps(const struct pins *pins, struct capture *capture,
		     struct capture_problem *problem)
{
	int err;

	problem->map = table_descs[TABLE_CAP_CONF].name;
	err = claim_open(pins, &capture->claim);
	if (err)
		return err;
	problem->map = table_descs[TABLE_CAP_STAT].name;
	err = view_open(pins, &table_descs[TABLE_CAP_STAT], &capture->stat_fd);
	if (err)
		return err;
	problem->map = table_descs[TABLE_CAP_OUT].name;
	return view_open(pins, &table_descs[TABLE_CAP_OUT], &capture->out_fd);
}

/* Locked: so nobody can take over before the buffers are in place. */
static int start(struct capture *capture, const struct capture_want *want)
{
	struct weft_cap_conf conf = {
		.flags = want->drops ? WEFT_CAP_DROPS : 0,
		.interval_ns = want->rate ? NS_PER_S / want->rate : 0,
		.reason = want->reason,
		.network = want->network,
		.port = want->port,
		.sample = want->sample,
		.snaplen = want->snaplen,
	};
	int err;

	err = zero_stat(capture);
	if (!err)
		err = make_buffer(capture);
	if (err)
		return err;
	capture->renew_ns = claim_now() + CLAIM_RENEW_NS;
	conf.until_ns = claim_now() + CLAIM_NS;
	err = claim_write(&capture->claim, &conf);
	if (err)
		perf_buffer__free(capture->buffer);
	else
		capture->running = true;
	return err;
}

int capture_begin(const struct pins *pins, const struct capture_want *want, struct capture **out,
		  struct capture_problem *problem)
{
	_cleanup_(capture_freep) struct capture *capture = calloc(1, sizeof(*capture));
	int err;

	*problem = (struct capture_problem){};
	if (!capture)
		return -ENOMEM;
	capture->stat_fd = capture->out_fd = -1;
	err = open_maps(pins, capture, problem);
	if (err)
		return err;
	err = claim_take(&capture->claim, want->force, &problem->holder);
	if (err)
		return err;
	err = start(capture, want);
	claim_unlock(&capture->claim);
	if (!err)
		*out = TAKE_PTR(capture);
	return err;
}

int capture_fd(const struct capture *capture)
{
	return perf_buffer__epoll_fd(capture->buffer);
}

static int drain(struct capture *capture)
{
	int err;

	err = perf_buffer__consume(capture->buffer);
	return capture->err ? capture->err : err < 0 ? err : 0;
}

/* Reads every CPU's buffer, and hands out what was made up to @until_ns. */
static int consume(struct capture *capture, __u64 until_ns, capture_fn fn, void *arg)
{
	int err;

	err = drain(capture);
	return err ? err : capture_queue_take(&capture->queue, until_ns, fn, arg);
}

static int renew(struct capture *capture, struct capture_problem *problem)
{
	if (claim_now() < capture->renew_ns)
		return 0;
	capture->renew_ns = claim_now() + CLAIM_RENEW_NS;
	return claim_renew(&capture->claim, &problem->holder);
}

int capture_read(struct capture *capture, capture_fn fn, void *arg, struct capture_problem *problem)
{
	int err;

	err = renew(capture, problem);
	return err ? err : consume(capture, claim_now() - LATE_NS, fn, arg);
}

/* Locked, and the datapath is silent but for what is on its way. */
static int collect(struct capture *capture)
{
	const struct timespec late = {.tv_nsec = LATE_NS};
	int err;

	nanosleep(&late, NULL);
	err = drain(capture);
	return err ? err : read_stat(capture, &capture->stat);
}

/*
 * Ends the capture, and keeps what is left of it. The buffers go while the lock is held: libbpf
 * takes them out of the map by CPU, so later it might hit those of the next capture. For the same
 * reason they stay if somebody has taken over already; the kernel takes ours then.
 */
static int stop(struct capture *capture)
{
	struct weft_cap_conf conf;
	int err;

	if (!capture->running)
		return 0;
	capture->running = false;
	err = claim_lock(&capture->claim, &conf);
	if (err)
		return err == -ESTALE ? drain(capture) : err;
	conf = (struct weft_cap_conf){};
	err = claim_write(&capture->claim, &conf);
	if (!err)
		err = collect(capture);
	perf_buffer__free(capture->buffer);
	claim_unlock(&capture->claim);
	return err;
}

int capture_end(struct capture *capture, capture_fn fn, void *arg, struct weft_cap_stat *stat)
{
	int err;

	err = stop(capture);
	if (!err && fn)
		err = capture_queue_take(&capture->queue, ~0ULL, fn, arg);
	*stat = capture->stat;
	return err;
}

void capture_freep(struct capture **capture)
{
	struct capture *c = *capture;

	if (!c)
		return;
	stop(c);
	capture_queue_clear(&c->queue);
	closep(&c->stat_fd);
	closep(&c->out_fd);
	claim_close(&c->claim);
	free(c);
}
