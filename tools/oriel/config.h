/* SPDX-License-Identifier: MIT */
/*
 * A guest as a configuration file describes it: xl.cfg's syntax and names.
 *
 *   config.c        the file: oriel-config is run, its records are read
 *   config-keys.c   the settings and their allowed values
 */
#ifndef ORIEL_CONFIG_H
#define ORIEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#define CONFIG_NAME_MAX 64

struct config {
    char *name;
    bool hvm; /* type = "hvm": more devices emulated by the hypervisor */
    char *kernel, *ramdisk;
    char *firmware; /* until config_finish(), which makes it the kernel */
    char *cmdline; /* never NULL */
    char *root, *extra; /* when there is no cmdline */
    uint64_t memory, maxmem; /* MiB */
    uint64_t vcpus, maxvcpus;
    int64_t max_grant_frames, max_maptrack_frames; /* -1: the host's default */
    int64_t max_grant_version; /* -1: the highest the host has */
    uint64_t max_event_channels; /* highest port */
    uint64_t tsc_mode; /* as XEN_DOMCTL_settscinfo has it */
    bool strict; /* a setting that would be ignored is an error */
    bool has_uuid;
    xen_domain_handle_t uuid;
};

/* One setting of the file. */
struct config_record {
    const char *name, *kind;
    unsigned int line;
    unsigned int before; /* line of an assignment that does not count, or 0 */
    unsigned int nr_items;
    const char *const *item;
};

/*
 * Reads a file; "-" is standard input.  A setting that is unknown, is set again
 * or has no effect causes a warning,
 * or with strict an error.  False after an error, whose message has the line
 * and what was expected.  Call config_free() in either case.
 */
bool config_read(const char *path, bool strict, struct config *config);
void config_free(struct config *config);

/* ---- config-keys.c ---- */

void config_defaults(struct config *config);

/* Applies a setting.  False after a message. */
bool config_apply(const char *path, const struct config_record *record,
                  struct config *config);

/* Checks that need all settings.  False after a message. */
bool config_finish(const char *path, struct config *config);

#endif
