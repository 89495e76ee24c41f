/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The programs that test uplinks; see datapath_probe.h. */
#include "datapath_probe.h"

#include <errno.h>
#include <string.h>

#include "probe.skel.h"

/* What the kernel does not take is for a test to report, not for standard error. */
static int load(struct weft_probe *skel, struct weft_probe **out)
{
	int err = weft_probe__load(skel);

	if (err)
		weft_probe__destroy(skel);
	else
		*out = skel;
	return err;
}

int probe_load_look(struct weft_probe **out, int *xdp, int *tc)
{
	struct weft_probe *skel = weft_probe__open();
	int err;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.tc_sends, false);
	err = load(skel, out);
	if (err)
		return err;
	*xdp = bpf_program__fd(skel->progs.xdp_looks);
	*tc = bpf_program__fd(skel->progs.tc_looks);
	return 0;
}

int probe_load_send(__u32 ifindex, struct weft_probe **out, int *tc)
{
	struct weft_probe *skel = weft_probe__open();
	int err;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.xdp_looks, false);
	bpf_program__set_autoload(skel->progs.tc_looks, false);
	skel->bss->probe_ifindex = ifindex;
	err = load(skel, out);
	if (!err)
		*tc = bpf_program__fd(skel->progs.tc_sends);
	return err;
}

struct probe_seen probe_seen(const struct weft_probe *probe)
{
	const volatile struct weft_probe__bss *bss = probe->bss;

	return (struct probe_seen){
		.frames = bss->probe_frames,
		.marked = bss->probe_with,
		.arrived = bss->probe_arrived,
		.bare = bss->probe_bare,
	};
}

void probe_set_header(struct weft_probe *probe, const __u8 header[static PROBE_HEADER_LEN])
{
	_Static_assert(sizeof(probe->bss->probe_header) == PROBE_HEADER_LEN, "header");
	memcpy(probe->bss->probe_header, header, PROBE_HEADER_LEN);
}

void probe_free(struct weft_probe *probe)
{
	weft_probe__destroy(probe);
}
