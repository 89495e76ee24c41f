/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* YAML events to a document; see compose.h. */
#include "compose.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "diag.h"
#include "set.h"
#include "util.h"

/* A collection whose end has not come yet. */
struct frame {
	int node;
	int key; /* of a mapping: the key that waits for its value, or 0 */
};

struct composer {
	yaml_parser_t parser;
	yaml_document_t *document;
	struct diag *diag;
	const char *text;
	size_t len;
	struct set anchors; /* anchor -> node */
	struct frame stack[COMPOSE_MAX_DEPTH];
	size_t depth;
	bool complete;   /* the document has ended */
	compose_fn each; /* NULL: there is to be one document */
	void *arg;
};

static const char *chars(const yaml_char_t *s)
{
	return (const char *)s;
}

static struct diag_at at_mark(yaml_mark_t mark)
{
	return diag_at(mark.line + 1, mark.column + 1, "%s", "");
}

/* libyaml gives no mark for bytes that are not even characters, only their offset. */
static struct diag_at at_offset(const struct composer *c, size_t offset)
{
	int line = 1, column = 1;
	size_t i;

	for (i = 0; i < offset && i < c->len; i++) {
		if (c->text[i] == '\n') {
			line++;
			column = 1;
		} else if ((c->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return diag_at(line, column, "%s", "");
}

/* What libyaml's terse words mean for the one who typed the file. */
static const char *explain(const struct composer *c)
{
	const yaml_parser_t *p = &c->parser;
	size_t at = p->problem_mark.index;

	if (at < c->len && c->text[at] == '\t')
		return "a tab cannot indent in YAML; use spaces";
	if (!strcmp(p->problem, "mapping values are not allowed in this context"))
		return "look for a missing quote, or a key that is indented differently from its "
		       "neighbours";
	if (!strcmp(p->problem, "did not find expected key") ||
	    !strcmp(p->problem, "did not find expected '-' indicator"))
		return "look at the indentation here and in the lines above";
	if (!strcmp(p->problem, "could not find expected ':'"))
		return "a key is followed by \": \"";
	return NULL;
}

static int syntax_error(struct composer *c)
{
	const yaml_parser_t *p = &c->parser;
	const char *hint;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR) {
		diag_error(c->diag, at_offset(c, p->problem_offset), "not text: %s", p->problem);
		diag_hint(c->diag, "save the file as UTF-8");
		return -EINVAL;
	}

	diag_error(c->diag, at_mark(p->problem_mark), "not YAML: %s%s%s", p->problem,
		   p->context ? " " : "", p->context ? p->context : "");
	hint = explain(c);
	if (hint)
		diag_hint(c->diag, "%s", hint);
	else if (p->context && p->context_mark.line < p->problem_mark.line)
		diag_hint(c->diag, "that began in line %zu", p->context_mark.line + 1);
	return -EINVAL;
}

/* Put a finished or opened node where the innermost open collection wants it. */
static int attach(struct composer *c, int node)
{
	struct frame *frame;
	int ok = 1;

	if (!c->depth)
		return 0; /* the first node of a document is its root */

	frame = &c->stack[c->depth - 1];
	if (yaml_document_get_node(c->document, frame->node)->type == YAML_SEQUENCE_NODE) {
		ok = yaml_document_append_sequence_item(c->document, frame->node, node);
	} else if (!frame->key) {
		frame->key = node;
	} else {
		ok = yaml_document_append_mapping_pair(c->document, frame->node, frame->key, node);
		frame->key = 0;
	}
	return ok ? 0 : -ENOMEM;
}

static int name_anchor(struct composer *c, const yaml_event_t *event, const yaml_char_t *anchor,
		       int node)
{
	int err;

	if (!anchor)
		return 0;
	err = set_add(&c->anchors, anchor, strlen(chars(anchor)), node, NULL);
	if (err == -EEXIST) {
		diag_error(c->diag, at_mark(event->start_mark), "the anchor %s is already in use",
			   diag_quote(chars(anchor)).s);
		diag_hint(c->diag, "give each anchor a name of its own");
		return 0;
	}
	return err;
}

static void refuse_tag(struct composer *c, const yaml_event_t *event, const yaml_char_t *tag)
{
	if (!tag)
		return;
	diag_error(c->diag, at_mark(event->start_mark), "the tag %s has no meaning here",
		   diag_quote(chars(tag)).s);
	diag_hint(c->diag, "leave it out");
}

/* A node has come: register it under its parent and its anchor. */
static int add_node(struct composer *c, const yaml_event_t *event, const yaml_char_t *anchor,
		    const yaml_char_t *tag, int node)
{
	yaml_node_t *added;
	int err;

	if (!node)
		return -ENOMEM;
	added = yaml_document_get_node(c->document, node);
	added->start_mark = event->start_mark;
	added->end_mark = event->end_mark;
	refuse_tag(c, event, tag);

	err = name_anchor(c, event, anchor, node);
	if (err)
		return err;
	return attach(c, node);
}

static int open_collection(struct composer *c, const yaml_event_t *event, int node)
{
	if (c->depth == COMPOSE_MAX_DEPTH) {
		diag_error(c->diag, at_mark(event->start_mark), "nested more than %d levels deep",
			   COMPOSE_MAX_DEPTH);
		return -EINVAL;
	}
	c->stack[c->depth++] = (struct frame){.node = node};
	return 0;
}

static int add_scalar(struct composer *c, const yaml_event_t *event)
{
	int node = yaml_document_add_scalar(c->document, NULL, event->data.scalar.value,
					    event->data.scalar.length, event->data.scalar.style);

	return add_node(c, event, event->data.scalar.anchor, event->data.scalar.tag, node);
}

static int add_sequence(struct composer *c, const yaml_event_t *event)
{
	int node = yaml_document_add_sequence(c->document, NULL, event->data.sequence_start.style);
	int err = add_node(c, event, event->data.sequence_start.anchor,
			   event->data.sequence_start.tag, node);

	return err ? err : open_collection(c, event, node);
}

static int add_mapping(struct composer *c, const yaml_event_t *event)
{
	int node = yaml_document_add_mapping(c->document, NULL, event->data.mapping_start.style);
	int err = add_node(c, event, event->data.mapping_start.anchor,
			   event->data.mapping_start.tag, node);

	return err ? err : open_collection(c, event, node);
}

static bool is_open(const struct composer *c, int node)
{
	size_t i;

	for (i = 0; i < c->depth; i++) {
		if (c->stack[i].node == node)
			return true;
	}
	return false;
}

static int add_alias(struct composer *c, const yaml_event_t *event)
{
	const char *anchor = chars(event->data.alias.anchor);
	size_t node;

	if (!set_find(&c->anchors, anchor, strlen(anchor), &node)) {
		diag_error(c->diag, at_mark(event->start_mark), "there is no anchor %s before this",
			   diag_quote(anchor).s);
		diag_hint(c->diag, "a value that begins with * needs quotes");
		return -EINVAL;
	}
	if (is_open(c, node)) {
		diag_error(c->diag, at_mark(event->start_mark), "the alias %s contains itself",
			   diag_quote(anchor).s);
		return -EINVAL;
	}
	return attach(c, node);
}

static int start_document(struct composer *c, const yaml_event_t *event)
{
	if (c->each && !yaml_document_initialize(c->document, NULL, NULL, NULL, 1, 1))
		return -ENOMEM;
	if (c->each || !c->complete)
		return 0;
	diag_error(c->diag, at_mark(event->start_mark), "a second YAML document begins here");
	diag_hint(c->diag, "write one document a file, without \"---\" in the middle");
	return -EINVAL;
}

static int end_document(struct composer *c)
{
	int err;

	c->complete = true;
	if (!c->each)
		return 0;
	err = c->each(c->document, c->arg);
	yaml_document_delete(c->document);
	set_clear(&c->anchors);
	return err;
}

static int handle(struct composer *c, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(c, event);
	case YAML_SCALAR_EVENT:
		return add_scalar(c, event);
	case YAML_SEQUENCE_START_EVENT:
		return add_sequence(c, event);
	case YAML_MAPPING_START_EVENT:
		return add_mapping(c, event);
	case YAML_ALIAS_EVENT:
		return add_alias(c, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		c->depth--;
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		return end_document(c);
	default:
		return 0;
	}
}

/* Return: 1 at the end of the text. */
static int step(struct composer *c)
{
	_cleanup_(yaml_event_delete) yaml_event_t event = {};
	int err;

	if (!yaml_parser_parse(&c->parser, &event))
		return syntax_error(c);
	err = handle(c, &event);
	if (err)
		return err;
	return event.type == YAML_STREAM_END_EVENT;
}

static int compose_stream(struct composer *c)
{
	int ret;

	do {
		ret = step(c);
	} while (!ret);
	if (ret < 0)
		return ret;
	if (c->complete)
		return 0;
	diag_error(c->diag, diag_at(0, 0, "%s", ""), "the file is empty");
	diag_hint(c->diag, "see the reference for what it should say");
	return -EINVAL;
}

int compose_each(const void *text, size_t len, struct diag *diag, compose_fn each, void *arg)
{
	_cleanup_(yaml_document_delete) yaml_document_t document = {};
	struct composer c = {.document = &document,
			     .diag = diag,
			     .text = text,
			     .len = len,
			     .each = each,
			     .arg = arg};
	int err;

	if (!yaml_parser_initialize(&c.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&c.parser, text, len);
	err = compose_stream(&c);
	set_clear(&c.anchors);
	yaml_parser_delete(&c.parser);
	return err;
}

int compose(const void *text, size_t len, struct diag *diag, yaml_document_t *document)
{
	struct composer c = {.document = document, .diag = diag, .text = text, .len = len};
	int err = -ENOMEM;

	memset(document, 0, sizeof(*document));
	if (!yaml_parser_initialize(&c.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&c.parser, text, len);
	if (yaml_document_initialize(document, NULL, NULL, NULL, 1, 1))
		err = compose_stream(&c);
	set_clear(&c.anchors);
	yaml_parser_delete(&c.parser);
	return err;
}
