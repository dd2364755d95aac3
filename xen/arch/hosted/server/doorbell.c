/* SPDX-License-Identifier: MIT */
/*
 * The server's side of the doorbell (wire.h): handling the bits that clients
 * set.
 *
 * A sleeping vcpu handles the doorbell itself, since it most likely waits for
 * the answer that the next bit announces: that saves a guest's request the way
 * through a third thread.  When no vcpu sleeps the doorbell thread does it.
 *
 * The lock `serving` is held from taking a bit until the operation is done:
 * when doorbell_serve() returns, all bits that were set before the call are
 * handled, by this thread or another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

#include <hv/atomic.h>
#include <hv/evtchn.h>
#include <hv/lib.h>
#include <hv/page.h>

_Static_assert(sizeof(struct wire_doorbell) <= PAGE_SIZE << WIRE_DOORBELL_ORDER,
               "the doorbell's pages");

static struct page *page;
static struct wire_doorbell *doorbell;
static int pipe_fd[2]; /* not blocking */
static pthread_mutex_t serving = PTHREAD_MUTEX_INITIALIZER;

int doorbell_pipe(void)
{
    return pipe_fd[1];
}

uint64_t doorbell_mfn(void)
{
    return mfn_x(page_to_mfn(page));
}

void bell_set_owner(uint32_t port, uint32_t name)
{
    store_release(&doorbell->owner[port], name);
}

void doorbell_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    for ( unsigned int i = 0; i < 1 << WIRE_DOORBELL_ORDER; i++ )
        count(_mfn(doorbell_mfn() + i), HOLD_ARCH);
}

/* Clients set ports' bits; dev-evtchn.c knows the owners. */
static void serve_word(unsigned int word)
{
    uint64_t bits;

    for ( bits = READ_ONCE(doorbell->unmask[word])
                     ? atomic_xchg(&doorbell->unmask[word], 0) : 0;
          bits; bits &= bits - 1 )
        server_unmask(word * 64 + (uint32_t)__builtin_ctzl(bits));
    for ( bits = READ_ONCE(doorbell->notify[word])
                     ? atomic_xchg(&doorbell->notify[word], 0) : 0;
          bits; bits &= bits - 1 )
        server_notify(word * 64 + (uint32_t)__builtin_ctzl(bits));
}

void doorbell_serve(void)
{
    pthread_mutex_lock(&serving);
    for ( unsigned int word = 0; word < ARRAY_SIZE(doorbell->notify); word++ )
        serve_word(word);
    pthread_mutex_unlock(&serving);
}

static int doorbell_begin(void)
{
    atomic_add_return(&doorbell->waiting, 1);
    return pipe_fd[0];
}

static void doorbell_end(void)
{
    char bytes[64];

    atomic_sub_return(&doorbell->waiting, 1);
    (void)!read(pipe_fd[0], bytes, sizeof(bytes));
    doorbell_serve();
}

static void *doorbell_thread(void *arg)
{
    (void)arg;
    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    for ( ;; )
    {
        uint32_t calls = load_acquire(&doorbell->calls);

        doorbell_serve();
        syscall(SYS_futex, &doorbell->calls, FUTEX_WAIT, calls, NULL, NULL, 0);
    }
    return NULL;
}

int doorbell_start(void)
{
    pthread_t thread;

    if ( pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) )
        return -errno;
    page = page_alloc(NULL, WIRE_DOORBELL_ORDER, 0);
    if ( !page )
        return -ENOMEM;
    doorbell = page_to_virt(page);
    hosted_hooks.doorbell_begin = doorbell_begin;
    hosted_hooks.doorbell_serve = doorbell_serve;
    hosted_hooks.doorbell_end = doorbell_end;
    return pthread_create(&thread, NULL, doorbell_thread, NULL) ? -EAGAIN : 0;
}
