/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/sent_file.c
 * \brief The path of a request whose body is a file: its header says who sends it and what for, which is decided before
 * any of the body is read. A worker writes it to disk piece by piece, while the connection is suspended.
 */
#include "dispatch/dispatch_internal.h"

#include "store/upload.h"

#include <stdlib.h>
#include <string.h>

bool dispatch_takes_file(const struct exchange *x)
{
	return x->method == METHOD_POST && !strcmp(x->path, "/") && is_file_type(x->content_type);
}

/* ---- the request ---- */

enum flow file_begin(struct run *r)
{
	if (!r->x->query)
		return FLOW_NEXT;
	r->next = file_steps;
	r->call.body = *r->x->query;
	return FLOW_NEXT;
}

/** All values of a query string are strings: those of parameters that are not strings are read as JSON. */
static void read_texts(lyre_call *call)
{
	const struct operation *o = call->operation;
	lyre_value v;
	struct err ignored;

	for (size_t i = 0; i < o->param_count; i++) {
		lyre_value *arg = &call->args[i];

		if (call->given[i] && !(o->params[i].types & LYRE_T_STRING) &&
			!json_decode_copy(call->arena, arg->s, arg->len, &v, &ignored))
			*arg = v;
	}
}

static enum flow bind(struct run *r)
{
	lyre_call *call = &r->call;
	const struct operation *o = call->operation;
	size_t n = operation_param_flagged(o, LYRE_P_FILE);
	struct err e;

	if (n == o->param_count) {
		err_set(&e, LYRE_EMEDIA, "'%s' does not take a file: send its parameters as JSON", o->name);
		return refuse_err(r, &e);
	}
	if (arguments_bind(call, &r->labels))
		return out_of_memory(r);
	if (call->given[n]) {
		err_set(&e, LYRE_EINVAL, "'%s' is the body of this request: leave it out of the query string", o->params[n].name);
		return refuse_err(r, &e);
	}
	call->upload = upload_new(call->store, r->x->body_size);
	if (!call->upload)
		return out_of_memory(r);
	const char *path = upload_path(call->upload);
	call->args[n] = value_text(path, strlen(path));
	call->given[n] = true;
	read_texts(call);
	return FLOW_NEXT;
}

/* ---- the body ---- */

/** Hands work to a worker, which stores the result in r->rc and calls run_wake(r, 1). */
static enum flow leave_to_worker(struct run *r, void (*run)(struct pool_task *task))
{
	atomic_store(&r->holds, 2);
	r->task.run = run;
	pool_submit(r->dispatch->services.pool, &r->task);
	return FLOW_WAIT;
}

static void work_look(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);

	r->rc = upload_look(r->call.upload, &r->call.err);
	run_wake(r, 1);
}

static enum flow look(struct run *r)
{
	return leave_to_worker(r, work_look);
}

static void work_piece(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);
	lyre_call *call = &r->call;
	int (*check)(lyre_call * call) = call->operation->decl->check;
	bool first = !upload_came(call->upload);

	r->rc = upload_write(call->upload, r->x->body.data, r->x->body.len, r->x->body_whole, &call->err);
	if (!r->rc && first && check)
		r->rc = check(call);
	run_wake(r, 1);
}

static enum flow ask_for_piece(struct run *r)
{
	if (!r->rc)
		return FLOW_PIECE;
	answer_call(r);
	return FLOW_DONE;
}

static enum flow write_piece(struct run *r)
{
	buf_clear(&r->x->out);
	out_init(&r->call.out, &r->x->out);
	return leave_to_worker(r, work_piece);
}

static enum flow next_piece(struct run *r)
{
	buf_clear(&r->x->body);
	r->received = upload_came(r->call.upload);
	if (r->rc || !r->x->body_whole)
		r->next -= 3; /* ask_for_piece */
	return FLOW_NEXT;
}

const step_function file_steps[] = {
	name_operation,
	sign_in_sender,
	find_operation,
	sign_in_limit,
	bind,
	permit,
	validate,
	look,
	ask_for_piece,
	write_piece,
	next_piece,
	stopping_meanwhile,
	sign_in_header_again,
	sign_in_header_end,
	sign_in_sender,
	permit,
	start,
	go_on,
	rows_begin,
	answer,
};

/* ---- the end ---- */

struct discard {
	struct pool_task task;
	struct upload *upload;
};

static void work_discard(struct pool_task *task)
{
	struct discard *d = (struct discard *)((char *)task - offsetof(struct discard, task));

	upload_discard(d->upload);
	free(d);
}

void file_discard(lyre_call *call)
{
	struct discard *d = call->upload ? malloc(sizeof *d) : NULL;

	if (d) {
		*d = (struct discard){ .task.run = work_discard, .upload = call->upload };
		pool_submit(call->dispatch->services.pool, &d->task);
	} else if (call->upload) {
		upload_discard(call->upload);
	}
	call->upload = NULL;
}
