/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is constant from load to unload. `const volatile`: const places it in .rodata, which is
 * frozen before the program loads, so the verifier knows the values and deletes dead branches;
 * volatile keeps the compiler from knowing them first. What can change while the program runs
 * belongs in a map.
 */
#ifndef WEFT_BPF_CONFIG_H
#define WEFT_BPF_CONFIG_H

#include <weft/abi.h>

const volatile struct weft_prog_config weft_cfg = {};

#endif
