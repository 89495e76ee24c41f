/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who captures; see capture_claim.h. */
#include "capture_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

#include "map_io.h"
#include "pins.h"
#include "progs.h"
#include "show.h"
#include "tables.h"
#include "util.h"

#define NS_PER_S   1000000000ULL
#define LOCK_TRIES 100 /* 10 ms apart; the lock is held for the time of some system calls */
#define WAIT_TRIES 60  /* 50 ms apart: more than CLAIM_NS in all */

__u64 claim_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void pause_ms(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

static int open_conf(struct claim *claim)
{
	int err;

	err = view_open(claim->pins, &table_descs[TABLE_CAP_CONF], &claim->conf);
	if (err)
		return err;
	claim->conf_id = map_id(claim->conf);
	return claim->conf_id ? 0 : -EIO;
}

int claim_open(const struct pins *pins, struct claim *claim)
{
	int err;

	*claim = (struct claim){.pins = pins, .lock = -1, .conf = -1};
	err = open_conf(claim);
	if (err)
		return err;
	claim->lock = open(pins_path(pins, PINS_MAPS, NULL).s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (claim->lock < 0)
		return -errno;
	while (!claim->owner)
		if (getrandom(&claim->owner, sizeof(claim->owner), 0) < 0)
			return -errno;
	return 0;
}

void claim_close(struct claim *claim)
{
	closep(&claim->lock);
	closep(&claim->conf);
}

static int take_lock(const struct claim *claim)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(claim->lock, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		pause_ms(10);
	}
	return -EBUSY;
}

void claim_unlock(struct claim *claim)
{
	flock(claim->lock, LOCK_UN);
}

static int read_conf(const struct claim *claim, struct weft_cap_conf *conf)
{
	_cleanup_(table_clear) struct table table;
	const struct weft_cap_conf *found;
	const __u32 slot = 0;
	int err;

	table_init(&table, &table_descs[TABLE_CAP_CONF]);
	err = map_read(claim->conf, &table);
	if (err)
		return err;
	found = table_get(&table, &slot);
	*conf = found ? *found : (struct weft_cap_conf){};
	return 0;
}

static int write_conf(const struct claim *claim, const struct weft_cap_conf *conf)
{
	_cleanup_(rows_clear) struct rows rows = {};
	const __u32 slot = 0;
	int err;

	err = rows_add(&rows, &table_descs[TABLE_CAP_CONF], &slot, conf);
	return err ? err : map_put(claim->conf, &table_descs[TABLE_CAP_CONF], &rows);
}

int claim_write(const struct claim *claim, struct weft_cap_conf *conf)
{
	conf->owner = claim->owner;
	conf->pid = getpid();
	return write_conf(claim, conf);
}

/* Return: 0, locked, if nobody captures; -EAGAIN, not locked, if @conf's owner seems to. */
static int try_take(struct claim *claim, bool force, struct weft_cap_conf *conf)
{
	int err;

	err = take_lock(claim);
	if (err)
		return err;
	err = read_conf(claim, conf);
	if (!err && !force && conf->until_ns > claim_now())
		err = -EAGAIN;
	if (err)
		claim_unlock(claim);
	return err;
}

int claim_take(struct claim *claim, bool force, pid_t *holder)
{
	struct weft_cap_conf first = {}, now = {};
	int err;

	err = try_take(claim, force, &first);
	for (int i = 0; i < WAIT_TRIES && err == -EAGAIN; i++) {
		pause_ms(50);
		err = try_take(claim, force, &now);
		if (err == -EAGAIN && (now.owner != first.owner || now.until_ns != first.until_ns))
			break;
	}
	if (err != -EAGAIN)
		return err;
	*holder = first.pid;
	return -EBUSY;
}

/* The pin of a node that was taken down is gone, or is another map's by now. */
static int check_pin(const struct claim *claim)
{
	_cleanup_close_ int fd = -1;
	int err;

	err = pins_open(claim->pins, PINS_MAPS, table_descs[TABLE_CAP_CONF].name, &fd);
	if (err)
		return err;
	return map_id(fd) == claim->conf_id ? 0 : -ENOENT;
}

int claim_lock(struct claim *claim, struct weft_cap_conf *conf)
{
	int err;

	err = take_lock(claim);
	if (err)
		return err;
	err = read_conf(claim, conf);
	if (!err && conf->owner != claim->owner)
		err = -ESTALE;
	if (err)
		claim_unlock(claim);
	return err;
}

int claim_renew(struct claim *claim, pid_t *holder)
{
	struct weft_cap_conf conf = {};
	int err;

	err = check_pin(claim);
	if (!err)
		err = claim_lock(claim, &conf);
	if (err == -ESTALE)
		*holder = conf.pid;
	if (err)
		return err;
	conf.until_ns = claim_now() + CLAIM_NS;
	err = write_conf(claim, &conf);
	claim_unlock(claim);
	return err;
}
