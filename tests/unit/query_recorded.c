/* SPDX-License-Identifier: Apache-2.0 */
/* What clients know: conditions and their answers, byte for byte. */
#include <config.h>

#include "query_fixture.h"

static const char dogs[] = "[{'id':1,'name':'Penny','age':7,'breed':'Mutt','weight':38.5,'adorable':true,"
			   "'owner':{'name':'Kyle','city':'Denver'},'tags':['small','brown']},"
			   "{'id':2,'name':'Harper','age':5,'breed':'Husky','weight':55,'adorable':true,'tags':['big']},"
			   "{'id':3,'name':'Alby','age':10,'breed':'Mutt','weight':null,'adorable':false},"
			   "{'id':4,'name':'Billy','age':1,'breed':'Labrador Retriever','adorable':true},"
			   "{'id':5,'name':'Rose Merry','age':7,'breed':'Mastiff','weight':110},"
			   "{'id':6,'name':'Kato','age':6,'breed':'Mutt','owner':{'name':'Kaylan'}},"
			   "{'id':7,'name':'Simon','age':1,'breed':'husky','adorable':null},"
			   "{'id':8,'name':'Gemma','age':3,'breed':'Australian Shepherd','weight':40},"
			   "{'id':9,'name':'Yeti','age':7,'breed':'Husky','weight':'55'},"
			   "{'id':10,'name':'Monkey*','age':11,'breed':null},"
			   "{'id':'abc','name':'Zoë','age':null,'breed':'Müt'}]";

static const char ties[] =
	"[{'id':100,'g':0},{'id':101,'g':1},{'id':102,'g':0},{'id':103,'g':1},{'id':104,'g':0},{'id':105,'g':1}]";

static const char values[] =
	"[{'id':1,'v':null},{'id':2,'v':true},{'id':3,'v':false},{'id':4,'v':0},{'id':5,'v':-1},{'id':6,'v':1.5},"
	"{'id':7,'v':1e-7},{'id':10,'v':1e300},{'id':18,'v':''},{'id':19,'v':'42'},{'id':24,'v':'a\\u0000b'},"
	"{'id':25,'v':{}},{'id':28,'v':[]},{'id':29,'v':[1,'a',null,true,[2,3],{'k':'v'}]},{'id':33}]";

static const char plain[] = "[{'id':1,'a':'x','b':'x'},{'id':2,'a':'y','b':'y'},{'id':3}]";

static const char dated[] = "[{'id':1,'d':'2024-01-02T03:04:05.678Z','by':'ab','o':[{'x':1,'y':2},{'y':3},4],'extra':'seen'},"
			    "{'id':2,'d':'2023-05-06','bi':123456789012345678901234567890},{'id':3,'d':null}]";

static void setup(void)
{
	const struct lyre_attribute ni[] = {
		{ .size = sizeof(*ni), .name = "id" },
		{ .size = sizeof(*ni), .name = "a", .flags = LYRE_A_INDEXED },
		{ .size = sizeof(*ni), .name = "b" },
	};
	const struct lyre_attribute dates[] = {
		{ .size = sizeof(*dates), .name = "id" },
		{ .size = sizeof(*dates), .name = "d", .type = "Date", .flags = LYRE_A_INDEXED },
		{ .size = sizeof(*dates), .name = "by", .type = "Bytes" },
		{ .size = sizeof(*dates), .name = "bi", .type = "BigInt", .flags = LYRE_A_INDEXED },
		{ .size = sizeof(*dates), .name = "o" },
	};
	store_start();
	make_table("dog", NULL, 0);
	make_table("ties", NULL, 0);
	make_table("val", NULL, 0);
	make_table("ni", ni, 3);
	make_table("dates", dates, 5);
	insert("dog", dogs);
	insert("ties", ties);
	insert("val", values);
	insert("ni", plain);
	insert("dates", dated);
}

/* The conditions, and the resulting ids in order. */
#define ID_OVER_0 "{'conditions':[{'attribute':'id','comparator':'gt','value':0}]"
#define ID_UNDER_100 "{'conditions':[{'attribute':'id','comparator':'less_than','value':100}]"
#define TWO_OR "{'operator':'or','conditions':[{'attribute':'age','value':1},{'attribute':'breed','value':'Mutt'}]"
static const struct {
	const char *table, *request, *ids;
} found[] = {
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'equals','value':7}]}", "1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','value':7}]}", "1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'equals','value':'7'}]}", "" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'equals','value':null}]}", "'abc'" },
	{ "dog", "{'conditions':[{'attribute':'adorable','comparator':'equals','value':false}]}", "3" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'not_equal','value':null}]}", "4,7,8,2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'contains','value':'e'}]}", "8,2,10,1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'contains','value':1}]}", "4,7,3,10" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'contains','value':'big'}]}", "2" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'contains','value':'b'}]}", "2,1" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'not_equal','value':'x'}]}", "2,1" },
	{ "dog", "{'conditions':[{'attribute':'tags','value':['big']}]}", "2" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'starts_with','value':'P'}]}", "1" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'starts_with','value':'p'}]}", "" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'ends_with','value':'y'}]}", "3,4,1,5" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'greater_than_equal','value':6}]}", "6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'less_than','value':6}]}", "4,7,8,2" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'less_than_equal','value':6}]}", "4,7,8,2,6" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'greater_than','value':'M'}]}", "10,1,5,7,9,'abc'" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'less_than','value':'6'}]}", "4,7,8,2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'greater_than','value':null}]}", "4,7,8,2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':[5,7]}]}", "2,6,1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':[7,5]}]}", "" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':[5]}]}", "2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':5}]}", "'abc',4,7,8,2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':[null,7]}]}", "'abc',4,7,8,2,6,1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'between','value':[true,false]}]}", "" },
	{ "dog", "{'conditions':[{'attribute':'id','comparator':'between','value':[2,4]}]}", "2,3,4" },
	{ "dog", "{'conditions':[{'attribute':'id','comparator':'not_equal','value':1}]}", "2,3,4,5,6,7,8,9,10,'abc'" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'>=','value':7}]}", "1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'gt','value':7}]}", "3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','value':7},{'attribute':'breed','value':'Mutt'}]}", "1" },
	{ "dog", "{'conditions':[{'attribute':'age','value':7},{'attribute':'breed','value':'Husky'}]}", "9" },
	{ "dog", TWO_OR "}", "4,7,1,3,6" },
	{ "dog",
		"{'operator':'or','conditions':[{'attribute':'id','value':3},{'operator':'AND','conditions':["
		"{'attribute':'breed','value':'Husky'},{'attribute':'age','value':7}]}]}",
		"3,9" },
	{ "dog",
		"{'conditions':[{'operator':'or','conditions':[{'attribute':'id','value':1},{'operator':'and','conditions':["
		"{'attribute':'age','comparator':'greater_than','value':5},{'operator':'or','conditions':["
		"{'attribute':'name','value':'Kato'},{'attribute':'name','value':'Yeti'}]}]}]}]}",
		"1,6,9" },
	{ "dog", ID_UNDER_100 ",'limit':3}", "1,2,3" },
	{ "dog", ID_UNDER_100 ",'limit':2,'offset':3}", "4,5" },
	{ "dog", ID_UNDER_100 ",'sort':{'attribute':'name'}}", "3,4,8,2,6,10,1,5,7,9" },
	{ "dog", ID_UNDER_100 ",'sort':{'attribute':'name','descending':true}}", "9,7,5,1,10,6,2,8,4,3" },
	{ "dog",
		ID_UNDER_100 ","
			     "'sort':{'attribute':'age','next':{'attribute':'name','descending':true}}}",
		"7,4,8,2,6,9,5,1,3,10" },
	{ "dog", ID_UNDER_100 ",'sort':{'attribute':'age','descending':true},'limit':3}", "10,3,1" },
	{ "dog", ID_UNDER_100 ",'sort':{'attribute':'name'},'limit':3,'offset':2}", "8,2,6" },
	{ "dog", ID_UNDER_100 ",'sort':{'attribute':'id','descending':true}}", "10,9,8,7,6,5,4,3,2,1" },
	{ "dog", ID_OVER_0 ",'sort':{'attribute':'weight'}}", "3,4,6,7,10,'abc',1,8,2,5,9" },
	{ "dog", ID_OVER_0 ",'sort':{'attribute':'weight','descending':true}}", "9,5,2,8,1,3,4,6,7,10,'abc'" },
	{ "dog", TWO_OR ",'sort':{'attribute':'name'}}", "3,4,6,1,7" },
	{ "dog", ID_UNDER_100 ",'reverse':true}", "10,9,8,7,6,5,4,3,2,1" },
	{ "dog", "{'reverse':true,'limit':2}", "'abc',10" },
	{ "dog", "{'limit':0}", "" },
	{ "dog", "{'ids':[3,1,3,99,'abc','1',true]}", "3,1,3,'abc'" },
	{ "ties",
		"{'conditions':[{'attribute':'id','comparator':'between','value':[100,105]}],"
		"'sort':{'attribute':'g','descending':true}}",
		"101,103,105,100,102,104" },
	{ "ties", "{'conditions':[{'attribute':'g','comparator':'ge','value':0}],'sort':{'attribute':'g','descending':true}}",
		"105,103,101,104,102,100" },
	{ "ties", "{'sort':{'attribute':'g','descending':true},'limit':4}", "101,103,105,100" },
	{ "ties", "{'sort':{'attribute':'g','descending':true},'reverse':true}", "104,102,100,105,103,101" },
	{ "ties", "{'sort':{'attribute':'g','next':{'attribute':'id','descending':true}}}", "104,102,100,105,103,101" },
	{ "val", "{'sort':{'attribute':'v'}}", "1,33,25,28,3,2,5,4,7,29,6,10,18,19,24" },
	{ "val", "{'conditions':[{'attribute':'v','value':'a\\u0000b'}]}", "24" },
	{ "ni", "{'conditions':[{'attribute':'b','value':'y'}]}", "2" },
	{ "ni", "{'conditions':[{'attribute':'b','comparator':'starts_with','value':'x'}]}", "1" },
	{ "ni", ID_OVER_0 ",'sort':{'attribute':'b','descending':true}}", "2,1,3" },
	{ "ni", "{'conditions':[{'attribute':'b','value':null}]}", "" },
	{ "ni", "{'conditions':[{'attribute':'a','value':null}]}", "" },
	{ "ni", "{'conditions':[{'attribute':'b','comparator':'not_equal','value':'x'}]}", "2,3" },
	{ "ni", "{'conditions':[{'attribute':'a','comparator':'not_equal','value':'x'}]}", "2" },
	/* lists and negated comparators: index order, arrays matched item by item, absent values as with not_equal */
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'in','value':[7,1,99,'5',1]}]}", "4,7,1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'in','value':[]}]}", "" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'in','value':[null,3]}]}", "'abc',8" },
	{ "dog", "{'conditions':[{'attribute':'id','comparator':'in','value':['abc',7,3,true]}]}", "3,7,'abc'" },
	{ "dog", "{'conditions':[{'attribute':'id','comparator':'in','value':[7,3]}],'reverse':true}", "7,3" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'in','value':['small','big','brown']}]}", "2,1" },
	{ "dog",
		"{'conditions':[{'attribute':'age','comparator':'in','value':[1,7]}],'sort':{'attribute':'age','descending':true}}",
		"9,5,1,7,4" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'not_in','value':[7,1]}]}", "8,2,6,3,10" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'not_in','value':[]}]}", "4,7,8,2,6,1,5,9,3,10" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'not_in','value':['small','brown']}]}", "2" },
	{ "dog", "{'conditions':[{'attribute':'id','comparator':'not_in','value':[1,2,3,'abc']}]}", "4,5,6,7,8,9,10" },
	{ "dog",
		"{'conditions':[{'attribute':'name','comparator':'not_starts_with','value':'Z'},"
		"{'attribute':'name','comparator':'not_ends_with','value':'y'}]}",
		"8,2,6,10,7,9" },
	{ "dog", "{'conditions':[{'attribute':'name','comparator':'not_contains','value':'e'}]}", "3,4,6,7,'abc'" },
	{ "dog", "{'conditions':[{'attribute':'age','comparator':'not_contains','value':1}]}", "8,2,6,1,5,9" },
	{ "dog", "{'conditions':[{'attribute':'weight','comparator':'not_starts_with','value':5}]}", "1,8,2,5" },
	{ "dog", "{'conditions':[{'attribute':'tags','comparator':'not_contains','value':'b'}]}", "1" },
	{ "ni", "{'conditions':[{'attribute':'b','comparator':'in','value':['y','z']}]}", "2" },
	{ "ni", "{'conditions':[{'attribute':'b','comparator':'not_in','value':['y','z']}]}", "1,3" },
	{ "ni", "{'conditions':[{'attribute':'b','comparator':'not_starts_with','value':'x'}]}", "2,3" },
	{ "dates", "{'conditions':[{'attribute':'d','comparator':'in','value':['2023-05-06']}]}", "2" },
	{ "dates", "{'conditions':[{'attribute':'d','comparator':'not_starts_with','value':'2023-05'}]}", "1" },
	{ "dates", "{'conditions':[{'attribute':'bi','comparator':'in','value':[123456789012345678901234567891]}]}", "" },
	{ "dates", "{'conditions':[{'attribute':'bi','comparator':'in','value':[123456789012345678901234567890]}]}", "2" },
	{ "dates", "{'conditions':[{'attribute':'d','value':'2024-01-02T03:04:05.678Z'}]}", "1" },
	{ "dates", "{'conditions':[{'attribute':'d','comparator':'lt','value':'2024-01-01'}]}", "2" },
	{ "dates", "{'conditions':[{'attribute':'d','comparator':'starts_with','value':'2023-05'}]}", "2" },
	{ "dates", "{'conditions':[{'attribute':'bi','value':123456789012345678901234567890}]}", "2" },
	{ "dates", "{'conditions':[{'attribute':'bi','value':123456789012345678901234567891}]}", "" },
	{ "dates", "{'conditions':[{'attribute':'bi','comparator':'lt','value':123456789012345678901234567891}]}", "2" },
};

static void finds_one(size_t n)
{
	struct arena a;
	struct buf out, ids;
	arena_init(&a);
	buf_init(&out);
	buf_init(&ids);
	const lyre_value *request = json(&a, found[n].request);
	if (ask(found[n].table, request, &encode_json, SIZE_MAX / 2, &out))
		ck_abort_msg("%s: %s", found[n].request, err.text);
	const lyre_value *rows = json(&a, out.data);
	for (uint32_t i = 0; i < rows->len; i++) {
		if (i)
			buf_add_char(&ids, ',');
		json_add_value(&ids, value_get(&rows->items[i], "id"));
	}
	if (strcmp(buf_cstr(&ids), quoted(&a, found[n].ids)))
		ck_abort_msg("%s\nfound  %s\nwanted %s", found[n].request, ids.data, found[n].ids);
	buf_free(&out);
	buf_free(&ids);
	arena_free(&a);
}

START_TEST(finds)
{
	for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++)
		finds_one(i);
}
END_TEST

static const struct {
	const char *table, *request;
	const struct encoder *format;
	const char *rows;
} shown[] = {
	{ "dog", "{'ids':[1],'get_attributes':['age','name','id']}", &encode_json, "[{'age':7,'name':'Penny','id':1}]" },
	{ "dog", "{'ids':[99],'get_attributes':['age']}", &encode_json, "[]" },
	{ "dog", "{'ids':[1],'get_attributes':['name','*']}", &encode_json, "[{'name':'Penny','*':null}]" },
	{ "dog", "{'ids':[8],'get_attributes':['id','owner','id']}", &encode_json, "[{'id':8,'owner':null}]" },
	{ "dog", "{'ids':[1],'get_attributes':['id',{'name':'owner','select':['name']}]}", &encode_json,
		"[{'id':1,'owner':{'name':'Kyle'}}]" },
	{ "dog", "{'ids':[1],'get_attributes':['id','$id']}", &encode_json, "[{'id':1,'$id':1}]" },
	{ "ni", "{}", &encode_json, "[{'id':1,'a':'x','b':'x'},{'id':2,'a':'y','b':'y'},{'id':3}]" },
	{ "dates", "{}", &encode_json,
		"[{'id':1,'d':'2024-01-02T03:04:05.678Z','by':{'type':'Buffer','data':[97,98]},"
		"'o':[{'x':1,'y':2},{'y':3},4],'extra':'seen'},"
		"{'id':2,'d':'2023-05-06T00:00:00.000Z','bi':123456789012345678901234567890},{'id':3,'d':null}]" },
	{ "dates", "{'ids':[1],'get_attributes':[{'name':'o','select':['x']}]}", &encode_json, "[{'o':[{'x':1},{'x':null},4]}]" },
#ifdef LYRE_FORMAT_CSV
	{ "dog", "{'ids':[1,4],'get_attributes':['id','name','weight','owner','adorable','tags']}", &encode_csv,
		"'id','name','weight','owner','adorable','tags'\n"
		"1,'Penny',38.5,'{''name'':''Kyle'',''city'':''Denver''}',true,'[''small'',''brown'']'\n"
		"4,'Billy',,,true," },
	{ "dog", "{'ids':[99],'get_attributes':['id']}", &encode_csv, "" },
	{ "ni", "{'get_attributes':['*','id']}", &encode_csv, "'id','a','b'\n1,'x','x'\n2,'y','y'\n3,," },
	{ "dates", "{'ids':[1]}", &encode_csv,
		"'id','d','by','bi','o'\n1,'2024-01-02T03:04:05.678Z','{''type'':''Buffer'',''data'':[97,98]}',,"
		"'[{''x'':1,''y'':2},{''y'':3},4]'" },
#endif
};

static void shows_one(size_t n)
{
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	const lyre_value *request = json(&a, shown[n].request);
	static const size_t wants[] = { 1, 40, SIZE_MAX / 2 };
	for (size_t i = 0; i < 3; i++) {
		if (ask(shown[n].table, request, shown[n].format, wants[i], &out))
			ck_abort_msg("%s: %s", shown[n].request, err.text);
		if (strcmp(out.data, quoted(&a, shown[n].rows)))
			ck_abort_msg("%s\nshown  %s\nwanted %s", shown[n].request, out.data, shown[n].rows);
	}
	buf_free(&out);
	arena_free(&a);
}

START_TEST(shows)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		shows_one(i);
}
END_TEST

static const struct {
	const char *request;
	int code;
	const char *text;
} refused[] = {
	{ "{'conditions':[{'attribute':'age','comparator':'like','value':7}]}", LYRE_EINVAL, "Unknown query comparator \"like\"" },
	{ "{'conditions':[{'attribute':'age','comparator':'EQUALS','value':7}]}", LYRE_EINVAL,
		"Unknown query comparator \"EQUALS\"" },
	{ "{'conditions':[{'attribute':'age','comparator':5,'value':7}]}", LYRE_EINVAL, "Unknown query comparator 5" },
	{ "{'conditions':[{'attribute':'age','comparator':'equals'}]}", LYRE_EINVAL, "Search condition for age must have a value" },
	{ "{'conditions':[{'attribute':'owner','value':{'name':'Kaylan'}}]}", LYRE_EINVAL,
		"Unable to serialize object as a key: {\"name\":\"Kaylan\"}" },
	{ "{'conditions':[{'attribute':'nope','value':7}]}", LYRE_EINVAL, "unknown attribute 'nope'" },
	{ "{'conditions':[{'attribute':'nope','value':7}],'get_attributes':['id','nope',5]}", LYRE_EINVAL,
		"unknown attribute 'nope and 5'" },
	{ "{'conditions':[{'attribute':['owner','name'],'value':'Kyle'}]}", LYRE_ENOTFOUND,
		"owner,name is not a defined attribute" },
	{ "{'conditions':[{}]}", LYRE_EINVAL, "Search condition must have an attribute" },
	{ "{'conditions':[null]}", LYRE_EINVAL, "A search condition must be an object, not null" },
	{ "{'conditions':[]}", LYRE_EINVAL, "'conditions' must contain at least 1 items" },
	{ "{'conditions':{}}", LYRE_EINVAL, "'conditions' must be an array" },
	{ "{'conditions':[{'operator':'or','conditions':[{'attribute':'age','comparator':'nope','value':7}]}]}", LYRE_EINVAL,
		"An \"or\" operator requires at least two conditions" },
	{ "{'conditions':[{'operator':'or','conditions':[{'attribute':'nope','value':7}]}]}", LYRE_EINVAL,
		"unknown attribute 'nope'" },
	{ "{'conditions':[{'operator':'xor','conditions':[{'attribute':'age','value':7}]}]}", LYRE_EINVAL,
		"'operator' must be one of [and, or]" },
	{ "{'sort':{'attribute':'nope'}}", LYRE_ENOTFOUND, "nope is not a defined attribute" },
	{ "{'sort':{'descending':true}}", LYRE_EINVAL, "Sort requires an attribute" },
	{ "{'sort':'name'}", LYRE_EINVAL, "'sort' must be of type object" },
	{ "{'sort':[{'attribute':'name'}]}", LYRE_EINVAL, "'sort' must be of type object" },
	{ "{'sort':{'attribute':'name','descending':'yes'}}", LYRE_EINVAL, "'sort.descending' must be a boolean" },
	{ "{'get_attributes':[]}", LYRE_EINVAL, "'get_attributes' must contain at least 1 items" },
	{ "{'get_attributes':'*'}", LYRE_EINVAL, "'get_attributes' must be an array" },
	{ "{'get_attributes':[true]}", LYRE_EINVAL, "'get_attributes' must be strings, numbers or objects with a name" },
	{ "{'ids':[1],'get_attributes':['nope','name','nope2','nope3']}", LYRE_EINVAL,
		"unknown attribute 'nope, nope2 and nope3'" },
	{ "{'conditions':[{'attribute':'name','comparator':'contains','value':null}]}", LYRE_EINVAL,
		"This comparator needs a string or a number, not null" },
	{ "{'conditions':[{'attribute':'name','comparator':'not_contains','value':['a']}]}", LYRE_EINVAL,
		"This comparator needs a string or a number, not [\"a\"]" },
	{ "{'conditions':[{'attribute':'name','comparator':'not_starts_with','value':true}]}", LYRE_EINVAL,
		"This comparator needs a string or a number, not true" },
	{ "{'conditions':[{'attribute':'name','comparator':'in','value':'Penny'}]}", LYRE_EINVAL,
		"This comparator needs an array of values, not \"Penny\"" },
	{ "{'conditions':[{'attribute':'name','comparator':'not_in','value':{'a':1}}]}", LYRE_EINVAL,
		"This comparator needs an array of values, not {\"a\":1}" },
	{ "{'conditions':[{'attribute':'name','comparator':'in','value':['a',['b']]}]}", LYRE_EINVAL,
		"Unable to serialize array as a key: [\"b\"]" },
	{ "{'conditions':[{'attribute':'name','comparator':'in','value':[{}]}]}", LYRE_EINVAL,
		"Unable to serialize object as a key: {}" },
	{ "{'conditions':[{'attribute':'nope','comparator':'in','value':[1]}]}", LYRE_EINVAL, "unknown attribute 'nope'" },
	{ "{'conditions':[{'attribute':'name','comparator':'in'}]}", LYRE_EINVAL, "Search condition for name must have a value" },
};

static void refuses_one(size_t n)
{
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	int rc = ask("dog", json(&a, refused[n].request), &encode_json, 1000, &out);
	ck_assert_msg(rc == refused[n].code && !strcmp(err.text, refused[n].text), "%s: %d %s", refused[n].request, rc, err.text);
	buf_free(&out);
	arena_free(&a);
}

START_TEST(refuses)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		refuses_one(i);
}
END_TEST

START_TEST(too_deep)
{
	struct arena a;
	struct buf request, out;
	arena_init(&a);
	buf_init(&request);
	buf_init(&out);
	for (int i = 0; i < 65; i++)
		buf_add_str(&request, "{'conditions':[");
	buf_add_str(&request, "{'attribute':'age','value':1}");
	for (int i = 0; i < 65; i++)
		buf_add_str(&request, "]}");
	ck_assert_int_eq(ask("dog", json(&a, buf_cstr(&request)), &encode_json, 1000, &out), LYRE_EINVAL);
	buf_free(&request);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

START_TEST(ends_with_its_table)
{
	struct arena a;
	struct query *q;
	struct buf out;
	lyre_out o;
	arena_init(&a);
	buf_init(&out);
	out_init(&o, &out);
	make_table("gone", NULL, 0);
	insert("gone", "[{'id':1},{'id':2},{'id':3}]");
	const struct table *t = table_of("gone");
	must_do(open_query(&q, &a, t, json(&a, "{}")));
	ck_assert_int_eq(query_write(q, &o, 1, &err), 0);
	must_do(store_drop_table(store, "d", "gone", &err));
	ck_assert_int_eq(query_write(q, &o, 1, &err), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "Table 'd.gone' does not exist");
	query_close(q);
	table_unref(t);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

START_TEST(values_of_kinds)
{
	struct arena a;
	struct query *q;
	lyre_value row;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	const struct table *t = table_of("dates");
	must_do(open_query(&q, &a, t, json(&a, "{'get_attributes':['d','by',{'name':'o','select':['x']}],'limit':1}")));
	must_do(query_next(q, &a, &row, &err));
	json_add_value(&out, &row);
	ck_assert_str_eq(buf_cstr(&out),
		quoted(&a,
			"{'d':'2024-01-02T03:04:05.678Z','by':{'type':'Buffer','data':[97,98]},"
			"'o':[{'x':1},{'x':null},4]}"));
	ck_assert_int_eq(query_next(q, &a, &row, &err), LYRE_END);
	ck_assert_int_eq(query_next(q, &a, &row, &err), LYRE_END);
	query_close(q);
	table_unref(t);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static void must_find(const char *table, const char *request, const char *rows)
{
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	must_do(ask(table, json(&a, request), &encode_json, 1000, &out));
	ck_assert_str_eq(out.data, quoted(&a, rows));
	buf_free(&out);
	arena_free(&a);
}

START_TEST(keys_beyond_integers)
{
	make_table("big", NULL, 0);
	insert("big", "[{'id':18446744073709552000},{'id':1e30},{'id':9223372036854775807}]");
	must_find("big", "{'ids':[18446744073709552000,1e30,9223372036854775807],'get_attributes':['id']}",
		"[{'id':18446744073709552000},{'id':1e+30},{'id':9223372036854775807}]");
	must_find("big", "{'conditions':[{'attribute':'id','value':18446744073709552000}],'get_attributes':['id']}",
		"[{'id':18446744073709552000}]");
	/* Adjacent integers that no double represents: no record has such a key. */
	must_find("big", "{'ids':[18446744073709552001,1000000000000000000000000000001],'get_attributes':['id']}", "[]");
	must_find("big", "{'conditions':[{'attribute':'id','value':18446744073709552001}],'get_attributes':['id']}", "[]");
	must_find("big",
		"{'conditions':[{'attribute':'id','comparator':'gt','value':9223372036854775807}],'get_attributes':['id']}",
		"[{'id':18446744073709552000},{'id':1e+30}]");
}
END_TEST

START_TEST(keys_of_64_bits)
{
	make_table("wide", NULL, 0);
	insert("wide",
		"[{'id':18446744073709551615},{'id':18446744073709551614},{'id':9223372036854775808},{'id':9223372036854775809},"
		"{'id':-9223372036854775809},{'id':-9223372036854775808},{'id':9223372036854775807}]");
	must_find("wide",
		"{'conditions':[{'attribute':'id','comparator':'between','value':[-1e300,1e300]}],'get_attributes':['id']}",
		"[{'id':-9223372036854775809},{'id':-9223372036854775808},{'id':9223372036854775807},{'id':9223372036854775808},"
		"{'id':9223372036854775809},{'id':18446744073709551614},{'id':18446744073709551615}]");
	must_find("wide", "{'ids':[18446744073709551614,18446744073709551613,9223372036854775808.0],'get_attributes':['id']}",
		"[{'id':18446744073709551614},{'id':9223372036854775808}]");
	must_find("wide",
		"{'conditions':[{'attribute':'id','comparator':'gt','value':9223372036854775808}],'get_attributes':['id'],"
		"'sort':{'attribute':'id','descending':true}}",
		"[{'id':18446744073709551615},{'id':18446744073709551614},{'id':9223372036854775809}]");
	must_find("wide",
		"{'conditions':[{'attribute':'id','comparator':'le','value':-9223372036854775809}],'get_attributes':['id']}",
		"[{'id':-9223372036854775809}]");
}
END_TEST

/* Once without and once with an index. */
START_TEST(values_beyond_integers)
{
	const struct lyre_attribute attributes[] = { { .size = sizeof(*attributes), .name = "id" },
		{ .size = sizeof(*attributes), .name = "i", .flags = LYRE_A_INDEXED }, { .size = sizeof(*attributes), .name = "n" },
		{ .size = sizeof(*attributes), .name = "b", .type = "BigInt", .flags = LYRE_A_INDEXED } };
	make_table("values", attributes, 4);
	insert("values",
		"[{'id':1,'i':18446744073709551615,'n':18446744073709551615,'b':18446744073709551617},"
		"{'id':2,'i':18446744073709551614,'n':18446744073709551614,'b':18446744073709551616},"
		"{'id':3,'i':18446744073709551616,'n':18446744073709551616,'b':18446744073709551618},"
		"{'id':4,'i':1152921504606846976.0,'n':1152921504606846976.0,'b':9223372036854775809}]");
	for (int indexed = 0; indexed < 2; indexed++) {
		char request[256];
		static const char *const cases[][2] = {
			{ "'value':18446744073709551615", "[{'id':1}]" },
			{ "'value':18446744073709551613", "[]" },
			{ "'value':18446744073709551616", "[{'id':3}]" },
			{ "'comparator':'lt','value':18446744073709551615", "[{'id':4},{'id':2}]" },
			{ "'comparator':'contains','value':'6976'", "[{'id':4}]" },
		};
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			snprintf(request, sizeof(request),
				"{'conditions':[{'attribute':'%s',%s}],'get_attributes':['id'],'sort':{'attribute':'n'}}",
				indexed ? "i" : "n", cases[i][0]);
			must_find("values", request, cases[i][1]);
		}
	}
	must_find("values", "{'ids':[1,3,4],'get_attributes':['i','b']}",
		"[{'i':18446744073709551615,'b':18446744073709551617},"
		"{'i':18446744073709552000,'b':18446744073709551618},{'i':1152921504606846976,'b':9223372036854775809}]");
	must_find(
		"values", "{'conditions':[{'attribute':'b','value':18446744073709551617}],'get_attributes':['id']}", "[{'id':1}]");
	must_find("values",
		"{'conditions':[{'attribute':'b','comparator':'gt','value':18446744073709551616}],'get_attributes':['id']}",
		"[{'id':1},{'id':3}]");
	must_find("values",
		"{'conditions':[{'attribute':'id','comparator':'gt','value':0}],'get_attributes':['id'],"
		"'sort':{'attribute':'b','descending':true}}",
		"[{'id':3},{'id':1},{'id':2},{'id':4}]");
}
END_TEST

START_TEST(times)
{
	make_table("times", NULL, 0);
	insert("times", "[{'id':1},{'id':2}]");
	must_find("times",
		"{'conditions':[{'attribute':'__createdtime__','comparator':'gt','value':0},"
		"{'attribute':'__updatedtime__','comparator':'lt','value':1e15}],'get_attributes':['id']}",
		"[{'id':1},{'id':2}]");
	must_find("times", "{'conditions':[{'attribute':'__createdtime__','comparator':'gt','value':1e15}]}", "[]");
	must_find("times", "{'sort':{'attribute':'__updatedtime__','descending':true},'get_attributes':['id']}",
		"[{'id':1},{'id':2}]");
	must_find("times", "{'sort':{'attribute':'__updatedtime__','descending':true},'get_attributes':['id'],'limit':1}",
		"[{'id':1}]");
}
END_TEST

/* What is written between two slices is seen, but no row that does not match is returned. */
START_TEST(written_between)
{
	static const char *const requests[] = {
		"{'conditions':[{'attribute':'n','comparator':'ge','value':0}],'get_attributes':['id','n']}",
		"{'conditions':[{'attribute':'n','comparator':'ge','value':0}],'get_attributes':['id','n'],"
		"'sort':{'attribute':'m','next':{'attribute':'id'}}}",
	};
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	make_table("moving", NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		write_records("moving", LYRE_UPSERT,
			json(&a, "[{'id':1,'n':1,'m':1},{'id':2,'n':2,'m':1},{'id':3,'n':3,'m':1},{'id':4,'n':4}]"));
		const struct table *t = table_of("moving");
		struct query *q;
		lyre_out o;
		buf_clear(&out);
		out_init(&o, &out);
		must_do(open_query(&q, &a, t, json(&a, requests[i])));
		must_do(query_write(q, &o, 1, &err));
		write_records("moving", LYRE_UPDATE, json(&a, "[{'id':2,'n':-1},{'id':3,'n':7}]"));
		write_records("moving", LYRE_DELETE, json(&a, "[4,1]"));
		while (!query_write(q, &o, out.len + 1, &err))
			;
		must(buf_cstr(&out));
		if (i)
			ck_assert_str_eq(out.data, quoted(&a, "[{'id':4,'n':4},{'id':3,'n':7}]"));
		else
			ck_assert_str_eq(out.data, quoted(&a, "[{'id':1,'n':1},{'id':3,'n':7}]"));
		query_close(q);
		table_unref(t);
	}
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_recorded");
	TCase *c = tcase_create("search");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, store_stop);
	tcase_add_test(c, finds);
	tcase_add_test(c, shows);
	tcase_add_test(c, refuses);
	tcase_add_test(c, too_deep);
	tcase_add_test(c, ends_with_its_table);
	tcase_add_test(c, values_of_kinds);
	tcase_add_test(c, keys_beyond_integers);
	tcase_add_test(c, keys_of_64_bits);
	tcase_add_test(c, values_beyond_integers);
	tcase_add_test(c, times);
	tcase_add_test(c, written_between);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
