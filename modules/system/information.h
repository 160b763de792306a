/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/information.h
 * \brief The parts of system_information: each writes the value of its member to the answer.
 *
 * Values that cannot be read, as in a container or if parts of /proc are hidden, are null. Unless stated otherwise, sizes are
 * in bytes, times in milliseconds and loads in percent, as clients expect. Rates cover the time since an earlier reading:
 * the first reading is taken when the module starts, the others by requests, and no request waits for one. Each part has its
 * own lock, so these functions may be called on any thread.
 */
#ifndef SYSTEM_INFORMATION_H
#define SYSTEM_INFORMATION_H

#include <lyre/lyre.h>

#include <stdbool.h>

/** Stands for an unknown integer. */
#define UNKNOWN INT64_MIN
/** Minimum time between readings for rates, ms. */
#define READING_GAP 250.0

/** The start() and stop() of the module. */
int information_start(lyre_instance *self);
void information_stop(lyre_instance *self);

/* information.c: for all parts */
double information_now(void);
/** Whether another reading is due; the first rates come sooner. \param rates  whether there are two readings already */
bool reading_due(double last, bool rates, double now);
/** Reads the first line of a file, without its newline, truncated to fit. \return its length, -1 if it cannot be read */
int read_line(const char *path, char *text, size_t size);
/** Reads the integer in a file of one line. \return UNKNOWN if there is none */
int64_t read_integer(const char *path);
double two_decimals(double d);
void put_int(lyre_out *o, const char *key, int64_t i);   /**< UNKNOWN: null */
void put_double(lyre_out *o, const char *key, double d); /**< NAN: null */
void put_bool(lyre_out *o, const char *key, bool b);
void put_null(lyre_out *o, const char *key);

/* host_system.c: the machine, and its clock */
void host_system_start(void);
void write_system(lyre_out *o);
void write_time(lyre_out *o);

/* cpu.c */
void cpu_start(void);
void cpu_stop(void);
void write_cpu(lyre_out *o);

/* host_memory.c */
void memory_start(void);
void memory_stop(void);
void write_memory(lyre_out *o);

/* disk.c */
void disk_start(void);
void disk_stop(void);
void write_disk(lyre_out *o);

/* network.c */
void write_network(lyre_out *o, bool measured);

/* processes.c */
void processes_start(void);
void write_processes(lyre_out *o);
void write_threads(lyre_out *o);

/* server_metrics.c: what the server counts. \return 0, or a failure that is set for the call */
int write_table_size(lyre_call *call, lyre_out *o);
int write_metrics(lyre_call *call, lyre_out *o);

#endif
