/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * libcurl, loaded when it is needed: it brings some thirty libraries along, which take 8 ms and 6
 * MB from every process that is linked with it.
 */
#ifndef WEFT_LOADER_K8S_SOURCE_CURL_H
#define WEFT_LOADER_K8S_SOURCE_CURL_H

#include <curl/curl.h>

/* What we call of it. */
#define K8S_CURL_FUNCTIONS(F)                                                                      \
	F(global_init)                                                                             \
	F(easy_init)                                                                               \
	F(easy_setopt)                                                                             \
	F(easy_getinfo)                                                                            \
	F(easy_cleanup)                                                                            \
	F(easy_strerror)                                                                           \
	F(easy_escape)                                                                             \
	F(free)                                                                                    \
	F(multi_init)                                                                              \
	F(multi_setopt)                                                                            \
	F(multi_add_handle)                                                                        \
	F(multi_remove_handle)                                                                     \
	F(multi_socket_action)                                                                     \
	F(multi_assign)                                                                            \
	F(multi_info_read)                                                                         \
	F(multi_cleanup)                                                                           \
	F(slist_append)                                                                            \
	F(slist_free_all)                                                                          \
	F(url)                                                                                     \
	F(url_set)                                                                                 \
	F(url_get)                                                                                 \
	F(url_strerror)                                                                            \
	F(url_cleanup)

/** struct k8s_curl - its functions, without their "curl_". */
struct k8s_curl {
#define F(name) __typeof__(curl_##name) *name;
	K8S_CURL_FUNCTIONS(F)
#undef F
};

/**
 * k8s_curl_load - have it.
 * @why: set to words if that fails, valid until the next call.
 *
 * Return: for good; NULL: it is missing, or too old.
 */
const struct k8s_curl *k8s_curl_load(const char **why);

#endif
