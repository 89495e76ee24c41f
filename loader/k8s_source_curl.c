/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* See k8s_source_curl.h. */
#include "k8s_source_curl.h"

#include <dlfcn.h>
#include <stdbool.h>

#define LIBRARY "libcurl.so.4"

static struct k8s_curl loaded;

static bool find_all(void *library, const char **why)
{
#define F(name)                                                                                    \
	loaded.name = (__typeof__(loaded.name))dlsym(library, "curl_" #name);                      \
	if (!loaded.name) {                                                                        \
		*why = LIBRARY " has no curl_" #name;                                              \
		return false;                                                                      \
	}
	K8S_CURL_FUNCTIONS(F)
#undef F
	return true;
}

const struct k8s_curl *k8s_curl_load(const char **why)
{
	static bool ready;
	void *library;

	if (ready)
		return &loaded;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		*why = dlerror();
		return NULL;
	}
	if (!find_all(library, why))
		return NULL;
	if (loaded.global_init(CURL_GLOBAL_DEFAULT)) {
		*why = "it cannot be set up";
		return NULL;
	}
	ready = true;
	return &loaded;
}
