/* SPDX-License-Identifier: Apache-2.0 */
#include "config/convert.h"

#include "base/round.h"
#include "config/config.h"
#include "config/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", 1 << 10 },
	{ "M", 1 << 20 },
	{ "G", 1 << 30 },
	{ "T", 1099511627776.0 },
};
static const struct unit duration_units[] = {
	{ "", 1 },
	{ "ms", 1 },
	{ "s", 1e3 },
	{ "m", 60e3 },
	{ "h", 3600e3 },
	{ "d", 86400e3 },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/** The largest unit that leaves a whole number. */
static void print_units(char *out, size_t size, double value, const struct unit *units, size_t count)
{
	size_t best = 0;
	for (size_t i = 1; i < count && value > 0; i++)
		if (value < 0x1p63 && (int64_t)value % (int64_t)units[i].factor == 0)
			best = i;
	snprintf(out, size, "%.0f%s", value / units[best].factor, units[best].name);
}

static void print_limit(char out[40], uint32_t type, double value)
{
	if (type == LYRE_S_SIZE)
		print_units(out, 40, value, size_units, COUNT(size_units));
	else if (type == LYRE_S_DURATION)
		print_units(out, 40, value, duration_units, COUNT(duration_units));
	else
		snprintf(out, 40, "%.15g", value);
}

static const char *wanted_kind(uint32_t type)
{
	switch (type) {
	case LYRE_S_INT:
		return "a whole number";
	case LYRE_S_NUMBER:
		return "a number";
	case LYRE_S_BOOL:
		return "true or false";
	case LYRE_S_SIZE:
		return "a size such as 4096, 512K, 64M or 1G";
	case LYRE_S_DURATION:
		return "a duration such as 500ms, 30s, 10m, 12h or 3d";
	case LYRE_S_LIST:
		return "a list of strings";
	case LYRE_S_PATH:
		return "a path";
	case SETTING_ANY:
		return "any value";
	default:
		return "a string";
	}
}

const char *config_wanted(const struct lyre_setting *s, char out[CONFIG_WANTED_MAX])
{
	char range[100] = "";
	if (s->min < s->max) {
		char min[40], max[40];
		print_limit(min, s->type, s->min);
		print_limit(max, s->type, s->max);
		snprintf(range, sizeof range, " from %s to %s", min, max);
	}
	const char *kind = wanted_kind(s->type);
	const char *words = "";
	if (s->type == LYRE_S_ENUM) {
		kind = "one of ";
		words = s->values;
	}
	if (*range && s->type == LYRE_S_SIZE)
		kind = "a size such as 64M or 1G,";
	else if (*range && s->type == LYRE_S_DURATION)
		kind = "a duration such as 30s or 10m,";
	snprintf(out, CONFIG_WANTED_MAX, "%s%s%s%s", kind, words, range, s->flags & LYRE_SF_NULL ? ", or null" : "");
	return out;
}

static void print_found(char out[100], const struct lyre_setting *s, const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR)
		snprintf(out, 100, "%s", node->kind == YAML_LIST ? "a list" : "a mapping");
	else if (yaml_is_null(node))
		snprintf(out, 100, "null");
	else if (s->flags & LYRE_SF_SECRET)
		snprintf(out, 100, "%s", node->plain ? "a plain value" : "a quoted string");
	else
		snprintf(out, 100, node->plain ? "%.60s%s" : "the string \"%.60s%s\"", node->text,
			strlen(node->text) > 60 ? "…" : "");
}

static int misfit(const struct lyre_setting *s, const char *key, const struct yaml_node *node, struct err *e)
{
	char wanted[CONFIG_WANTED_MAX], found[100];
	print_found(found, s, node);
	return yaml_fail(e, LYRE_EINVAL, node, "'%s' must be %s; found %s", key, config_wanted(s, wanted), found);
}

static bool in_range(const struct lyre_setting *s, double value)
{
	return s->min >= s->max || (value >= s->min && value <= s->max);
}

static bool read_int(const char *text, int64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return *text && !*end && !errno && strspn(text, "-0123456789") == strlen(text);
}

static bool read_number(const char *text, double *ret)
{
	char *end;
	*ret = strtod(text, &end);
	return *text && !*end && isfinite(*ret) && strspn(text, "+-.eE0123456789") == strlen(text);
}

static bool read_units(const char *text, const struct unit *units, size_t count, int64_t *ret)
{
	size_t digits = strspn(text, ".0123456789");
	char number[32];
	double value;
	if (digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!read_number(number, &value))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(text + digits, units[i].name))
			continue;
		value *= units[i].factor;
		*ret = (int64_t)value;
		return value < 9e18;
	}
	return false;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n == len && !memcmp(p, word, n))
			return true;
		p += n;
	}
	return false;
}

static bool is_bool(const struct yaml_node *node)
{
	return node->plain && (!strcasecmp(node->text, "true") || !strcasecmp(node->text, "false"));
}

static bool is_number(const struct yaml_node *node)
{
	double number;
	return node->plain && read_number(node->text, &number);
}

/** Null items are left out; a single string is a list of one. */
static int convert_list(struct arena *a, const struct lyre_setting *s, const char *key, const struct yaml_node *node,
	struct setting_value *v, struct err *e)
{
	size_t room = node->kind == YAML_LIST ? node->count : 1;
	v->list = ARENA_ARRAY(a, const char *, room + 1);
	if (!v->list)
		return err_nomem(e);
	for (const struct yaml_node *item = node->kind == YAML_LIST ? node->first : node; item; item = item->next) {
		if (item->kind != YAML_SCALAR)
			return misfit(s, key, item, e);
		if (!yaml_is_null(item))
			v->list[v->count++] = item->text;
		if (item == node)
			break;
	}
	return 0;
}

static bool convert_scalar(const struct lyre_setting *s, const struct yaml_node *node, struct setting_value *v)
{
	const char *text = node->text;
	v->text = text;
	switch (s->type) {
	case LYRE_S_INT:
		return node->plain && read_int(text, &v->integer) && in_range(s, (double)v->integer);
	case LYRE_S_NUMBER:
		return node->plain && read_number(text, &v->number) && in_range(s, v->number);
	case LYRE_S_BOOL:
		v->boolean = !strcasecmp(text, "true");
		return is_bool(node);
	case LYRE_S_SIZE:
		return read_units(text, size_units, COUNT(size_units), &v->integer) && in_range(s, (double)v->integer);
	case LYRE_S_DURATION:
		if (s->flags & SETTING_UNIT && !text[strspn(text, "0123456789.")])
			return false;
		return read_units(text, duration_units, COUNT(duration_units), &v->integer) && in_range(s, (double)v->integer);
	case LYRE_S_ENUM:
		return has_word(s->values, text);
	case LYRE_S_PATH:
		return *text && !is_bool(node) && !is_number(node);
	case LYRE_S_STRING:
		return !is_bool(node);
	default:
		return false;
	}
}

int setting_convert(struct arena *a, const struct lyre_setting *s, const char *key, const struct yaml_node *node,
	struct setting_value *ret, struct err *e)
{
	*ret = (struct setting_value){ .null = yaml_is_null(node) };
	if (s->type == SETTING_ANY) {
		ret->text = node->text;
		ret->any = node;
		return 0;
	}
	if (ret->null)
		return s->flags & LYRE_SF_NULL ? 0 : misfit(s, key, node, e);
	if (s->type == LYRE_S_LIST && node->kind != YAML_MAPPING)
		return convert_list(a, s, key, node, ret, e);
	if (node->kind != YAML_SCALAR || !convert_scalar(s, node, ret))
		return misfit(s, key, node, e);
	return 0;
}
