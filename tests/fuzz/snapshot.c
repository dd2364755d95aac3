/* SPDX-License-Identifier: MIT */
/*
 * The arena gives addresses in rising order and reuses none until the machine
 * is put back: a freed object stays poisoned for AddressSanitizer, so a use of
 * it is found however much is allocated meanwhile.  Between two objects there
 * is a poisoned gap.  When the arena is full the heap has no memory, which
 * callers survive.
 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "snapshot.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <hv/page.h>

#define ARENA_BYTES (256UL << 20)
#define GAP 64UL
#define MAX_KEPT 4096U /* live objects when the machine is kept */

/* The linker's, around the sections that the Makefile makes. */
extern char __start_core_data[] __attribute__((weak));
extern char __stop_core_data[] __attribute__((weak));
extern char __start_core_bss[] __attribute__((weak));
extern char __stop_core_bss[] __attribute__((weak));

struct object {
    size_t bytes; /* rounded up to 64 */
};

static char *arena;
static size_t arena_used, kept_used;
static struct {
    char *p;
    size_t bytes;
    bool freed;
} kept[MAX_KEPT];
static unsigned int nr_kept;

/* A stretch of memory, and what was in it. */
static struct stretch {
    char *at, *copy;
    size_t bytes;
} *stretches;
static unsigned int nr_stretches;
static bool taken;

/*
 * memcpy() for memory that has poisoned parts: gaps between variables and
 * between objects.
 */
static void copy_bytes(void *to, const void *from, size_t bytes)
{
    asm volatile("rep movsb"
                 : "+D"(to), "+S"(from), "+c"(bytes)
                 :
                 : "memory");
}

bool snapshot_possible(void)
{
    return __start_core_data && __start_core_bss;
}

/* ---- the heap ---- */

static void *arena_alloc(size_t bytes)
{
    size_t need = (bytes + 63) & ~63UL;
    char *p = arena + arena_used + GAP;

    if ( need > ARENA_BYTES || arena_used + GAP + need > ARENA_BYTES )
        return NULL;
    arena_used += GAP + need;
    ASAN_UNPOISON_MEMORY_REGION(p - GAP, sizeof(struct object));
    ((struct object *)(p - GAP))->bytes = need;
    ASAN_POISON_MEMORY_REGION(p - GAP, sizeof(struct object));
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    if ( !taken )
    {
        if ( nr_kept == MAX_KEPT )
            fuzz_fail("more than %u objects to keep\n", MAX_KEPT);
        kept[nr_kept].p = p;
        kept[nr_kept++].bytes = bytes;
    }
    return p;
}

static size_t arena_size(void *p)
{
    struct object *o = (struct object *)((char *)p - GAP);
    size_t bytes;

    ASAN_UNPOISON_MEMORY_REGION(o, sizeof(*o));
    bytes = o->bytes;
    ASAN_POISON_MEMORY_REGION(o, sizeof(*o));
    return bytes;
}

static void arena_free(void *p)
{
    ASAN_POISON_MEMORY_REGION(p, arena_size(p));
    for ( unsigned int i = 0; !taken && i < nr_kept; i++ )
        kept[i].freed |= kept[i].p == p;
}

void snapshot_heap(void)
{
    arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if ( arena == MAP_FAILED )
        fuzz_fail("no arena\n");
    hosted_hooks.heap_alloc = arena_alloc;
    hosted_hooks.heap_free = arena_free;
    hosted_hooks.heap_size = arena_size;
}

/* ---- taking and putting back ---- */

static void keep(void *at, size_t bytes)
{
    struct stretch *s;

    stretches = realloc(stretches, (nr_stretches + 1) * sizeof(*stretches));
    s = stretches ? &stretches[nr_stretches++] : NULL;
    if ( !s || !(s->copy = malloc(bytes)) )
        fuzz_fail("no memory to keep the machine\n");
    s->at = at;
    s->bytes = bytes;
    copy_bytes(s->copy, at, bytes);
}

void snapshot_take(void)
{
    keep(__start_core_data, (size_t)(__stop_core_data - __start_core_data));
    keep(__start_core_bss, (size_t)(__stop_core_bss - __start_core_bss));
    keep(arena, arena_used);
    keep(frame_table, nr_frames * sizeof(*frame_table));
    /* Neighbours together: whoever is alone costs as much as a few pages. */
    for ( uint64_t i = 0, end; i < nr_frames; i = end )
    {
        for ( end = i; end < nr_frames && frame_table[end].refs; )
            end++;
        if ( end > i )
            keep(arch_mfn_to_virt(_mfn(i)), (end - i) << PAGE_SHIFT);
        else
            end++;
    }
    kept_used = arena_used;
    taken = true;
}

bool snapshot_restore(void)
{
    if ( !taken )
        return false;
    ASAN_POISON_MEMORY_REGION(arena, arena_used);
    for ( unsigned int i = 0; i < nr_kept; i++ )
        if ( !kept[i].freed )
            ASAN_UNPOISON_MEMORY_REGION(kept[i].p, kept[i].bytes);
    for ( unsigned int i = 0; i < nr_stretches; i++ )
        copy_bytes(stretches[i].at, stretches[i].copy, stretches[i].bytes);
    arena_used = kept_used;
    return true;
}
