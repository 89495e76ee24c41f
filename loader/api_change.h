/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Changes to the API's documents, for good or on trial; see api.h. */
#ifndef WEFT_LOADER_API_CHANGE_H
#define WEFT_LOADER_API_CHANGE_H

#include <stdbool.h>
#include <jansson.h>

struct api_request;
struct diag;
struct documents_change;
struct outcome;

/**
 * api_change - make a change and answer, now or soon; the request's dry_run and commit_confirmed
 * are observed.
 * @change: may be taken over.
 */
void api_change(const struct api_request *r, struct documents_change **change);

/** api_outcome - the answer to a change that was made, or would be. */
json_t *api_outcome(const struct outcome *out, bool dry_run);

/** api_refuse_outcome - answer that a change could not be made. */
void api_refuse_outcome(const struct api_request *r, const struct outcome *out);

/** api_refuse_change - answer that a change cannot be read. @err: what the decoder returned. */
void api_refuse_change(const struct api_request *r, int err, struct diag *diag);

#endif
