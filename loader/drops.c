/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Drop reasons as text; see drops.h. */
#include "drops.h"

#include <weft/drop.h>

#define REASON(name, meaning) [WEFT_DROP_##name] = {#name, meaning},

static const struct {
	const char *name;
	const char *meaning;
} reasons[__WEFT_DROP_MAX] = {WEFT_DROP_REASONS(REASON)};

const char *drops_name(unsigned int reason)
{
	return reason < __WEFT_DROP_MAX ? reasons[reason].name : NULL;
}

const char *drops_meaning(unsigned int reason)
{
	return reason < __WEFT_DROP_MAX ? reasons[reason].meaning : NULL;
}

void drops_markdown(FILE *out)
{
	unsigned int i;

	fputs("<!-- Made by `weft show drops --reasons --markdown` from include/weft/drop.h; "
	      "`make test` compares. -->\n"
	      "# Drop reasons\n\n"
	      "weft drops no packet without a reason. Each drop is counted, in packets and bytes, "
	      "under the port or uplink that the\n"
	      "packet came in by: `weft show drops` prints what was counted, [`weft_drops`]"
	      "(maps.md#weft_drops) is the table behind it.\n"
	      "What is not weft's to judge is not dropped but left to the host, and is in no "
	      "counter.\n\n"
	      "A reason keeps its number and its name for good; new ones are added at the end. "
	      "Where the Linux kernel has a word for\n"
	      "the same thing (`enum skb_drop_reason`), it is the kernel's.\n\n"
	      "| Number | Reason | Meaning |\n"
	      "| ---: | --- | --- |\n",
	      out);
	for (i = 0; i < __WEFT_DROP_MAX; i++)
		if (reasons[i].name)
			fprintf(out, "| %u | `%s` | %s |\n", i, reasons[i].name,
				reasons[i].meaning);
}
