/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a capture writes; see capture_out.h. */
#include "capture_out.h"

#include <errno.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "capture_names.h"
#include "capture_text.h"
#include "util.h"

#define NS_PER_S 1000000000ULL
#define TAG_LEN  4
#define MACS_LEN (2 * WEFT_ETH_ALEN)

/** struct interface - what an interface of the file is known by: ids are given out again. */
struct interface {
	char name[WEFT_NAME_LEN];
	__u32 port;
};

static __u64 read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void set_clock(struct capture_out *out)
{
	out->to_wall_ns = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

int capture_out_begin(struct capture_out *out)
{
	char os[2 * sizeof(((struct utsname *)0)->release)];
	struct pcapng_section section = {
		.os = os,
		.application = "weft " WEFT_VERSION,
		.comment = out->filter,
	};
	struct utsname name;

	set_clock(out);
	out->frame = malloc(WEFT_CAP_SNAPLEN_MAX + TAG_LEN);
	if (!out->frame)
		return -ENOMEM;
	if (out->format != CAPTURE_PCAPNG)
		return 0;
	if (uname(&name))
		return -errno;
	snprintf(os, sizeof(os), "%s %s", name.sysname, name.release);
	return pcapng_begin(&out->pcapng, out->stream, &section);
}

/* A frame's bytes, its VLAN tag back where it was. Return: how many there are; @len: the frame's.
 */
static __u32 restore_frame(struct capture_out *out, const struct weft_cap_rec *rec,
			   const __u8 *frame, __u32 *len)
{
	const __u8 tag[TAG_LEN] = {rec->vlan >> 24, rec->vlan >> 16, rec->vlan >> 8, rec->vlan};
	__u32 cap_len = rec->cap_len;

	if (cap_len > WEFT_CAP_SNAPLEN_MAX)
		cap_len = WEFT_CAP_SNAPLEN_MAX;
	frame += rec->offset;
	*len = rec->len;
	if (!rec->vlan || cap_len < MACS_LEN) {
		memcpy(out->frame, frame, cap_len);
		return cap_len;
	}
	memcpy(out->frame, frame, MACS_LEN);
	memcpy(out->frame + MACS_LEN, tag, TAG_LEN);
	memcpy(out->frame + MACS_LEN + TAG_LEN, frame + MACS_LEN, cap_len - MACS_LEN);
	*len += TAG_LEN;
	return cap_len + TAG_LEN;
}

static int describe_interface(struct capture_out *out, const struct interface *key,
			      const struct weft_cap_rec *rec)
{
	const struct weft_port_info *info = view_port_info(&out->names->view, key->port);
	char interface[IF_NAMESIZE] = "", text[WEFT_IFNAME_LEN + 32];
	struct pcapng_interface describe = {
		.name = key->name,
		.filter = out->filter,
		.snaplen = out->snaplen + TAG_LEN,
	};
	__u32 id;

	if (info)
		snprintf(interface, sizeof(interface), "%s", info->interface);
	else
		if_indextoname(rec->ifindex, interface);
	snprintf(text, sizeof(text), "%s, interface %u", interface, rec->ifindex);
	describe.description = interface[0] ? text : NULL;
	return pcapng_interface(&out->pcapng, &describe, &id);
}

/* The number of the interface in the file, which is told of it when it is met first. */
static int find_interface(struct capture_out *out, const struct weft_cap_rec *rec, __u32 *id)
{
	struct interface key = {.port = rec->port};
	size_t number;
	int err;

	snprintf(key.name, sizeof(key.name), "%s", text_port(out->names, rec).s);
	err = set_add(&out->interfaces, &key, sizeof(key), out->pcapng.interfaces, &number);
	if (err == -EEXIST) {
		*id = number;
		return 0;
	}
	*id = out->pcapng.interfaces;
	return err ? err : describe_interface(out, &key, rec);
}

static int write_pcapng(struct capture_out *out, const struct weft_cap_rec *rec,
			struct pcapng_packet *packet)
{
	struct words comment = {};
	int err;

	text_comment(&comment, out->names, rec);
	packet->comment = comment.s;
	packet->dropped = rec->unsaid;
	if (rec->hook == WEFT_CAP_XDP) {
		packet->verdict_by = PCAPNG_VERDICT_XDP;
		packet->verdict = rec->verdict == WEFT_CAP_DROPPED ? XDP_DROP : XDP_PASS;
	} else {
		packet->verdict_by = PCAPNG_VERDICT_TC;
		packet->verdict = rec->verdict == WEFT_CAP_DROPPED ? TC_ACT_SHOT : TC_ACT_REDIRECT;
	}
	err = find_interface(out, rec, &packet->interface);
	if (!err)
		err = pcapng_packet(&out->pcapng, packet);
	packet->comment = NULL; /* it ends here */
	return err;
}

static int write_text(struct capture_out *out, const struct weft_cap_rec *rec,
		      const struct pcapng_packet *packet)
{
	struct words line = {};

	text_line(&line, out->names, rec, packet);
	errno = 0;
	if (fputs(line.s, out->stream) < 0 || putc('\n', out->stream) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int write_json(struct capture_out *out, const struct weft_cap_rec *rec,
		      const struct pcapng_packet *packet)
{
	json_t *object = text_json(out->names, rec, packet);
	int err;

	if (!object)
		return -ENOMEM;
	errno = 0;
	err = json_dumpf(object, out->stream, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(object);
	if (err || putc('\n', out->stream) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int capture_out_record(void *arg, const struct weft_cap_rec *rec, const __u8 *frame)
{
	struct capture_out *out = arg;
	struct pcapng_packet packet = {
		.time_ns = rec->time_ns + out->to_wall_ns,
		.bytes = out->frame,
	};
	int err;

	if (out->limit && out->written == out->limit)
		return -ECANCELED;
	packet.cap_len = restore_frame(out, rec, frame, &packet.len);
	switch (out->format) {
	case CAPTURE_PCAPNG:
		err = write_pcapng(out, rec, &packet);
		break;
	case CAPTURE_JSON:
		err = write_json(out, rec, &packet);
		break;
	default:
		err = write_text(out, rec, &packet);
	}
	if (err) {
		out->err = err;
		return err;
	}
	out->written++;
	return out->limit && out->written == out->limit ? -ECANCELED : 0;
}

int capture_out_flush(struct capture_out *out)
{
	set_clock(out);
	errno = 0;
	if (fflush(out->stream) || ferror(out->stream))
		out->err = errno ? -errno : -EIO;
	return out->err;
}

void capture_out_clear(struct capture_out *out)
{
	pcapng_clear(&out->pcapng);
	set_clear(&out->interfaces);
	free(out->frame);
	out->frame = NULL;
}
