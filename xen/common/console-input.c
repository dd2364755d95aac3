/* SPDX-License-Identifier: MIT */
/*
 * What is typed at the machine's console: bytes for the control domain, which
 * reads them from a ring, or debug keys.  The switch character, typed three
 * times in a row, moves the input from the one to the other.
 *
 * The machine takes bytes from its device in a timer, where a domain may be on
 * the CPU and others may wait for that.  Keys look at whole domains and may stop
 * all CPUs, so they wait for key_press_typed().
 */
#include <hv/atomic.h>
#include <hv/console.h>
#include <hv/errno.h>
#include <hv/lib.h>
#include <hv/lock.h>

#define RING_SIZE 1024U /* a power of two */
#define KEYS_WAITING 16U
#define TIMES 3U /* the switch character */
#define CTRL(letter) ((char)((letter) - 'a' + 1))

static char ring[RING_SIZE];    /* lock */
static unsigned int head, tail; /* lock; in at head, out at tail */
static char keys[KEYS_WAITING]; /* lock */
static unsigned int nr_keys;    /* lock */
static bool for_keys;           /* lock */
static unsigned int times;      /* lock; the switch character was typed */
static char switch_letter;      /* 0: none; set at boot */
static spinlock_t lock;

bool console_keys_typed; /* [a] */

void console_input_init(void)
{
    spin_lock_init(&lock, LOCK_CONSOLE);
    head = tail = nr_keys = times = 0;
    switch_letter = 'a';
    for_keys = console_keys_typed = false;
}

int console_set_switch(const char *value)
{
    char letter = value[0];
    bool stay = letter && value[1] == 'x';

    if ( letter && (letter < 'a' || letter > 'z' || value[1 + stay]) )
        return -EINVAL;
    switch_letter = letter;
    for_keys = stay;
    return 0;
}

static void to_ring(char c)
{
    if ( head - tail < RING_SIZE )
        ring[head++ % RING_SIZE] = c;
}

static void pass(char c)
{
    if ( !for_keys )
        to_ring(c);
    else if ( nr_keys < KEYS_WAITING )
    {
        keys[nr_keys++] = c;
        WRITE_ONCE(console_keys_typed, true);
    }
}

/* True: c moved the input. */
static bool typed(char c)
{
    if ( switch_letter && c == CTRL(switch_letter) )
    {
        if ( ++times < TIMES )
            return false;
        times = 0;
        for_keys = !for_keys;
        return true;
    }
    /* Fewer than three are input as any other. */
    for ( ; times; times-- )
        pass(CTRL(switch_letter));
    pass(c);
    return false;
}

bool console_input_has_room(void)
{
    bool room;

    spin_lock(&lock);
    room = head - tail + times < RING_SIZE;
    spin_unlock(&lock);
    return room;
}

bool console_typed(char c)
{
    unsigned int before;
    bool moved, keys_now, more;

    spin_lock(&lock);
    before = head;
    moved = typed(c);
    keys_now = for_keys;
    more = head != before;
    spin_unlock(&lock);
    if ( moved )
        printk(XENLOG_ALWAYS, "Input goes to %s; CTRL-%c three times moves it "
               "back\n", keys_now ? "the hypervisor: 'h' lists its keys"
                                  : "dom0", switch_letter);
    return more;
}

size_t console_input_read(char *buf, size_t len)
{
    size_t n = 0;

    spin_lock(&lock);
    while ( n < len && tail != head )
        buf[n++] = ring[tail++ % RING_SIZE];
    spin_unlock(&lock);
    return n;
}

bool console_next_key(char *key)
{
    bool some;

    spin_lock(&lock);
    some = nr_keys;
    if ( some )
    {
        *key = keys[0];
        nr_keys--;
        memmove(keys, keys + 1, nr_keys);
    }
    WRITE_ONCE(console_keys_typed, nr_keys);
    spin_unlock(&lock);
    return some;
}

void console_key_again(char key)
{
    spin_lock(&lock);
    if ( nr_keys < KEYS_WAITING )
    {
        memmove(keys + 1, keys, nr_keys++);
        keys[0] = key;
    }
    WRITE_ONCE(console_keys_typed, true);
    spin_unlock(&lock);
}
