/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor does not keep about a domain: its name and who serves
 * it.  One small file per domain, named by its UUID, in $ORIEL_STATE, else
 * /run/oriel, else /tmp/oriel-UID.  Losing it loses names and the device
 * model's process id, nothing else.
 */
#ifndef ORIEL_STATE_H
#define ORIEL_STATE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include <xen/xen.h>

struct state_record {
    char name[64];
    pid_t dm_pid; /* 0: none */
    unsigned long long dm_start; /* its start time: a pid may be another's */
    char uart[PATH_MAX]; /* where the UART's output goes; empty: unknown */
};

/*
 * The folder, made when missing.  NULL with errno: it cannot be made, or
 * (EPERM) it is not a folder of ours that others cannot write.
 */
const char *state_dir(void);

/* A path in it, "UUID.suffix" or without a suffix "UUID"; free() it. */
char *state_path(const uint8_t *handle, const char *suffix);

/* False with errno. */
bool state_write(const uint8_t *handle, const struct state_record *record);

/* False when there is none, or it makes no sense. */
bool state_read(const uint8_t *handle, struct state_record *record);

/* The record and what goes with it. */
void state_remove(const uint8_t *handle);

/*
 * Removes records of domains that are gone.  With several hypervisors on a
 * machine "not in the list" is not enough: a live device model keeps its own.
 */
void state_prune(bool (*lives)(const uint8_t *handle, void *arg), void *arg);

#endif
