/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is remembered of uplinks, as a JSON document; see offload_state.h. */
#include "offload_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lock.h"
#include "util.h"

#define PATH_SIZE (sizeof(LOCK_DIR "/.uplinks.new") + WEFT_NAME_LEN)

static void json_putp(json_t **json)
{
	json_decref(*json);
}

/* No node has a dot in its name. */
static void state_path(const char *node, const char *suffix, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%.*s.uplinks%s", LOCK_DIR, WEFT_NAME_LEN - 1, node, suffix);
}

/* Tells network namespaces apart while they live. */
static json_int_t this_netns(void)
{
	struct stat st = {};

	stat("/proc/self/ns/net", &st);
	return st.st_ino;
}

/* -- features -- */

static json_t *features_json(__u32 features)
{
	json_t *list = json_array();

	for (int f = 0; f < __NIC_FEATURE_MAX; f++)
		if (features & NIC_BIT(f))
			json_array_append_new(list, json_string(nic_feature_name(f)));
	return list;
}

static __u32 features_of(const json_t *list)
{
	__u32 features = 0;
	json_t *name;
	size_t i;

	json_array_foreach (list, i, name) {
		for (int f = 0; f < __NIC_FEATURE_MAX; f++)
			if (!strcmp(json_string_value(name) ?: "", nic_feature_name(f)))
				features |= NIC_BIT(f);
	}
	return features;
}

/* -- records -- */

static json_t *tests_json(const struct offload_tests *t)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s}", "rx", rx_result_name(t->rx), "rx_frames",
			 t->rx_frames, "tx_plain", tx_result_name(t->tx_plain), "tx_gso",
			 tx_result_name(t->tx_gso), "tx_gso_retry",
			 tx_result_name(t->tx_gso_retry));
}

static int tests_of(json_t *json, struct offload_tests *t)
{
	const char *rx, *plain, *gso, *retry;
	int frames, results[4];

	if (json_unpack(json, "{s:s, s:i, s:s, s:s, s:s}", "rx", &rx, "rx_frames", &frames,
			"tx_plain", &plain, "tx_gso", &gso, "tx_gso_retry", &retry))
		return -EINVAL;
	results[0] = rx_result_of(rx);
	results[1] = tx_result_of(plain);
	results[2] = tx_result_of(gso);
	results[3] = tx_result_of(retry);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i] < 0)
			return -EINVAL;
	t->rx = results[0];
	t->rx_frames = frames;
	t->tx_plain = results[1];
	t->tx_gso = results[2];
	t->tx_gso_retry = results[3];
	return 0;
}

static json_t *choices_json(const struct offload *offload)
{
	json_t *list = json_array();

	for (int what = 0; what < __OFFLOAD_MAX; what++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "mode",
						      offload->choice[what].mode, "asked",
						      offload->choice[what].asked, "why",
						      offload->choice[what].why));
	return list;
}

static int choices_of(const json_t *list, struct offload *offload)
{
	for (int what = 0; what < __OFFLOAD_MAX; what++) {
		struct offload_choice *choice = &offload->choice[what];
		const char *mode, *asked, *why;

		if (json_unpack(json_array_get(list, what), "{s:s, s:s, s:s}", "mode", &mode,
				"asked", &asked, "why", &why))
			return -EINVAL;
		snprintf(choice->mode, sizeof(choice->mode), "%s", mode);
		snprintf(choice->asked, sizeof(choice->asked), "%s", asked);
		snprintf(choice->why, sizeof(choice->why), "%s", why);
	}
	return 0;
}

static json_t *record_json(const struct offload_record *r)
{
	json_t *json = json_pack("{s:s, s:I, s:b, s:o, s:o, s:I, s:I}", "interface", r->interface,
				 "ifindex", (json_int_t)r->ifindex, "xdp_failed",
				 r->tests.xdp_failed, "switched", features_json(r->switched),
				 "was_on", features_json(r->was_on), "meta_lost",
				 (json_int_t)r->meta_lost, "received", (json_int_t)r->received);

	if (json && r->has_tested) {
		json_object_set_new(json, "tests", tests_json(&r->tests));
		json_object_set_new(json, "tested", features_json(r->tested));
		json_object_set_new(json, "mtu", json_integer(r->mtu));
	}
	if (json && r->decided)
		json_object_set_new(json, "choices", choices_json(&r->offload));
	return json;
}

static int record_of(json_t *json, struct offload_record *r)
{
	json_t *switched, *was_on, *tests, *choices;
	json_int_t ifindex, lost, received;
	const char *interface;
	int failed;

	if (json_unpack(json, "{s:s, s:I, s:b, s:o, s:o, s:I, s:I}", "interface", &interface,
			"ifindex", &ifindex, "xdp_failed", &failed, "switched", &switched, "was_on",
			&was_on, "meta_lost", &lost, "received", &received))
		return -EINVAL;
	snprintf(r->interface, sizeof(r->interface), "%s", interface);
	r->ifindex = ifindex;
	r->switched = features_of(switched);
	r->was_on = features_of(was_on);
	r->meta_lost = lost;
	r->received = received;
	tests = json_object_get(json, "tests");
	r->has_tested = tests && !tests_of(tests, &r->tests);
	r->tests.xdp_failed = failed;
	r->tested = features_of(json_object_get(json, "tested"));
	r->mtu = json_integer_value(json_object_get(json, "mtu"));
	choices = json_object_get(json, "choices");
	r->decided = choices && !choices_of(choices, &r->offload);
	return 0;
}

/* -- the file -- */

static void file_closep(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* Not json_loadfd(), which asks the kernel for each byte. */
static json_t *load(const char *node)
{
	_cleanup_(file_closep) FILE *file = NULL;
	_cleanup_close_ int fd = -1;
	char path[PATH_SIZE];

	state_path(node, "", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file)
		return NULL;
	fd = -1; /* is the file's now */
	return json_loadf(file, 0, NULL);
}

int offload_state_read(const char *node, struct offload_state *state)
{
	_cleanup_(json_putp) json_t *doc = load(node);
	json_t *list = json_object_get(doc, "uplinks"), *row;
	size_t i;

	if (json_integer_value(json_object_get(doc, "netns")) != this_netns())
		return 0;
	state->v = calloc(json_array_size(list) + 1, sizeof(*state->v));
	if (!state->v)
		return -ENOMEM;
	json_array_foreach (list, i, row) {
		struct offload_record *r = &state->v[state->n];

		*r = (struct offload_record){};
		state->n += !record_of(row, r);
	}
	return 0;
}

static int store(const char *node, const json_t *doc)
{
	_cleanup_free_ char *text = json_dumps(doc, JSON_INDENT(1));
	char path[PATH_SIZE], fresh[PATH_SIZE];
	_cleanup_close_ int fd = -1;
	ssize_t len;

	if (!text)
		return -ENOMEM;
	if (mkdir(LOCK_DIR, 0700) && errno != EEXIST)
		return -errno;
	state_path(node, "", path);
	state_path(node, ".new", fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	len = strlen(text);
	if (write(fd, text, len) == len && !rename(fresh, path))
		return 0;
	len = errno ? -errno : -EIO;
	unlink(fresh);
	return len;
}

int offload_state_write(const char *node, const struct offload_state *state)
{
	json_t *list = json_array();
	_cleanup_(json_putp) json_t *doc =
		json_pack("{s:I, s:o}", "netns", this_netns(), "uplinks", list);
	_cleanup_(json_putp) json_t *old = load(node);

	if (!doc)
		return -ENOMEM;
	for (size_t i = 0; i < state->n; i++)
		if (json_array_append_new(list, record_json(&state->v[i])))
			return -ENOMEM;
	return old && json_equal(old, doc) ? 0 : store(node, doc);
}

void offload_state_remove(const char *node)
{
	char path[PATH_SIZE];

	state_path(node, ".new", path);
	unlink(path);
	state_path(node, "", path);
	unlink(path);
}

struct offload_record *offload_state_find(const struct offload_state *state, __u32 ifindex)
{
	for (size_t i = 0; i < state->n; i++)
		if (state->v[i].ifindex == ifindex)
			return &state->v[i];
	return NULL;
}

struct offload_record *offload_state_get(struct offload_state *state, const char *interface,
					 __u32 ifindex)
{
	struct offload_record *r = offload_state_find(state, ifindex), *v;

	if (!r) {
		v = reallocarray(state->v, state->n + 1, sizeof(*v));
		if (!v)
			return NULL;
		state->v = v;
		r = &v[state->n++];
		*r = (struct offload_record){.ifindex = ifindex};
	}
	snprintf(r->interface, sizeof(r->interface), "%s", interface);
	return r;
}

void offload_state_clear(struct offload_state *state)
{
	free(state->v);
	*state = (struct offload_state){};
}
