/* SPDX-License-Identifier: MIT */
/* What file.c, connect.c and process.c share. */
#ifndef FILE_H
#define FILE_H

#include "preload.h"

extern struct file *files;     /* [table_lock] */
extern int memfd;              /* all frames; [table_lock] to set */
extern uint64_t address_space; /* its unique name */

/* ---- connect.c ---- */

/*
 * A connection for a new file (WIRE_OPEN, a kind) or for an existing handle
 * (WIRE_ATTACH, its name), with a user for the caller, or NULL and *rc.
 */
struct file *new_file(uint32_t type, uint64_t what, int flags, int *handle,
                      long *rc);
void free_file(struct file *f);
/* Print once that the limit of descriptors is reached; -EMFILE. */
int say_no_descriptor(void);

/* ---- file.c ---- */

/* A user for the caller, or NULL; table_lock held. */
struct file *look_up(uint32_t name);
/* Put the file into the table, unless another thread did; the one in there. */
struct file *add_file(struct file *f, uint32_t name);

#endif
