/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the server refuses, in words. See k8s_source_parts.h. */
#include <string.h>

#include "k8s_source_parts.h"
#include "util.h"

void k8s_status_text(const json_t *status, struct k8s_problem *text)
{
	const char *reason = json_string_value(json_object_get(status, "reason"));
	const char *message = json_string_value(json_object_get(status, "message"));

	if (reason && message)
		k8s_complain(text, "%s: %s", reason, message);
	else if (reason || message)
		k8s_complain(text, "%s", reason ?: message);
	else
		text->s[0] = '\0';
}

void k8s_explain_refusal(const struct k8s_resource *r, long status, const char *s, size_t n,
			 struct k8s_problem *why)
{
	struct k8s_problem said, ignored;
	json_auto_t *answer = n ? k8s_parse(s, n, &ignored) : NULL;
	const char *says;

	k8s_status_text(answer, &said);
	says = said.s[0] ? "; it says: " : "";
	if (status == 401)
		k8s_complain(why,
			     "HTTP 401: the server does not know us; the token or the certificate "
			     "is missing, wrong or has expired%s%.200s",
			     says, said.s);
	else if (status == 403)
		k8s_complain(
			why,
			"HTTP 403: the server does not let us; a ClusterRole that we are bound "
			"to has to allow the verbs list and watch on the resource %s of the "
			"API group \"%s\"%s%.200s",
			r->plural, r->group, says, said.s);
	else if (status == 404)
		k8s_complain(why, "HTTP 404: the server has no %s", r->path);
	else if (status >= 300 && status < 400)
		k8s_complain(why, "HTTP %ld: redirects are not followed; name the server itself",
			     status);
	else
		k8s_complain(why, "HTTP %ld%s%.300s", status, says, said.s);
}
