/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The lines that Prometheus reads; see metrics.h. */
#include "metrics.h"

#include <math.h>

void metrics_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_value(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		fputc((unsigned char)*value < ' ' ? '?' : *value, out);
	}
}

void metrics_sample(FILE *out, const char *name, double value, const char *const *labels)
{
	const char *between = "{";

	fputs(name, out);
	for (; *labels; labels += 2) {
		if (!labels[1])
			break;
		fprintf(out, "%s%s=\"", between, labels[0]);
		print_value(out, labels[1]);
		fputc('"', out);
		between = ",";
	}
	if (*between == ',')
		fputc('}', out);
	if (value == floor(value) && fabs(value) < 1e15)
		fprintf(out, " %.0f\n", value);
	else
		fprintf(out, " %.17g\n", value);
}
