/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A record in words, and as JSON. */
#ifndef WEFT_LOADER_CAPTURE_TEXT_H
#define WEFT_LOADER_CAPTURE_TEXT_H

#include <jansson.h>

#include <weft/capture.h>

#include "capture_words.h"
#include "show.h"

struct capture_names;
struct pcapng_packet;

/** text_port - name of the port or uplink that a packet came in by; or its interface's. */
struct view_name text_port(const struct capture_names *names, const struct weft_cap_rec *rec);

/**
 * text_comment - append what the datapath knew: "network web, port web-1, from_port, dropped:
 * MAC_SPOOFED (the source MAC address is not the sending port's own)".
 */
void text_comment(struct words *words, const struct capture_names *names,
		  const struct weft_cap_rec *rec);

/** text_line - append time, frame and what became of it. @packet: time and frame. */
void text_line(struct words *words, const struct capture_names *names,
	       const struct weft_cap_rec *rec, const struct pcapng_packet *packet);

/** text_json - the same as an object that the caller owns; NULL: no memory. */
json_t *text_json(const struct capture_names *names, const struct weft_cap_rec *rec,
		  const struct pcapng_packet *packet);

#endif
