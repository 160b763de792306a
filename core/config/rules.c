/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/rules.c
 * \brief A value given in JSON: its form in YAML, and the rule it breaks, in the words that clients know.
 */
#include "config/change.h"
#include "config/edit.h"

#include "base/json.h"

static bool is_text(const lyre_value *v)
{
	return v->type == LYRE_STRING;
}

/** "one of [a, b]" */
static const char *list_words(struct arena *a, const char *words)
{
	struct buf b;

	buf_init(&b);
	for (const char *p = words + strspn(words, " "); *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		buf_add_str(&b, b.len ? ", " : "");
		buf_add(&b, p, len);
		p += len;
	}
	const char *text = buf_cstr(&b);
	const char *ret = text ? arena_printf(a, "must be one of [%s]", text) : NULL;
	buf_free(&b);
	return ret;
}

static const char *range(struct arena *a, const struct lyre_setting *s, double value, const char *otherwise)
{
	if (s->min < s->max && value < s->min)
		return arena_printf(a, "must be greater than or equal to %.15g", s->min);
	if (s->min < s->max && value > s->max)
		return arena_printf(a, "must be less than or equal to %.15g", s->max);
	return otherwise;
}

/** A size or duration: \p units is the answer to a wrong unit, NULL for a whole message. */
static const char *with_unit(
	struct arena *a, const struct setting_change *change, const lyre_value *v, const char *units, const char *kind)
{
	const struct lyre_setting *s = change->entry->setting;

	if (value_is_number(v))
		return s->flags & SETTING_UNIT ? kind : range(a, s, value_number(v), kind);
	if (!is_text(v) || !strspn(v->s, "0123456789."))
		return kind;
	struct setting_value value;
	struct lyre_setting free_of_limits = *s;
	struct err ignored;
	free_of_limits.min = free_of_limits.max = 0;
	if (change->node && !setting_convert(a, &free_of_limits, s->key, change->node, &value, &ignored))
		return range(a, s, (double)value.integer, kind);
	return units;
}

/** The text after "'key' " in a refusal; or, with \p unit set, the whole message. */
static const char *rule(struct arena *a, const struct setting_change *change, const lyre_value *v, bool *unit)
{
	const struct lyre_setting *s = change->entry->setting;
	const char *ret;

	switch (s->type) {
	case LYRE_S_ENUM:
		return list_words(a, s->values);
	case LYRE_S_BOOL:
		return "must be a boolean";
	case LYRE_S_INT:
		return value_is_number(v) ? range(a, s, value_number(v), "must be an integer") : "must be a number";
	case LYRE_S_NUMBER:
		return value_is_number(v) ? range(a, s, value_number(v), "must be a number") : "must be a number";
	case LYRE_S_LIST:
		return "must be an array of strings";
	case LYRE_S_SIZE:
		ret = with_unit(a, change, v, NULL, "must be a size such as 4096, 512K, 64M or 1G");
		*unit = !ret;
		return ret ? ret : arena_printf(a, "Invalid %s unit. Available units are G, M or K", change->shown);
	case LYRE_S_DURATION:
		ret = with_unit(a, change, v, NULL, "must be a duration such as 500ms, 30s, 10m, 12h or 3d");
		*unit = !ret && s->flags & SETTING_TEXT && !(s->flags & SETTING_UNIT);
		if (!ret && *unit)
			return arena_printf(a, "Invalid %s unit. Available units are D, H or M (minutes)", change->shown);
		return ret ? ret : "must be a duration such as 500ms, 30s, 10m, 12h or 3d";
	default:
		return is_text(v) && !v->len ? "must not be empty" : "must be a string";
	}
}

static int refuse(struct arena *a, const struct setting_change *change, const lyre_value *v, struct err *e)
{
	bool unit = false;
	const char *text = rule(a, change, v, &unit);

	if (!text)
		return err_nomem(e);
	if (unit)
		return err_set(e, LYRE_EINVAL, REFUSED "%s", text);
	return err_set(e, LYRE_EINVAL, REFUSED "'%s' %s", change->shown, text);
}

/** Whether the JSON type fits at all; strings can also mean numbers, true and false, as clients send them. */
static bool fits(const struct lyre_setting *s, const lyre_value *v)
{
	if (v->type == LYRE_NULL || s->type == SETTING_ANY)
		return true;
	switch (s->type) {
	case LYRE_S_INT:
	case LYRE_S_NUMBER:
	case LYRE_S_SIZE:
	case LYRE_S_DURATION:
		return is_text(v) || value_is_number(v);
	case LYRE_S_BOOL:
		return is_text(v) || v->type == LYRE_BOOL;
	case LYRE_S_LIST:
		for (uint32_t i = 0; v->type == LYRE_ARRAY && i < v->len; i++)
			if (v->items[i].type != LYRE_STRING && v->items[i].type != LYRE_NULL)
				return false;
		return v->type == LYRE_ARRAY || is_text(v);
	default:
		return is_text(v) && !memchr(v->s, 0, v->len);
	}
}

int change_value(struct arena *a, struct setting_change *change, const lyre_value *v, struct err *e)
{
	const struct lyre_setting *s = change->entry->setting;
	bool word = s->type == LYRE_S_INT || s->type == LYRE_S_NUMBER || s->type == LYRE_S_BOOL || s->type == LYRE_S_SIZE ||
		s->type == LYRE_S_DURATION;
	struct buf b;
	struct yaml_node *node;
	struct err why;

	if (!fits(s, v))
		return refuse(a, change, v, e);
	buf_init(&b);
	if (is_text(v))
		yaml_add_text(&b, v->s, v->len, word);
	else
		yaml_add_value(&b, v);
	change->text = buf_cstr(&b) ? arena_strndup(a, b.data, b.len) : NULL;
	size_t len = b.len;
	buf_free(&b);
	if (!change->text)
		return err_nomem(e);
	if (yaml_decode(a, "the value", change->text, len, &node, &why))
		return err_set(e, LYRE_EINVAL, REFUSED "'%s' cannot be written to the file: %s", change->shown, why.text);
	change->node = node;
	int rc = setting_convert(a, s, change->shown, node, &change->value, &why);
	if (rc == LYRE_ENOMEM)
		return err_nomem(e);
	return rc ? refuse(a, change, v, e) : 0;
}
