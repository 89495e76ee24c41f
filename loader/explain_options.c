/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The words of a command line; see explain_options.h. */
#include "explain_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

#define FRAMES_MAX 1000000000UL

/* Decimal digits alone, up to @max, ended by @end. Return: what follows, or NULL. */
static const char *parse_digits(const char *text, unsigned long max, char end, unsigned long *n)
{
	char *rest;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*n = strtoul(text, &rest, 10);
	if (errno || *n > max || *rest != end)
		return NULL;
	return rest;
}

bool explain_parse_number(const char *text, __u32 min, __u32 max, struct explain_number *number)
{
	unsigned long n;

	if (!parse_digits(text, max, '\0', &n) || n < min)
		return false;
	*number = (struct explain_number){.given = true, .v = n};
	return true;
}

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					    : -1;
}

bool explain_parse_mac(const char *text, struct explain_mac *mac)
{
	struct explain_mac parsed = {.given = true};

	for (int i = 0; i < WEFT_ETH_ALEN; i++, text += 3) {
		char end = i < WEFT_ETH_ALEN - 1 ? ':' : '\0';

		if (hex(text[0]) < 0 || hex(text[1]) < 0 || text[2] != end)
			return false;
		parsed.v[i] = hex(text[0]) << 4 | hex(text[1]);
	}
	*mac = parsed;
	return true;
}

bool explain_parse_flags(const char *text, struct explain_number *flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	struct explain_number parsed = {.given = true};
	const char *word = text, *end;
	size_t i;

	if (!strcasecmp(text, "none")) {
		*flags = parsed;
		return true;
	}
	do {
		end = strchrnul(word, ',');
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if ((size_t)(end - word) == strlen(names[i]) &&
			    !strncasecmp(word, names[i], end - word))
				break;
		if (i == ARRAY_SIZE(names))
			return false;
		parsed.v |= 1u << i;
		word = end + 1;
	} while (*end);
	*flags = parsed;
	return true;
}

bool explain_parse_icmp(const char *text, struct explain_number *type, struct explain_number *code)
{
	const char *slash = strchr(text, '/');
	unsigned long t, c = 0;

	if (!parse_digits(text, 255, slash ? '/' : '\0', &t))
		return false;
	if (slash && !parse_digits(slash + 1, 255, '\0', &c))
		return false;
	*type = (struct explain_number){.given = true, .v = t};
	*code = (struct explain_number){.given = slash, .v = c};
	return true;
}

bool explain_parse_pcap(char *text, unsigned long *frame)
{
	char *colon = strrchr(text, ':');
	unsigned long n;

	*frame = 1;
	if (!*text)
		return false;
	if (!colon || !parse_digits(colon + 1, FRAMES_MAX, '\0', &n))
		return true;
	if (!n || colon == text)
		return false;
	*colon = '\0';
	*frame = n;
	return true;
}
