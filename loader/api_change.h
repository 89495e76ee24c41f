/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Changes to the API's documents, for good or on trial; see api.h. */
#ifndef WEFT_LOADER_API_CHANGE_H
#define WEFT_LOADER_API_CHANGE_H

struct api_request;
struct diag;
struct documents_change;

/**
 * api_change - make a change and answer; the request's dry_run and commit_confirmed are observed.
 * @change: what is put leaves it.
 */
void api_change(const struct api_request *r, struct documents_change *change);

/** api_refuse_change - answer that a change cannot be read. @err: what the decoder returned. */
void api_refuse_change(const struct api_request *r, int err, struct diag *diag);

#endif
