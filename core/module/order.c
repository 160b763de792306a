/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/order.c
 * \brief The modules' needs, and the order in which they start.
 */
#include "base/buf.h"
#include "module/internal.h"

#include <string.h>

lyre_instance *module_by_name(const struct modules *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->list[i]->name, name) == 0)
			return m->list[i];
	return NULL;
}

int need_next(const char **s, struct need *ret)
{
	const char *p = *s + strspn(*s, " ");
	if (!*p)
		return LYRE_END;
	size_t len = strcspn(p, " "), name = strcspn(p, " >"), version = 0;
	*s = p + len;
	*ret = (struct need){ 0 };
	bool valid = name < sizeof ret->name;
	memcpy(ret->name, p, valid ? name : sizeof ret->name - 1);
	valid = valid && module_name_valid(ret->name);
	if (valid && name < len) {
		version = len - name < 2 ? 0 : len - name - 2;
		valid = p[name + 1] == '=' && version > 0 && version < sizeof ret->version;
	}
	if (!valid)
		return LYRE_EINVAL;
	memcpy(ret->version, p + len - version, version);
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		if (is_digit(*a) && is_digit(*b)) {
			a += strspn(a, "0");
			b += strspn(b, "0");
			size_t x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
			int order = x != y ? (x < y ? -1 : 1) : strncmp(a, b, x);
			if (order != 0)
				return order;
			a += x;
			b += y;
		} else {
			if (*a != *b)
				return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
			a++;
			b++;
		}
	}
	return 0;
}

/** Whether all modules that \p i needs are on the list, in an accepted version. */
static int check_needs(const struct modules *m, const lyre_instance *i, struct err *e)
{
	const char *s = i->descriptor->needs;
	struct need need;
	for (int rc; (rc = need_next(&s, &need)) != LYRE_END;) {
		if (rc < 0)
			return module_refuse(e, i, LYRE_EINVAL,
				"its .needs cannot be parsed at '%s': '%s': this is a bug in the module", need.name,
				i->descriptor->needs);
		const char *least = need.version[0] ? " >=" : "";
		const lyre_instance *other = module_by_name(m, need.name);
		if (!other && module_has_failed(m, need.name))
			continue;
		if (!other)
			return module_refuse(e, i, LYRE_ENOTFOUND,
				"needs the module '%s'%s%s, which is not loaded: add '%s' under modules:, or remove '%s'",
				need.name, least, need.version, need.name, i->name);
		if (version_compare(other->descriptor->version, need.version) < 0)
			return module_refuse(e, i, LYRE_ENOTSUP,
				"needs the module '%s'%s%s, but %s is version %s: install a newer '%s'", need.name, least,
				need.version, other->path ? other->path : "the one built in", other->descriptor->version,
				need.name);
	}
	return 0;
}

/* ---- sorting ---- */

enum mark { UNSEEN, OPEN, SORTED };

struct sort {
	const struct modules *m;
	unsigned char *marks; /**< state of each module, by its position in the list */
	size_t *stack;        /**< modules being visited, oldest first */
	size_t depth;
	lyre_instance **sorted;
	size_t count;
};

static size_t place(const struct modules *m, const lyre_instance *i)
{
	size_t n = 0;
	while (m->list[n] != i)
		n++;
	return n;
}

/** \return false if module \p n is in a cycle: the cycle is on the stack then, from its first entry to the top */
static bool sort_visit(struct sort *s, size_t n)
{
	s->stack[s->depth++] = n;
	if (s->marks[n] == OPEN)
		return false;
	if (s->marks[n] == UNSEEN) {
		s->marks[n] = OPEN;
		const char *needs = s->m->list[n]->descriptor->needs;
		struct need need;
		while (need_next(&needs, &need) == 0) {
			const lyre_instance *other = module_by_name(s->m, need.name);
			if (other && !sort_visit(s, place(s->m, other)))
				return false;
		}
		s->marks[n] = SORTED;
		s->sorted[s->count++] = s->m->list[n];
	}
	s->depth--;
	return true;
}

/** Reports the cycle on the stack; \p ret receives the position of an optional module in it, or else the length of the list. */
static int refuse_circle(const struct sort *s, size_t *ret, struct err *e)
{
	size_t from = 0, last = s->stack[s->depth - 1];
	while (s->stack[from] != last)
		from++;
	struct buf text;
	buf_init(&text);
	*ret = s->m->count;
	for (size_t i = from; i < s->depth; i++) {
		const lyre_instance *member = s->m->list[s->stack[i]];
		buf_addf(&text, "%s%s", i > from ? " -> " : "", member->name);
		if (member->optional && *ret == s->m->count)
			*ret = s->stack[i];
	}
	const char *circle = buf_cstr(&text);
	int rc = circle ?
		module_refuse(e, s->m->list[last], LYRE_EINVAL, "circular dependency: %s: remove one of these modules", circle) :
		err_nomem(e);
	buf_free(&text);
	return rc;
}

int modules_order(struct modules *m, struct err *e)
{
	struct sort s = { .m = m };
	for (size_t i = 0; i < m->count; i++) {
		struct err why = { 0 };
		if (check_needs(m, m->list[i], &why) == 0)
			continue;
		if (m->list[i]->optional)
			module_leave_out(m, i, &why);
		else if (module_fail(m, i, &why, e))
			return e->code;
		i = (size_t)-1; /* modules that need it cannot start now: check all again */
	}
	if (m->count == 0)
		return 0;

	s.marks = arena_zalloc(&m->arena, m->count);
	s.stack = ARENA_ARRAY(&m->arena, size_t, m->count + 1);
	s.sorted = ARENA_ARRAY(&m->arena, lyre_instance *, m->count);
	if (!s.marks || !s.stack || !s.sorted)
		return err_nomem(e);
	for (size_t i = 0; i < m->count; i++) {
		if (sort_visit(&s, i))
			continue;
		struct err why = { 0 };
		size_t optional;
		int rc = refuse_circle(&s, &optional, &why);
		if (optional < m->count)
			module_leave_out(m, optional, &why);
		else if (module_fail(m, s.stack[s.depth - 1], &why, e))
			return rc;
		return modules_order(m, e);
	}
	memcpy(m->list, s.sorted, m->count * sizeof *s.sorted);
	return 0;
}
