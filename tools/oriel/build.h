/* SPDX-License-Identifier: MIT */
/*
 * Building a domain: a list of steps, run in order, undone as one.
 *
 *   build.c         the list, progress, the table of the memory layout
 *   build-domain.c  the domain: limits, parameters, event channels, grants
 *   build-memory.c  its memory: populate, memory map, kernel, start info
 *   build-cpu.c     its first vCPU
 */
#ifndef ORIEL_BUILD_H
#define ORIEL_BUILD_H

#include <stdbool.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "config.h"
#include "elf.h"
#include "layout.h"

struct file {
    void *bytes; /* NULL: none */
    size_t size;
};

struct build {
    const struct config *config;
    xc_interface *xch;
    xenforeignmemory_handle *memory; /* xch owns it */
    bool verbose, quiet;

    bool exists;
    uint32_t domid;
    xen_domain_handle_t uuid;
    bool nested_paging;
    uint32_t grant_version; /* highest allowed */

    struct file kernel, ramdisk;
    struct elf_image image;
    struct layout layout;
    evtchn_port_t console_port, store_port; /* the guest's ends */
    unsigned long nr_large, nr_small; /* pages of 2 MiB and of 4 KiB */

    /* A step that fails sets these: text to add to the message. */
    const char *hint;
    bool short_of_memory; /* the host is: the hint has figures */
    char why[ELF_WHY_MAX];
    char hint_text[192]; /* the text of a hint with numbers */
};

/*
 * Makes the domain of b->config, paused.  False after a message; then the
 * domain is destroyed.  Call build_free() in either case.
 */
bool build(struct build *b);
void build_free(struct build *b);

/* -EINTR when a signal is to end oriel, else 0: for long steps. */
int build_interrupted(void);

/*
 * A step.  0, or a negative errno; hint or why, or both, are set if they say
 * more than the number.
 */
typedef int step_fn(struct build *b);

/* ---- build-memory.c ---- */
step_fn read_images, lay_out, populate, set_memory_map, load_kernel,
    load_ramdisk, write_start_info, clear_special_pages;

/* ---- build-domain.c ---- */
/* The hint when the host is short of memory: free and wanted memory, and what
 * to try.  When what the domain had is free again. */
const char *host_memory_hint(struct build *b);
step_fn create_domain, record_name, set_paging_pool, make_vcpus,
    set_memory_limit, set_tsc, make_event_channels, set_params, seed_grants;

/* ---- build-cpu.c ---- */
step_fn set_memory_types, set_first_vcpu;

#endif
