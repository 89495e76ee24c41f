/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Does XDP work on an interface? A program that only looks is attached in the driver, and another
 * one at TC where the kernel has links for that (Linux 6.6); neighbours are asked for an answer, so
 * that something comes in. Both go with this process, whatever becomes of it.
 */
#ifndef WEFT_LOADER_OFFLOAD_RX_H
#define WEFT_LOADER_OFFLOAD_RX_H

#include "offload.h"

/**
 * offload_rx - find out. Takes up to some tenths of a second; a driver may restart its queues.
 * @frames: receives how many packets the XDP program saw.
 *
 * Return: RX_UNTESTED if XDP is in use there, or this process has no right to.
 */
enum rx_result offload_rx(const struct iface *iface, __u32 *frames);

#endif
