/* SPDX-License-Identifier: MIT */
/*
 * The bell that clients ring (wire.h), and who answers it.
 *
 * A vcpu that sleeps, most likely for the very answer that will be rung, serves
 * the bell itself: that spares a guest's request the way through a third
 * thread.  When no vcpu sleeps there is a thread for it.
 *
 * serving is held from taking a bit to having acted on it: after bell_serve()
 * all that was rung before it has been done, whoever did it.
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

_Static_assert(sizeof(struct wire_bell) <= PAGE_SIZE << WIRE_BELL_ORDER,
               "the bell's pages");

static struct page *page;
static struct wire_bell *bell;
static int pipe_fd[2]; /* not blocking */
static pthread_mutex_t serving = PTHREAD_MUTEX_INITIALIZER;

int bell_pipe(void)
{
    return pipe_fd[1];
}

uint64_t bell_mfn(void)
{
    return mfn_x(page_to_mfn(page));
}

void bell_set_owner(uint32_t port, uint32_t name)
{
    store_release(&bell->owner[port], name);
}

void bell_audit(void (*count)(mfn_t mfn, enum page_holder holder))
{
    for ( unsigned int i = 0; i < 1 << WIRE_BELL_ORDER; i++ )
        count(_mfn(bell_mfn() + i), HOLD_ARCH);
}

/* Clients say which ports; whose they are, the owners' table knows. */
static void serve_word(unsigned int word)
{
    uint64_t bits;

    for ( bits = READ_ONCE(bell->unmask[word])
                     ? atomic_xchg(&bell->unmask[word], 0) : 0;
          bits; bits &= bits - 1 )
        server_unmask(word * 64 + (uint32_t)__builtin_ctzl(bits));
    for ( bits = READ_ONCE(bell->notify[word])
                     ? atomic_xchg(&bell->notify[word], 0) : 0;
          bits; bits &= bits - 1 )
        server_notify(word * 64 + (uint32_t)__builtin_ctzl(bits));
}

void bell_serve(void)
{
    pthread_mutex_lock(&serving);
    for ( unsigned int word = 0; word < ARRAY_SIZE(bell->notify); word++ )
        serve_word(word);
    pthread_mutex_unlock(&serving);
}

static int bell_begin(void)
{
    atomic_add_return(&bell->waiting, 1);
    return pipe_fd[0];
}

static void bell_end(void)
{
    char bytes[64];

    atomic_sub_return(&bell->waiting, 1);
    (void)!read(pipe_fd[0], bytes, sizeof(bytes));
    bell_serve();
}

static void *bell_thread(void *arg)
{
    (void)arg;
    hosted_enter((struct hosted_context){ .v = domain_vcpu(server_dom0, 0) });
    for ( ;; )
    {
        uint32_t calls = load_acquire(&bell->calls);

        bell_serve();
        syscall(SYS_futex, &bell->calls, FUTEX_WAIT, calls, NULL, NULL, 0);
    }
    return NULL;
}

int bell_start(void)
{
    pthread_t thread;

    if ( pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) )
        return -errno;
    page = page_alloc(NULL, WIRE_BELL_ORDER, 0);
    if ( !page )
        return -ENOMEM;
    bell = page_to_virt(page);
    hosted_hooks.bell_begin = bell_begin;
    hosted_hooks.bell_serve = bell_serve;
    hosted_hooks.bell_end = bell_end;
    return pthread_create(&thread, NULL, bell_thread, NULL) ? -EAGAIN : 0;
}
