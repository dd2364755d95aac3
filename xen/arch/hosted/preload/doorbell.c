/* SPDX-License-Identifier: MIT */
/*
 * Notifying and unmasking event channels by shared memory: see struct
 * wire_doorbell in wire.h, and server/doorbell.c for the other side.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xen/xen.h>

#include "preload.h"

static struct shared_info *shared; /* dom0's; [table_lock] to set */
static struct wire_doorbell *doorbell;     /* the same */
static int pipe_fd = -1;           /* the same */

static void *map_frames(int memfd, uint64_t mfn, size_t nr)
{
    void *p = real_mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
                        (off_t)(mfn * PAGE));

    return p == MAP_FAILED ? NULL : p;
}

int doorbell_connect(int memfd, uint64_t shared_mfn, uint64_t mfn, int fd)
{
    if ( pipe_fd < 0 )
        pipe_fd = hide(fd);
    if ( !shared )
        shared = map_frames(memfd, shared_mfn, 1);
    if ( !doorbell )
        doorbell = map_frames(memfd, mfn, 1 << WIRE_DOORBELL_ORDER);
    return shared && doorbell && pipe_fd >= 0 ? 0 : -ENOMEM;
}

static void set(uint64_t *bits, uint32_t port)
{
    __atomic_fetch_or(&bits[port / 64], 1UL << (port % 64), __ATOMIC_SEQ_CST);
}

static void clear(uint64_t *bits, uint32_t port)
{
    __atomic_fetch_and(&bits[port / 64], ~(1UL << (port % 64)),
                       __ATOMIC_SEQ_CST);
}

static bool is_set(const uint64_t *bits, uint32_t port)
{
    return (__atomic_load_n(&bits[port / 64], __ATOMIC_SEQ_CST) >>
            (port % 64)) & 1;
}

static void ring_for(uint64_t *bits, uint32_t port)
{
    /* A vcpu about to wait increments `waiting` before it looks at the bits. */
    set(bits, port);
    if ( __atomic_load_n(&doorbell->waiting, __ATOMIC_SEQ_CST) )
    {
        (void)!real_call(SYS_write, pipe_fd, "", 1);
        return;
    }
    __atomic_fetch_add(&doorbell->calls, 1, __ATOMIC_SEQ_CST);
    real_call(SYS_futex, &doorbell->calls, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool doorbell_owns(const struct file *f, uint32_t port)
{
    return port < MAX_PORTS &&
           __atomic_load_n(&doorbell->owner[port], __ATOMIC_ACQUIRE) == f->name;
}

void doorbell_notify(uint32_t port)
{
    ring_for(doorbell->notify, port);
}

/*
 * An event that arrived while the port was masked is in the pending bit, and
 * only the hypervisor can raise it.  An event that arrives while the mask is
 * cleared may be raised twice, which readers of events must tolerate anyway.
 */
void doorbell_unmask(uint32_t port)
{
    if ( !is_set(shared->evtchn_pending, port) )
    {
        clear(shared->evtchn_mask, port);
        if ( !is_set(shared->evtchn_pending, port) )
            return;
        set(shared->evtchn_mask, port);
    }
    ring_for(doorbell->unmask, port);
}
