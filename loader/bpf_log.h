/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What libbpf and libxdp would print. Both are talkative about what is no fault of ours (libxdp
 * tries its dispatcher, and falls back), so their words are kept, and shown only with a failure.
 */
#ifndef WEFT_LOADER_BPF_LOG_H
#define WEFT_LOADER_BPF_LOG_H

#include <stdio.h>

/** bpf_log_capture - from now on, keep what the libraries say instead of printing it. */
void bpf_log_capture(void);

/** bpf_log_clear - forget what was kept, before a step whose failure is to be explained. */
void bpf_log_clear(void);

/**
 * bpf_log_print - write the last lines of what was kept, each indented; nothing if there are none.
 * A verifier log ends with the reason.
 */
void bpf_log_print(FILE *out);

#endif
