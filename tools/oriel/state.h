/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor does not store about a domain: its name and its device
 * model.  One small file per domain, named by the domain's UUID, in
 * $ORIEL_STATE, else /run/oriel, else /tmp/oriel-UID.  Without the file the
 * name and the device model's process id are lost, nothing else.
 */
#ifndef ORIEL_STATE_H
#define ORIEL_STATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/xen.h>

struct state_record {
    char name[64];
    pid_t dm_pid; /* 0: none */
    unsigned long long dm_start; /* its start time: a pid may be another's */
    char uart[PATH_MAX]; /* file of the UART's output; empty: unknown */
};

/*
 * The folder, made when missing.  NULL with errno: it cannot be made, or
 * (EPERM) it is not a folder that only this user owns and can write.
 */
const char *state_dir(void);

/* A path in it, "UUID.suffix" or without a suffix "UUID"; free() it. */
char *state_path(const uint8_t *handle, const char *suffix);

/* A warning, errno included, that a domain's WHAT is not in the folder. */
void state_lost(uint32_t domid, const char *what);

/* False with errno.  A uart with a newline in it is not recorded. */
bool state_write(const uint8_t *handle, const struct state_record *record);

/* False when there is no record, or it is malformed. */
bool state_read(const uint8_t *handle, struct state_record *record);

/* Removes the record and its companion files. */
void state_remove(const uint8_t *handle);

/*
 * Removes records of domains that do not exist, after printing the messages of
 * their device models.  With several hypervisors on a machine, another one may
 * have a domain that is not in the list: the record of a live device model is
 * kept.
 */
void state_prune(bool (*lives)(const uint8_t *handle, void *arg), void *arg);

#endif
