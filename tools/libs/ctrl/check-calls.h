/* SPDX-License-Identifier: MIT */
/*
 * check-calls: what its files share.  CALL() prints one call with its result,
 * errno and outputs, after the hypercalls that it made.
 */
#ifndef CHECK_CALLS_H
#define CHECK_CALLS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xencall.h>

#define XC_WANT_COMPAT_EVTCHN_API
#define XC_WANT_COMPAT_GNTTAB_API
#define XC_WANT_COMPAT_MAP_FOREIGN_API
#define XC_WANT_COMPAT_DEVICEMODEL_API
#include <xenctrl.h>

#include <xendevicemodel.h>
#include <xenforeignmemory.h>

/* How Xen answers every hypercall of a scenario. */
struct scenario {
    const char *name;
    int err; /* 0: success */
    int times; /* err is answered so often, then success */
    long value; /* of a success */
    int scribble; /* fill outputs */
    int no_buffer; /* this allocation fails, and all after it; 0: none */
};
extern const struct scenario *now;

/* Counts an answer: 0, or -1 with the scenario's errno. */
int next_answer(void);

/* Arguments in and out, which are printed; set before each call. */
extern union call_out {
    uint8_t bytes[8192];
    uint16_t u16[4096];
    uint32_t u32[2048];
    int i[2048];
    bool bools[8192];
    unsigned long ul[1024];
    uint64_t u64[1024];
    xen_pfn_t pfn[1024];
    struct xen_domctl_createdomain create;
    struct xen_domctl domctl;
    struct xen_sysctl sysctl;
    xc_dominfo_t dominfo[3];
    xc_domaininfo_t domaininfo[3];
    xc_vcpuinfo_t vcpuinfo;
    xc_physinfo_t physinfo;
    xc_evtchn_status_t status;
    struct gnttab_query_size query;
    xen_build_id_t id;
    vcpu_guest_context_any_t context;
} out;
extern union call_in {
    uint8_t bytes[8192];
    char text[4096];
    uint32_t u32[64];
    uint64_t u64[64];
    xen_pfn_t pfn[64];
    struct e820entry e820[4];
    xen_domain_handle_t handle;
    vcpu_guest_context_any_t context;
} in;

void reset(void);
void result(const char *call, long rc);

/*
 * Clears the stack below the caller, so that a library that leaves padding
 * unset sends zeros.  Inline: a function would leave its own frame there.
 */
static inline __attribute__((always_inline)) void wipe_stack(void)
{
    unsigned long words = 2048;

    __asm__ __volatile__("lea -16384(%%rsp), %%rdi\n\t"
                         "xor %%eax, %%eax\n\t"
                         "rep stosq"
                         : "+c"(words)
                         :
                         : "rdi", "rax", "cc", "memory");
}

#define CALL(f, ...) (reset(), wipe_stack(), result(#f, (long)f(__VA_ARGS__)))
/* A pointer is compared as there or not. */
#define POINTER(f, ...) \
    (reset(), wipe_stack(), result(#f, f(__VA_ARGS__) ? 1 : 0))
/* The caller's structure is set up, and shown, by two statements. */
#define CALL_WITH(before, f, after, ...)                         \
    do                                                           \
    {                                                            \
        long rc_;                                                \
                                                                 \
        reset();                                                 \
        before;                                                  \
        wipe_stack();                                            \
        rc_ = (long)f(__VA_ARGS__);                              \
        after;                                                   \
        result(#f, rc_);                                         \
    } while ( 0 )

void more_domain_calls(xc_interface *x);
void more_host_calls(xc_interface *x);
void event_calls(xc_interface *x);
void compat_calls(xc_interface *x);
void helper_calls(xc_interface *x);

#endif /* CHECK_CALLS_H */
