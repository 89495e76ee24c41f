/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The words of libbpf and libxdp; see bpf_log.h. */
#include "bpf_log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#define KEPT_BYTES  8192
#define SHOWN_LINES 24

/* One message may be a whole verifier log: only its end is of interest. */
static char kept[KEPT_BYTES];
static size_t kept_len;

static void keep(const char *text, size_t len)
{
	if (len > sizeof(kept)) {
		text += len - sizeof(kept);
		len = sizeof(kept);
	}
	if (kept_len + len > sizeof(kept)) {
		size_t drop = kept_len + len - sizeof(kept);

		memmove(kept, kept + drop, kept_len - drop);
		kept_len -= drop;
	}
	memcpy(kept + kept_len, text, len);
	kept_len += len;
}

static int keep_message(const char *format, va_list args)
{
	char *text;
	int len = vasprintf(&text, format, args);

	if (len < 0)
		return 0;
	/* libxdp's own objects have it, and libbpf remarks on it every time. */
	if (!strstr(text, "skipping unrecognized data section"))
		keep(text, len);
	free(text);
	return 0;
}

static int from_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : keep_message(format, args);
}

static int from_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	return level == LIBXDP_DEBUG ? 0 : keep_message(format, args);
}

void bpf_log_capture(void)
{
	libbpf_set_print(from_libbpf);
	libxdp_set_print(from_libxdp);
}

void bpf_log_clear(void)
{
	kept_len = 0;
}

void bpf_log_print(FILE *out)
{
	size_t start = kept_len, lines = 0;

	while (start && lines <= SHOWN_LINES)
		if (kept[--start] == '\n' && start + 1 < kept_len)
			lines++;
	if (lines > SHOWN_LINES)
		start++;
	for (size_t i = start, end; i < kept_len; i = end + 1) {
		for (end = i; end < kept_len && kept[end] != '\n';)
			end++;
		fprintf(out, "    %.*s\n", (int)(end - i), kept + i);
	}
}
