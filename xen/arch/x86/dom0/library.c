/* SPDX-License-Identifier: MIT */
/*
 * What Debian's liblzma.a and libz.a expect of the program around them: they
 * are compiled for processes of Linux, and this is all of such a process that
 * they use.
 *
 *  - malloc(), calloc() and free().  Memory is handed out upwards and is never
 *    handed out twice: unpacking allocates a dictionary and little else, and
 *    all of it goes back at once, at library_leave().
 *  - The stack protector's value at %fs:0x28, and whom to call when it was
 *    overwritten.
 *  - Constructors: liblzma's chooses a CRC64 that suits the processor, and
 *    its pointer is NULL until then.
 *  - SSE2, and on processors that have it PCLMULQDQ: cpu/percpu.c lets vector
 *    registers be used, and they are nobody's before the first vcpu runs.
 *  - 128 bytes below the stack pointer: nothing else uses this stack, since
 *    interrupts are off and NMIs have a stack of their own.
 *
 * memcpy() and its like are xen/lib/string.c's.
 */
#include <hv/lib.h>

#include <x86/processor.h>

#include "unpack.h"

#define ALIGNMENT 64
#define STACK_PROTECTOR 0x28

void *malloc(size_t bytes);
void *calloc(size_t nr, size_t bytes);
void free(void *p);
void __stack_chk_fail(void) noreturn_fn;

typedef void constructor_t(void);
extern constructor_t *const constructors_start[], *const constructors_end[];

static uint8_t *memory;
static size_t left;
static uint64_t thread[STACK_PROTECTOR / sizeof(uint64_t) + 1];
static uint64_t old_fs_base;

static void *take(size_t bytes)
{
    uint8_t *p = memory;

    if ( bytes > left )
        return NULL;
    bytes = min((bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1UL), left);
    memory += bytes;
    left -= bytes;
    return p;
}

void *malloc(size_t bytes)
{
    return take(bytes);
}

void *calloc(size_t nr, size_t bytes)
{
    size_t total;
    void *p = NULL;

    if ( !__builtin_mul_overflow(nr, bytes, &total) && (p = take(total)) )
        memset(p, 0, total);
    return p;
}

void free(void *p)
{
    (void)p;
}

void __stack_chk_fail(void)
{
    panic("dom0: unpacking its kernel went wrong: the stack is damaged\n");
}

void library_enter(void *start, size_t size)
{
    BUG_ON((uintptr_t)start % ALIGNMENT);
    memory = start;
    left = size;
    thread[STACK_PROTECTOR / sizeof(uint64_t)] = rdtsc();
    old_fs_base = rdmsr(MSR_FS_BASE);
    wrmsr(MSR_FS_BASE, (uint64_t)thread);
    for ( constructor_t *const *c = constructors_start; c < constructors_end;
          c++ )
        (*c)();
}

void library_leave(void)
{
    wrmsr(MSR_FS_BASE, old_fs_base);
    left = 0;
}
