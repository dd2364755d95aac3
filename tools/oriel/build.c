/* SPDX-License-Identifier: MIT */
/*
 * The steps.  Files are read and checked before the domain is created.  When a
 * later step fails, the domain is destroyed, and its memory, ports and grants
 * go with it.
 */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"
#include "signals.h"
#include "state.h"

static const struct step {
    const char *what;
    step_fn *run;
} steps[] = {
    { "read the images", read_images },
    { "lay out its memory", lay_out },
    { "create the domain", create_domain },
    { "record its name", record_name },
    { "set the memory for its page tables", set_paging_pool },
    { "make its vcpus", make_vcpus },
    { "limit its memory", set_memory_limit },
    { "set its time stamp counter", set_tsc },
    { "make its event channels", make_event_channels },
    { "populate its memory", populate },
    { "set its memory map", set_memory_map },
    { "load the kernel", load_kernel },
    { "load the ramdisk", load_ramdisk },
    { "write the start info", write_start_info },
    { "clear the special pages", clear_special_pages },
    { "set its parameters", set_params },
    { "set its memory types", set_memory_types },
    { "set its first vcpu", set_first_vcpu },
    { "seed its grant table", seed_grants },
};

#define NR_STEPS (sizeof(steps) / sizeof(steps[0]))

static void progress(const struct build *b, unsigned int nr, bool on_tty)
{
    if ( b->verbose )
        fprintf(stderr, "[%2u/%zu] %s\n", nr + 1, NR_STEPS, steps[nr].what);
    else if ( on_tty )
        fprintf(stderr, "\r\033[K[%2u/%zu] %s", nr + 1, NR_STEPS,
                steps[nr].what);
}

static void explain(struct build *b, const struct step *step, int rc)
{
    char who[CONFIG_NAME_MAX + 16];

    if ( b->exists )
        snprintf(who, sizeof(who), "d%u (%s)", b->domid, b->config->name);
    else
        snprintf(who, sizeof(who), "%s", b->config->name);
    if ( b->short_of_memory )
        b->hint = host_memory_hint(b);
    if ( rc == -EINTR )
        failed("%s: interrupted: %s", who, b->exists ? "it is destroyed"
                                                     : "it is not created");
    else if ( *b->why )
        failed("%s: %s: %s%s%s", who, step->what, b->why, b->hint ? "; " : "",
               b->hint ? b->hint : "");
    else
        failed_errno(rc, b->hint, "%s: %s", who, step->what);
}

int build_interrupted(void)
{
    return signals_arrived() ? -EINTR : 0;
}

/* First the domain goes, then the message can say how much memory is free. */
static void undo(struct build *b, const struct step *step, int rc)
{
    bool left = b->exists && xc_domain_destroy(b->xch, b->domid) &&
                errno != ESRCH;
    int err = errno;

    explain(b, step, rc);
    if ( left )
        failed_errno(err, "try oriel destroy", "d%u: undo: destroy it",
                     b->domid);
    else if ( b->exists )
        state_remove(b->uuid);
    b->exists = false;
}

static void line(uint64_t start, uint64_t size, const char *what)
{
    fprintf(stderr, "  %#14llx  %#14llx  %s\n", (unsigned long long)start,
            (unsigned long long)(start + size - 1), what);
}

static void print_layout(const struct build *b)
{
    const struct layout *l = &b->layout;

    fprintf(stderr, "  %14s  %14s\n", "from", "to");
    for ( unsigned int i = 0; i < l->nr_ram; i++ )
        line(l->ram[i].start, l->ram[i].end - l->ram[i].start, "RAM");
    for ( unsigned int i = 0; i < b->image.nr_segments; i++ )
        line(b->image.segment[i].paddr, b->image.segment[i].memsz,
             "  kernel segment");
    if ( l->ramdisk_size )
        line(l->ramdisk, l->ramdisk_size, "  ramdisk");
    line(l->start_info, l->start_info_size, "  start info");
    line(LAYOUT_IOREQ_GFN * LAYOUT_PAGE, LAYOUT_NR_IOREQ * LAYOUT_PAGE,
         "special: ioreq servers' pages");
    line(LAYOUT_IDENT_PT_GFN * LAYOUT_PAGE, LAYOUT_PAGE,
         "special: identity page table");
    line(LAYOUT_CONSOLE_GFN * LAYOUT_PAGE, LAYOUT_PAGE, "special: console");
    line(LAYOUT_XENSTORE_GFN * LAYOUT_PAGE, LAYOUT_PAGE, "special: xenstore");
    fprintf(stderr, "  entry %#llx (%s, %u-bit ELF); %lu pages of 2 MiB, %lu "
            "of 4 KiB; console port %u, xenstore port %u\n",
            (unsigned long long)b->image.entry,
            b->image.has_note ? "PHYS32_ENTRY" : "e_entry", b->image.bits,
            b->nr_large, b->nr_small, b->console_port, b->store_port);
}

bool build(struct build *b)
{
    bool on_tty = isatty(STDERR_FILENO) && !b->quiet;
    int rc = 0;
    unsigned int i;

    b->memory = xc_interface_fmem_handle(b->xch);
    for ( i = 0; i < NR_STEPS && !rc; i++ )
    {
        progress(b, i, on_tty);
        b->hint = NULL;
        b->why[0] = '\0';
        rc = steps[i].run(b);
        if ( !rc )
            rc = build_interrupted();
    }
    if ( on_tty && !b->verbose )
        fputs("\r\033[K", stderr);
    if ( !rc )
    {
        if ( b->verbose )
            print_layout(b);
        return true;
    }
    undo(b, &steps[i - 1], rc);
    return false;
}

void build_free(struct build *b)
{
    free(b->kernel.bytes);
    free(b->ramdisk.bytes);
}
