/* SPDX-License-Identifier: MIT */
/*
 * The little that test guests stand on.  An image has guest_main(), which
 * does not return; the rest is in guest.c and start.S.
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#define PAGE_SIZE 4096UL
#define WORD_BITS (8 * sizeof(unsigned long)) /* of the events' bitmaps */
/* Guest-physical addresses above all memory, for pages of the hypervisor. */
#define SHARED_INFO_ADDRESS 0xe0000000UL
#define GRANT_TABLE_ADDRESS 0xe0001000UL

extern uint8_t cpu_is_amd;
extern uint64_t start_info_address;
extern char pml4[];
extern struct shared_info *shared_info; /* after guest_events_init() */

_Noreturn void guest_main(void);
void start_vcpu(void);

/* First thing in guest_main(): which hypercall instruction, an IDT. */
void guest_init(void);

/* ---- text, on the debug port: text.c ---- */

void put_char(char c);
void put(const char *s);
/* %s %c %d %u %x %lu %lx %%, with a width and 0 for numbers. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The command line, and the number behind "name=" in it. */
const char *command_line(void);
unsigned long command_number(const char *name, unsigned long otherwise);
bool command_has(const char *word);

/* One test: a line of TAP; tap_end() prints the plan. */
void tap(bool ok, const char *what);
void tap_end(void);

/* ---- the hypervisor ---- */

long hypercall5(unsigned long nr, unsigned long a1, unsigned long a2,
                unsigned long a3, unsigned long a4, unsigned long a5);
#define ADDRESS(x) ((unsigned long)(uintptr_t)(x))
long evtchn_op(unsigned int op, void *arg);
long add_to_physmap(unsigned int space, unsigned long idx, uint64_t address);
_Noreturn void guest_shutdown(unsigned int code);

/* Shared info, and upcalls that count events by port. */
#define MAX_PORTS 64
extern volatile unsigned int event_count[MAX_PORTS];
bool guest_events_init(void);
void guest_unmask(evtchn_port_t port);

/* Every exception ends the guest, unless this is set: then called with rip. */
struct trap_frame
{
    unsigned long rip, cs, rflags;
#ifndef __i386__
    unsigned long rsp, ss;
#endif
};
extern bool (*trap_hook)(unsigned int vector, uint64_t error,
                         struct trap_frame *f);
/* A handler of its own; dpl 3 lets "int" of ring 3 come there. */
void guest_set_gate(unsigned int vector, void *handler, unsigned int dpl);
struct __attribute__((packed)) idtr
{
    uint16_t limit;
    void *base;
};
extern struct idtr trap_idtr;

/* ---- ports and memory ---- */

#define PORT(size, type, reg)                                                \
    static inline type in##size(uint16_t port)                               \
    {                                                                        \
        type v;                                                              \
        __asm__ volatile("in" #size " %1, %0" : "=a"(v) : "Nd"(port));       \
        return v;                                                            \
    }                                                                        \
    static inline void out##size(uint16_t port, type v)                      \
    {                                                                        \
        __asm__ volatile("out" #size " %0, %1" : : "a"(v), "Nd"(port));      \
    }
PORT(b, uint8_t, al)
PORT(w, uint16_t, ax)
PORT(l, uint32_t, eax)
#undef PORT

#define MMIO(bits)                                                           \
    static inline uint##bits##_t read##bits(unsigned long address)           \
    {                                                                        \
        return *(volatile uint##bits##_t *)address;                          \
    }                                                                        \
    static inline void write##bits(unsigned long address, uint##bits##_t v)  \
    {                                                                        \
        *(volatile uint##bits##_t *)address = v;                             \
    }
MMIO(8)
MMIO(16)
MMIO(32)
MMIO(64)
#undef MMIO

static inline void interrupts_on(void) { __asm__ volatile("sti" ::: "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("cli" ::: "memory"); }
/* Enable and sleep, with nothing lost in between; returns disabled. */
static inline void sleep_for_event(void)
{
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

#endif
