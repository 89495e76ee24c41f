/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* JSON to libyaml's events; see yaml_out.h. */
#include "yaml_out.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

static bool emit(yaml_emitter_t *emitter, const json_t *value);

static bool scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *)text, strlen(text),
					    1, 1, style) &&
	       yaml_emitter_emit(emitter, &event);
}

static bool is_plain(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static bool array(yaml_emitter_t *emitter, const json_t *value)
{
	bool flow = is_plain(json_array_get(value, 0));
	yaml_event_t event;
	json_t *item;
	size_t i;

	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						  flow ? YAML_FLOW_SEQUENCE_STYLE
						       : YAML_BLOCK_SEQUENCE_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_array_foreach (value, i, item) {
		if (!emit(emitter, item))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool object(yaml_emitter_t *emitter, const json_t *value)
{
	yaml_event_t event;
	const char *key;
	json_t *item;

	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_object_foreach ((json_t *)value, key, item) {
		if (!scalar(emitter, key, YAML_ANY_SCALAR_STYLE) || !emit(emitter, item))
			return false;
	}
	return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event);
}

static bool emit(yaml_emitter_t *emitter, const json_t *value)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return object(emitter, value);
	case JSON_ARRAY:
		return array(emitter, value);
	case JSON_STRING: /* the reader goes by the schema: 80 and "80" are the same to it */
		return scalar(emitter, json_string_value(value), YAML_ANY_SCALAR_STYLE);
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		return scalar(emitter, number, YAML_PLAIN_SCALAR_STYLE);
	case JSON_TRUE:
		return scalar(emitter, "true", YAML_PLAIN_SCALAR_STYLE);
	case JSON_FALSE:
		return scalar(emitter, "false", YAML_PLAIN_SCALAR_STYLE);
	default:
		return scalar(emitter, "null", YAML_PLAIN_SCALAR_STYLE);
	}
}

int yaml_out(const json_t *value, FILE *out)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	bool ok;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	yaml_emitter_set_output_file(&emitter, out);
	yaml_emitter_set_width(&emitter, 100);
	ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	     yaml_emitter_emit(&emitter, &event) &&
	     yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	     yaml_emitter_emit(&emitter, &event) && emit(&emitter, value) &&
	     yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&emitter, &event) &&
	     yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&emitter, &event);
	ok = ok || emitter.error == YAML_WRITER_ERROR; /* in @out's error indicator */
	yaml_emitter_delete(&emitter);
	return ok ? 0 : -ENOMEM;
}
