/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What an API server says, without one: lines, lists, events, what is kept of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "k8s_source_feed.h"
#include "k8s_source_parts.h"
#include "util.h"

#define PODS   (&k8s_resources[K8S_POD])
#define SPACES (&k8s_resources[K8S_NAMESPACE])

/* Pieces, joined by "|". */
struct heard {
	char s[1024];
	size_t n;
	int err; /* to be returned */
};

static int hear(void *arg, const char *s, size_t n)
{
	struct heard *h = arg;

	h->n += (size_t)snprintf(h->s + h->n, sizeof(h->s) - h->n, "%s%.*s", h->n ? "|" : "",
				 (int)n, s);
	return h->err;
}

/* @size: of the parts in which the text comes. */
static int split(const char *text, size_t size, struct heard *heard, size_t *rest)
{
	struct k8s_bytes partial = {};
	size_t len = strlen(text);
	int err = 0;

	for (size_t i = 0; i < len && !err; i += size)
		err = k8s_lines_add(&partial, text + i, len - i < size ? len - i : size, hear,
				    heard);
	*rest = partial.n;
	k8s_bytes_clear(&partial);
	return err;
}

static void test_lines(void **state __attribute__((unused)))
{
	static const char text[] = "one\n\ntwo\nthree four\nfi";

	for (size_t size = 1; size <= sizeof(text); size++) {
		struct heard heard = {};
		size_t rest;

		assert_int_equal(split(text, size, &heard, &rest), 0);
		assert_string_equal(heard.s, "one|two|three four");
		assert_int_equal(rest, 2);
	}
}

static void test_lines_end_when_told(void **state __attribute__((unused)))
{
	struct heard heard = {.err = -EBADMSG};
	size_t rest;

	assert_int_equal(split("a\nb\n", 100, &heard, &rest), -EBADMSG);
	assert_string_equal(heard.s, "a");
}

static void test_long_lines(void **state __attribute__((unused)))
{
	_cleanup_free_ char *text = malloc(K8S_OBJECT_MAX + 2);
	struct k8s_bytes partial = {};
	struct heard heard = {};

	memset(text, 'x', K8S_OBJECT_MAX + 1);
	text[K8S_OBJECT_MAX + 1] = '\n';
	assert_int_equal(k8s_lines_add(&partial, text, K8S_OBJECT_MAX + 2, hear, &heard),
			 -EMSGSIZE);
	assert_int_equal(k8s_lines_add(&partial, text, K8S_OBJECT_MAX, hear, &heard), 0);
	assert_int_equal(k8s_lines_add(&partial, text, 1, hear, &heard), -EMSGSIZE);
	assert_string_equal(heard.s, "");
	k8s_bytes_reset(&partial);
	assert_int_equal(partial.room, 0); /* so much is given back */
	assert_int_equal(k8s_lines_add(&partial, text, 10, hear, &heard), 0);
	k8s_bytes_reset(&partial);
	assert_int_not_equal(partial.room, 0);
	k8s_bytes_clear(&partial);
}

/* Return: what is wrong with a list of pods; @heard: its objects. */
static int list(const char *text, size_t size, struct heard *heard, struct k8s_page *page,
		struct k8s_problem *problem)
{
	struct k8s_items items = {};
	size_t len = strlen(text);
	int err = 0;

	for (size_t i = 0; i < len && !err; i += size)
		err = k8s_items_add(&items, text + i, len - i < size ? len - i : size, hear, heard);
	if (!err)
		err = k8s_items_end(&items, PODS, page, problem);
	k8s_items_clear(&items);
	return err;
}

static void test_list(void **state __attribute__((unused)))
{
	static const char text[] =
		"{\"kind\": \"PodList\", \"metadata\": {\"resourceVersion\": \"7\", "
		"\"continue\": \"x\"},\n\"items\": [ {\"a\": [1, {}]}, {\"}]\\\"\": "
		"\"{[\\\\\"},{}\n"
		"], \"z\": 1}\n";

	for (size_t size = 1; size <= sizeof(text); size++) {
		struct k8s_problem problem = {};
		struct heard heard = {};
		struct k8s_page page = {};

		assert_int_equal(list(text, size, &heard, &page, &problem), 0);
		assert_string_equal(heard.s, "{\"a\": [1, {}]}|{\"}]\\\"\": \"{[\\\\\"}|{}");
		assert_string_equal(page.version, "7");
		assert_string_equal(page.next, "x");
		free(page.version);
		free(page.next);
	}
}

#define HEAD "{\"kind\": \"PodList\", \"metadata\": {\"resourceVersion\": \"7\"}"

static void test_other_lists(void **state __attribute__((unused)))
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{HEAD ", \"items\": []}", 0},
		{HEAD ", \"items\": null}", 0},
		{HEAD "}", 0},
		{HEAD ", \"items\": {}}", -EBADMSG},
		{HEAD ", \"items\": 7}", -EBADMSG},
		{HEAD ", \"items\": [7]}", -EBADMSG},
		{HEAD ", \"items\": [[]]}", -EBADMSG},
		{HEAD ", \"items\": [\"{}\"]}", -EBADMSG},
		{HEAD ", \"other\": [{}], \"items\": []}", -EBADMSG},
		{HEAD ", \"other\": [{}]}", -EBADMSG},
		{HEAD ", \"other\": [{}], \"items\": null}", -EBADMSG},
		{HEAD ", \"items\": [", -EBADMSG},
		{HEAD ", \"items\": [{", -EBADMSG},
		{HEAD ", \"items\": []", -EBADMSG},
		{HEAD ", \"items\": []}}", -EBADMSG},
		{"", -EBADMSG},
		{"[]", -EBADMSG},
		{"[{}]", -EBADMSG},
		{"]]]", -EBADMSG},
		{"{\"kind\": \"PodList\", \"items\": []}", -EBADMSG},
		{"{\"kind\": \"Pod\", \"metadata\": {\"resourceVersion\": \"7\"}}", -EBADMSG},
		{"{\"kind\": \"PodLists\", \"metadata\": {\"resourceVersion\": \"7\"}}", -EBADMSG},
		{"{\"kind\": \"NodeList\", \"metadata\": {\"resourceVersion\": \"7\"}}", -EBADMSG},
		{"{\"kind\": \"PodList\", \"metadata\": {\"resourceVersion\": \"\"}}", -EBADMSG},
		{"{\"kind\": \"PodList\", \"metadata\": {\"resourceVersion\": 7}}", -EBADMSG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct k8s_problem problem = {};
		struct heard heard = {};
		struct k8s_page page = {};
		int err = list(cases[i].text, 1 + i, &heard, &page, &problem);

		if (err != cases[i].err || page.next)
			fail_msg("%s: %d %s", cases[i].text, err, problem.s);
		free(page.version);
	}
}

static void test_deep_list(void **state __attribute__((unused)))
{
	char text[2048] = HEAD ", \"items\": [";
	struct k8s_problem problem = {};
	struct heard heard = {};
	struct k8s_page page = {};

	for (int i = 0; i <= K8S_DEPTH_MAX; i++)
		strcat(text, "{\"a\":");
	assert_int_equal(list(text, 7, &heard, &page, &problem), -EBADMSG);
}

/* What is kept of an object, as text without an order; NULL: nothing. */
static json_t *trim(const struct k8s_resource *resource, const char *text,
		    struct k8s_problem *problem)
{
	json_auto_t *object = k8s_parse(text, strlen(text), problem);

	return object ? k8s_trim(resource, object, problem) : NULL;
}

static void test_trimmed(void **state __attribute__((unused)))
{
	static const struct {
		enum k8s_kind kind;
		const char *from, *kept;
	} cases[] = {
		{K8S_NAMESPACE,
		 "{\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"7\",\"labels\":"
		 "{\"a\":\"b\"},\"annotations\":{\"x\":\"\\u0000\"}},\"spec\":{},\"status\":{}}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n\","
		 "\"uid\":\"u\",\"labels\":{\"a\":\"b\"}}}"},
		{K8S_NETWORK_POLICY,
		 "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"labels\":null},"
		 "\"spec\":{\"podSelector\":{},\"ingress\":[{}]},\"status\":{}}",
		 "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":"
		 "{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":{\"podSelector\":{},\"ingress\":"
		 "[{}]}}"},
		{K8S_POD,
		 "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"deletionTimestamp\":\"t\"},"
		 "\"spec\":{\"hostNetwork\":true,\"volumes\":[],\"nodeName\":\"a\",\"containers\":"
		 "[{\"image\":\"i\",\"ports\":[{\"containerPort\":80}]},{\"ports\":[]},{}],"
		 "\"initContainers\":[{\"restartPolicy\":\"Always\",\"ports\":"
		 "[{\"containerPort\":81}]}]},"
		 "\"status\":{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\",\"podIPs\":"
		 "[{\"ip\":\"10.0.0.1\"}],\"hostIP\":\"192.0.2.1\",\"conditions\":[]}}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"n\","
		 "\"namespace\":\"s\",\"deletionTimestamp\":\"t\"},\"spec\":{\"hostNetwork\":true,"
		 "\"nodeName\":\"a\",\"containers\":[{\"ports\":[{\"containerPort\":80}]}],"
		 "\"initContainers\":[{\"restartPolicy\":\"Always\",\"ports\":"
		 "[{\"containerPort\":81}]}]},\"status\":{\"phase\":\"Running\",\"podIP\":"
		 "\"10.0.0.1\",\"podIPs\":[{\"ip\":\"10.0.0.1\"}]}}"},
		{K8S_SERVICE,
		 "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":{\"clusterIP\":"
		 "\"10.0.0.1\",\"selector\":{},\"clusterIPs\":[\"10.0.0.1\"],\"ports\":"
		 "[{\"port\":80}]},\"status\":{\"loadBalancer\":{},\"conditions\":[]}}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"n\","
		 "\"namespace\":\"s\"},\"spec\":{\"clusterIP\":\"10.0.0.1\",\"clusterIPs\":"
		 "[\"10.0.0.1\"],\"ports\":[{\"port\":80}]},\"status\":{\"loadBalancer\":{}}}"},
		{K8S_ENDPOINTS,
		 "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"subsets\":[{\"addresses\":"
		 "[{\"ip\":\"10.0.0.1\",\"nodeName\":\"a\",\"targetRef\":{}}],\"ports\":"
		 "[{\"port\":80}]}]}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"n\","
		 "\"namespace\":\"s\"},\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"}],"
		 "\"notReadyAddresses\":[],\"ports\":[{\"port\":80}]}]}"},
		{K8S_ENDPOINTS, "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"}}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"n\","
		 "\"namespace\":\"s\"},\"subsets\":[]}"},
		{K8S_POD, "{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":null}",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"n\","
		 "\"namespace\":\"s\"},\"spec\":{},\"status\":{}}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct k8s_problem problem = {};
		json_auto_t *kept = trim(&k8s_resources[cases[i].kind], cases[i].from, &problem);
		json_auto_t *right = json_loads(cases[i].kept, 0, NULL);

		assert_non_null(right);
		if (!json_equal(kept, right))
			fail_msg("%zu: %s", i, kept ? json_dumps(kept, 0) : problem.s);
	}
}

static void test_not_trimmed(void **state __attribute__((unused)))
{
	static const struct {
		const char *pod, *problem;
	} cases[] = {
		{"{}", "without metadata.name"},
		{"{\"metadata\":[]}", "without metadata.name"},
		{"{\"metadata\":{\"name\":\"\",\"namespace\":\"s\"}}", "without metadata.name"},
		{"{\"metadata\":{\"name\":7,\"namespace\":\"s\"}}", "name is no string"},
		{"{\"metadata\":{\"name\":\"n\"}}", "without metadata.namespace"},
		{"{\"metadata\":{\"name\":\"a/b\",\"namespace\":\"s\"}}", "metadata.name holds"},
		{"{\"metadata\":{\"name\":\"a\\u0000b\",\"namespace\":\"s\"}}", "metadata.name"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"labels\":[]}}", "no object"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"labels\":{\"a\":1}}}",
		 "label a"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":[]}", "spec"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"status\":7}", "status"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":{\"hostNetwork\":1}}",
		 "hostNetwork is no boolean"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":{\"containers\":{}}}",
		 "containers is no array"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"spec\":{\"containers\":"
		 "[{\"ports\":1}]}}",
		 "ports is no array"},
		{"{\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"},\"metadata\":{}}", "not JSON"},
		{"[", "not JSON"},
		{"[]", "no object"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct k8s_problem problem = {};
		json_auto_t *kept = trim(PODS, cases[i].pod, &problem);

		if (kept || !strstr(problem.s, cases[i].problem))
			fail_msg("%s: %s", cases[i].pod, problem.s);
	}
}

/* A word for each pod, in the order of the array. */
static void names(const struct k8s_store *store, char *out, size_t size)
{
	json_auto_t *array = json_array();
	const json_t *object;
	size_t i, n = 0;

	assert_int_equal(k8s_store_append(store, array), 0);
	*out = '\0';
	json_array_foreach (array, i, object) {
		const json_t *metadata = json_object_get(object, "metadata");

		n += (size_t)snprintf(out + n, size - n, "%s%s/%s", n ? " " : "",
				      json_string_value(json_object_get(metadata, "namespace")),
				      json_string_value(json_object_get(metadata, "name")));
	}
}

static void put(struct k8s_store *store, const char *namespace, const char *name)
{
	struct k8s_problem problem = {};
	char text[256];

	snprintf(text, sizeof(text), "{\"metadata\": {\"name\": \"%s\", \"namespace\": \"%s\"}}",
		 name, namespace);
	assert_int_equal(k8s_apply_item(PODS, store, text, strlen(text), &problem), 0);
}

static void test_order_and_replace(void **state __attribute__((unused)))
{
	struct k8s_store store, next;
	char text[256];

	assert_int_equal(k8s_store_init(&store), 0);
	put(&store, "a-b", "x");
	put(&store, "a", "z");
	put(&store, "a", "b");
	names(&store, text, sizeof(text));
	assert_string_equal(text, "a/b a/z a-b/x");

	assert_int_equal(k8s_store_init(&next), 0);
	put(&next, "a", "b");
	put(&next, "a-b", "x");
	put(&next, "a", "z");
	assert_false(k8s_store_replace(&store, &next));
	assert_null(next.objects);
	assert_int_equal(k8s_store_init(&next), 0);
	put(&next, "a", "b");
	assert_true(k8s_store_replace(&store, &next));
	names(&store, text, sizeof(text));
	assert_string_equal(text, "a/b");
	k8s_store_clear(&store);
	k8s_store_clear(&next);
}

static void test_too_many(void **state __attribute__((unused)))
{
	struct k8s_problem problem = {};
	struct k8s_store store;
	char text[] = "{\"metadata\": {\"name\": \"0\", \"namespace\": \"s\"}}", key[16];

	assert_int_equal(k8s_store_init(&store), 0);
	for (int i = 0; i < K8S_OBJECTS_MAX; i++) {
		snprintf(key, sizeof(key), "s/%d", i);
		assert_int_equal(json_object_set_new(store.objects, key, json_true()), 0);
	}
	assert_int_equal(k8s_apply_item(PODS, &store, text, strlen(text), &problem), 0);
	memcpy(strchr(text, '0'), "x", 1);
	assert_int_equal(k8s_apply_item(PODS, &store, text, strlen(text), &problem), -EBADMSG);
	assert_non_null(strstr(problem.s, "more than 200000 pods"));
	k8s_store_clear(&store);
}

#define EVENT(type, version, rest)                                                                 \
	"{\"type\":\"" type "\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","        \
	"\"namespace\":\"s\",\"resourceVersion\":\"" version "\"}" rest "}}"

static void test_events(void **state __attribute__((unused)))
{
	static const struct {
		const char *line;
		int err;
		bool changed;
		const char *version;
		size_t count;
	} steps[] = {
		{EVENT("MODIFIED", "1", ",\"status\":{\"phase\":\"Pending\"}"), 0, true, "1", 1},
		{EVENT("ADDED", "2", ",\"status\":{\"phase\":\"Pending\"}"), 0, false, "2", 1},
		{EVENT("MODIFIED", "3", ",\"status\":{\"phase\":\"Running\"}"), 0, true, "3", 1},
		{EVENT("MODIFIED", "4", ",\"status\":{\"phase\":\"Running\",\"x\":1}"), 0, false,
		 "4", 1},
		{EVENT("MODIFIED", "5", ",\"status\":1"), -EBADMSG, false, NULL, 1},
		{EVENT("RENAMED", "5", ""), -EBADMSG, false, NULL, 1},
		{EVENT("MODIFIED", "", ""), -EBADMSG, false, NULL, 1},
		{"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":"
		 "{\"resourceVersion\":\"9\"}}}",
		 0, false, "9", 1},
		{"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Node\",\"metadata\":"
		 "{\"resourceVersion\":\"9\"}}}",
		 -EBADMSG, false, NULL, 1},
		{"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}", -EBADMSG,
		 false, NULL, 1},
		{"{\"type\":\"ERROR\",\"object\":7}", -EBADMSG, false, NULL, 1},
		{"{\"type\":7}", -EBADMSG, false, NULL, 1},
		{"{}", -EBADMSG, false, NULL, 1},
		{"", -EBADMSG, false, NULL, 1},
		{EVENT("DELETED", "10", ""), 0, true, "10", 0},
		{EVENT("DELETED", "11", ""), 0, false, "11", 0},
	};
	struct k8s_store store;

	assert_int_equal(k8s_store_init(&store), 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct k8s_problem problem = {};
		struct k8s_effect effect = {};
		int err = k8s_apply_event(PODS, &store, steps[i].line, strlen(steps[i].line),
					  &effect, &problem);

		if (err != steps[i].err || effect.changed != steps[i].changed ||
		    !effect.version != !steps[i].version || !err != !problem.s[0] ||
		    (effect.version && strcmp(effect.version, steps[i].version) != 0) ||
		    k8s_store_count(&store) != steps[i].count)
			fail_msg("step %zu: %d %d %s", i, err, effect.changed, problem.s);
		free(effect.version);
	}
	k8s_store_clear(&store);
}

/* Who has asked for an object keeps it, whatever comes after. */
static void test_objects_stay_as_they_are(void **state __attribute__((unused)))
{
	static const char first[] = EVENT("ADDED", "1", ",\"status\":{\"phase\":\"Pending\"}");
	static const char second[] = EVENT("MODIFIED", "2", ",\"status\":{\"phase\":\"Failed\"}");
	json_auto_t *before = json_array(), *copy = NULL;
	struct k8s_problem problem = {};
	struct k8s_effect effect = {};
	struct k8s_store store;

	assert_int_equal(k8s_store_init(&store), 0);
	k8s_apply_event(PODS, &store, first, strlen(first), &effect, &problem);
	free(effect.version);
	k8s_store_append(&store, before);
	copy = json_deep_copy(before);
	k8s_apply_event(PODS, &store, second, strlen(second), &effect, &problem);
	free(effect.version);
	assert_true(effect.changed);
	k8s_store_clear(&store);
	assert_true(json_equal(before, copy));
}

static void test_refusals(void **state __attribute__((unused)))
{
	static const char body[] = "{\"reason\":\"Forbidden\",\"message\":\"a\\nb\\u00e9\"}";
	static const struct {
		long status;
		const char *body, *says;
	} cases[] = {
		{403, body,
		 "verbs list and watch on the resource namespaces of the API group \"\""},
		{403, body, "Forbidden: a?b??"},
		{401, "", "HTTP 401: the server does not know us"},
		{404, "<html>", "HTTP 404: the server has no /api/v1/namespaces"},
		{307, "", "HTTP 307: redirects are not followed"},
		{500, "{\"message\":\"m\"}", "HTTP 500; it says: m"},
		{502, "[[[", "HTTP 502"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct k8s_problem why = {};

		k8s_explain_refusal(SPACES, cases[i].status, cases[i].body, strlen(cases[i].body),
				    &why);
		if (!strstr(why.s, cases[i].says))
			fail_msg("%zu: %s", i, why.s);
	}
}

static void test_back_off(void **state __attribute__((unused)))
{
	unsigned int least = 0;

	for (unsigned int failures = 1; failures < 40; failures++) {
		unsigned int low = ~0u, high = 0;

		for (unsigned int random = 0; random < 100000; random += 7) {
			unsigned int ms = k8s_retry_ms(failures, random);

			low = ms < low ? ms : low;
			high = ms > high ? ms : high;
		}
		assert_in_range(low, 200, 15000);
		assert_in_range(high, 200, 30000);
		assert_true(low >= least && low < high);
		least = low;
	}
	assert_int_equal(least, 15000);
	assert_in_range(k8s_retry_ms(~0u, ~0u), 15000, 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lines_end_when_told),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_other_lists),
		cmocka_unit_test(test_deep_list),
		cmocka_unit_test(test_trimmed),
		cmocka_unit_test(test_not_trimmed),
		cmocka_unit_test(test_order_and_replace),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_objects_stay_as_they_are),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests_name("k8s_source", tests, NULL, NULL);
}
