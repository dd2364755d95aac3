/* SPDX-License-Identifier: MIT */
/*
 * Building a domain: a list of steps, run in order, undone as one.
 *
 *   build.c         the list, progress, the table of what is where
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
    xenforeignmemory_handle *memory; /* lent by xch */
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

    /* Set by a step that fails: what to add to the message. */
    const char *hint;
    char why[ELF_WHY_MAX];
    char hint_text[192]; /* what a hint with numbers points to */
};

/*
 * Makes the domain of b->config, paused.  False after a message; then nothing
 * is left of it.  build_free() in either case.
 */
bool build(struct build *b);
void build_free(struct build *b);

/*
 * A step.  0, or a negative errno with hint or why, or both, set where they
 * say more than the number.
 */
typedef int step_fn(struct build *b);

/* ---- build-memory.c ---- */
step_fn read_images, lay_out, populate, set_memory_map, load_kernel,
    load_ramdisk, write_start_info, clear_special_pages;

/* ---- build-domain.c ---- */
/* For ENOMEM: how much the host has, how much is wanted, what to try. */
const char *host_memory_hint(struct build *b);
step_fn create_domain, set_paging_pool, make_vcpus, set_memory_limit, set_tsc,
    make_event_channels, set_params, seed_grants;

/* ---- build-cpu.c ---- */
step_fn set_memory_types, set_first_vcpu;

#endif
