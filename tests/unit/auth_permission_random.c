/* SPDX-License-Identifier: Apache-2.0 */
/* The permission decision: random roles and questions, compared with a slow model that reads the roles' JSON each time. */
#include "permission_fixture.h"

/* ---- random roles ---- */

static const char *const databases[] = { "dev", "other", "nope", "system" };
static const char *const tables[] = { "dog", "cat", "t", "hdb_user", "gone" };
static const char *const names[] = { "id", "a", "b", "c" };
static const char *const actions[] = { "read", "insert", "update", "delete" };

#define PICK(list) (list)[(size_t)rand() % (sizeof(list) / sizeof *(list))]
#define EACH(i, list) for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++)

static bool chance(int percent)
{
	return rand() % 100 < percent;
}

static void random_actions(struct buf *b, int percent)
{
	EACH(i, actions)
	{
		if (chance(85))
			buf_addf(b, "'%s':%s,", actions[i], chance(percent) ? "true" : chance(80) ? "false" : "1");
	}
}

static void random_table(struct buf *b, const char *name)
{
	buf_addf(b, "'%s':{", name);
	random_actions(b, 60);
	if (chance(50)) {
		const char *comma = "";

		buf_add_str(b, "'attribute_permissions':[");
		EACH(i, names)
		{
			if (!chance(60))
				continue;
			buf_addf(b, "%s{", comma);
			random_actions(b, 50);
			buf_addf(b, "'attribute_name':'%s'}", names[i]);
			comma = ",";
		}
		buf_add_str(b, "],");
	}
	buf_add_str(b, "'end':0}");
}

static void random_permission(struct buf *b)
{
	buf_add_str(b, "{");
	if (chance(40)) {
		buf_add_str(b, "'structure_user':");
		if (chance(30))
			buf_add_str(b, "true,");
		else
			buf_addf(b, "['%s','%s'],", PICK(databases), PICK(databases));
	}
	if (chance(10))
		buf_add_str(b, "'super_user':true,");
	EACH(i, databases)
	{
		if (!chance(60))
			continue;
		buf_addf(b, "'%s':{'tables':{", databases[i]);
		EACH(j, tables)
		{
			if (chance(60)) {
				random_table(b, tables[j]);
				buf_add_char(b, ',');
			}
		}
		buf_add_str(b, "'-':{}}},");
	}
	buf_add_str(b, "'end':false}");
}

static bool yes(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

struct model {
	const lyre_value *permission;
	struct buf unauthorized, invalid;
};

static const lyre_value *m_table(const struct model *m, const char *database, const char *table)
{
	return value_get(value_get(value_get(m->permission, database), "tables"), table);
}

static bool m_structures(const struct model *m, const char *database)
{
	const lyre_value *v = value_get(m->permission, "structure_user");

	for (uint32_t i = 0; database && value_is(v, LYRE_ARRAY) && i < v->len; i++) {
		if (value_equals_str(&v->items[i], database))
			return true;
	}
	return yes(v);
}

static bool m_limited(const struct model *m, const char *database, const char *table)
{
	const lyre_value *list = value_get(m_table(m, database, table), "attribute_permissions");

	return list && list->len;
}

static bool m_any_readable(const lyre_value *list)
{
	bool any = false;

	for (uint32_t i = 0; i < list->len; i++)
		any = any || yes(value_get(&list->items[i], "read"));
	return any;
}

static bool m_permits(const struct model *m, const char *database, const char *table, size_t action)
{
	const lyre_value *t = m_table(m, database, table);

	if (action == 0 && m_limited(m, database, table) && !m_any_readable(value_get(t, "attribute_permissions")))
		return false;
	return strcmp(database, "system") && yes(value_get(t, actions[action]));
}

static bool m_any(const struct model *m, const char *database, const char *table)
{
	bool any = false;

	EACH(i, actions)
	any = any || m_permits(m, database, table, i);
	return any;
}

static bool m_permits_attribute(const struct model *m, const char *database, const char *table, const char *name, size_t action)
{
	const lyre_value *list = value_get(m_table(m, database, table), "attribute_permissions");
	bool key = !strcmp(name, "id") && strcmp(table, "gone") && strcmp(database, "nope") &&
		(!strcmp(database, "dev") ? !strcmp(table, "dog") || !strcmp(table, "cat") : !strcmp(table, "t"));

	if (!m_permits(m, database, table, action))
		return false;
	if (!m_limited(m, database, table))
		return true;
	bool any = false;
	for (uint32_t i = 0; i < list->len; i++) {
		bool granted = yes(value_get(&list->items[i], actions[action]));
		if (value_equals_str(value_get(&list->items[i], "attribute_name"), name))
			return granted || (key && action == 0);
		any = any || granted;
	}
	return key && any;
}

static void m_say(struct buf *list, const char *fmt, ...) LYRE_PRINTF(2, 3);
static void m_say(struct buf *list, const char *fmt, ...)
{
	va_list ap;

	buf_add_str(list, list->len ? "," : "");
	va_start(ap, fmt);
	buf_vaddf(list, fmt, ap);
	va_end(ap);
}

static void m_actions(struct buf *b, uint32_t permissions)
{
	const char *comma = "";

	EACH(i, actions)
	{
		if (permissions & 1u << i) {
			buf_addf(b, "%s'%s'", comma, actions[i]);
			comma = ",";
		}
	}
}

static void m_lacks(struct model *m, const struct permission_need *n, uint32_t lacking, struct buf *attributes)
{
	struct buf b;

	buf_init(&b);
	m_actions(&b, lacking);
	m_say(&m->unauthorized, LACKS("%s", "%s", "%.*s", "%.*s"), n->database, n->table, (int)b.len, b.len ? b.data : "",
		(int)attributes->len, attributes->len ? attributes->data : "");
	buf_free(&b);
}

static void m_attributes(struct model *m, const struct permission_need *n, struct buf *lacking)
{
	for (const struct permission_attribute *at = n->attributes; at; at = at->next) {
		const char *name = arena_strndup(&arena, at->name, at->len);
		uint32_t lacks = 0;
		bool any = false;

		EACH(i, actions)
		{
			bool may = m_permits_attribute(m, n->database, n->table, name, i);

			any = any || may;
			if (at->permissions & 1u << i && m_permits(m, n->database, n->table, i) && !may)
				lacks |= 1u << i;
		}
		if (!any) {
			m_say(&m->invalid, "'Attribute `%s` does not exist on `%s.%s`'", name, n->database, n->table);
		} else if (lacks) {
			m_say(lacking, "{'attribute_name':'%s','required_permissions':[", name);
			m_actions(lacking, lacks);
			buf_add_str(lacking, "]}");
		}
	}
}

static void m_need(struct model *m, const struct permission_need *n)
{
	bool system = !strcmp(n->database, "system");
	bool structures = !system && m_structures(m, n->database);
	uint32_t wanted = n->permissions & ROLE_EVERYTHING, lacking = 0;
	struct buf attributes;

	if (n->permissions & DESCRIBE && !structures && !m_any(m, n->database, n->table)) {
		if (system)
			m_say(&m->unauthorized, "'Your role does not have permission to view database metadata for `system`'");
		else if (!value_get(m->permission, n->database))
			m_say(&m->invalid, "'database `%s` does not exist'", n->database);
		else
			m_say(&m->invalid, "'Table `%s.%s` does not exist'", n->database, n->table);
		return;
	}
	if (!wanted)
		return;
	buf_init(&attributes);
	EACH(i, actions)
	{
		if (wanted & 1u << i && !m_permits(m, n->database, n->table, i))
			lacking |= 1u << i;
	}
	if (system && !strcmp(n->table, "hdb_user"))
		m_lacks(m, n, wanted, &attributes);
	else if (!system && !structures && !value_get(m->permission, n->database))
		m_say(&m->invalid, "'database `%s` does not exist'", n->database);
	else if (!m_any(m, n->database, n->table))
		m_say(&m->invalid, "'Table `%s.%s` does not exist'", n->database, n->table);
	else {
		if (!lacking && m_limited(m, n->database, n->table))
			m_attributes(m, n, &attributes);
		if (lacking || attributes.len)
			m_lacks(m, n, lacking, &attributes);
	}
	buf_free(&attributes);
}

static const char *m_decide(struct model *m, const struct permission_question *q)
{
	const struct lyre_operation *o = q->operation;
	const lyre_value *structure = value_get(m->permission, "structure_user");
	bool system = !strcmp(q->database, "system"), structures_any = yes(structure) || value_is(structure, LYRE_ARRAY);
	bool super_only = o->access == SUPER || (o->access == ALL && !yes(structure));

	if (yes(value_get(m->permission, "super_user")))
		return system && o->permissions & (INSERT | UPDATE | DELETE) ? CLOSED : "ok";
	if (system && o->access != SUPER && (o->access != USER || o->permissions & (UPDATE | DELETE)))
		return CLOSED;
	if (o->access == ALL && yes(structure))
		return "ok";
	if (o->access == STRUCTURE && m_structures(m, q->database))
		return "ok";
	if (o->access == USER || (o->access == STRUCTURE && o->permissions)) {
		for (const struct permission_need *n = q->needs; n; n = n->next)
			m_need(m, n);
		if (!m->unauthorized.len && !m->invalid.len)
			return "ok";
	}
	if (super_only || (o->access == STRUCTURE && !structures_any && !o->permissions))
		return RESTRICTED("op");
	if (o->access == STRUCTURE && structures_any)
		return arena_printf(
			&arena, SAYS("'User does not have access to perform `op` against schema `%s`'", ""), q->database);
	return arena_printf(&arena, SAYS("%.*s", "%.*s"), (int)m->unauthorized.len, m->unauthorized.len ? m->unauthorized.data : "",
		(int)m->invalid.len, m->invalid.len ? m->invalid.data : "");
}

static void random_question(struct permission_question *q, struct lyre_operation *o)
{
	static const uint32_t accesses[] = { USER, USER, USER, USER, SUPER, STRUCTURE, STRUCTURE, ALL };
	const char *database = PICK(databases);
	struct permission_need **end = &q->needs;

	*o = (struct lyre_operation){
		.name = "op", .access = PICK(accesses), .permissions = chance(20) ? 0 : (uint32_t)rand() % 32
	};
	*q = (struct permission_question){ .operation = o, .database = database };
	for (int i = rand() % 3; i && o->permissions; i--) {
		struct permission_need *n = ARENA_NEW(&arena, struct permission_need);
		struct buf b;

		buf_init(&b);
		EACH(j, names)
		{
			if (chance(40))
				buf_addf(&b, "%s:%s ", names[j], chance(30) ? "iu" : chance(50) ? "r" : "u");
		}
		*n = (struct permission_need){ .database = database,
			.table = PICK(tables),
			.permissions = o->permissions,
			.attributes = attributes_of(b.len ? arena_strndup(&arena, b.data, b.len) : "") };
		buf_free(&b);
		*end = n;
		end = &n->next;
	}
}

static void compare(const struct principal *who, const struct permission_question *q)
{
	struct model m = { .permission = value_get(&who->role->record, "permission") };

	buf_init(&m.unauthorized);
	buf_init(&m.invalid);
	ck_assert_json_eq(decide(who, q), m_decide(&m, q));
	buf_free(&m.unauthorized);
	buf_free(&m.invalid);
}

/** A view of each table must agree with the model. */
static void compare_views(const struct principal *who)
{
	const struct model m = { .permission = value_get(&who->role->record, "permission") };

	if (who->role->super_user)
		return;
	EACH(i, databases)
	{
		bool structures = strcmp(databases[i], "system") && m_structures(&m, databases[i]), any = structures;

		EACH(j, tables)
		{
			const struct permission_view v = permission_view(who, false, databases[i], tables[j]);

			ck_assert_int_eq(v.permissions & DESCRIBE, structures || m_any(&m, databases[i], tables[j]) ? DESCRIBE : 0);
			EACH(a, actions)
			ck_assert_int_eq((v.permissions >> a) & 1, m_permits(&m, databases[i], tables[j], a));
			any = any || m_any(&m, databases[i], tables[j]);
		}
		ck_assert_int_eq(permission_sees_database(who, false, databases[i]), any);
	}
}

START_TEST(decisions_agree_with_the_model)
{
	srand(1000u + (unsigned)_i);
	for (int i = 0; i < 300; i++) {
		struct permission_question q;
		struct lyre_operation o;
		struct buf b;

		buf_init(&b);
		random_permission(&b);
		const struct role *role = role_of(buf_cstr(&b));
		const struct principal who = { .name = "bob", .role = role };
		compare_views(&who);
		for (int j = 0; j < 100; j++) {
			random_question(&q, &o);
			compare(&who, &q);
		}
		role_unref(role);
		buf_free(&b);
		arena_reset(&arena);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_permission_random");
	TCase *t = tcase_create("random");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, decisions_agree_with_the_model, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
