/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's log: which messages are printed, by their level, and the
 * time in front of each line.
 *
 * Levels and kind of time are set at boot and constant afterwards.  A kind of
 * time that is not available yet is replaced by the next one of this list, which
 * is Xen's:
 *
 *   date, datems  UTC, from when the real time clock was read
 *   boot          since boot, from when the time stamp counter's rate is known
 *   raw           the time stamp counter
 */
#include <hv/console.h>
#include <hv/lib.h>
#include <hv/lock.h>
#include <hv/timer.h>

#define S_PER_DAY 86400UL

enum stamp { STAMP_NONE, STAMP_BOOT, STAMP_DATE, STAMP_DATEMS, STAMP_RAW };

struct console_level host_loglvl, guest_loglvl;
static enum stamp stamps;
static spinlock_t limit_lock;   /* LOCK_CONSOLE; alone                       */
static uint64_t limited_until;  /* limit_lock: the bucket behind loglvl's `/' */
static unsigned int suppressed; /* limit_lock: since the last notice         */

void console_log_init(void)
{
    spin_lock_init(&limit_lock, LOCK_CONSOLE);
    limited_until = 0;
    suppressed = 0;
    host_loglvl = (struct console_level){ XENLOG_INFO, XENLOG_INFO };
    guest_loglvl = (struct console_level){ XENLOG_ALWAYS, XENLOG_DEBUG };
    stamps = STAMP_NONE;
}

/* ---- options ---- */

struct word {
    const char *name;
    uint8_t value;
};

static const struct word level_words[] = {
    { "none", XENLOG_ALWAYS },     { "error", XENLOG_ERR },
    { "warning", XENLOG_WARNING }, { "info", XENLOG_INFO },
    { "debug", XENLOG_DEBUG },     { "all", XENLOG_DEBUG },
    { NULL, 0 },
};

/* The words of a boolean too: the option alone is "date", as in Xen. */
static const struct word stamp_words[] = {
    { "none", STAMP_NONE },     { "boot", STAMP_BOOT },
    { "date", STAMP_DATE },     { "datems", STAMP_DATEMS },
    { "raw", STAMP_RAW },       { "", STAMP_DATE },
    { "yes", STAMP_DATE },      { "on", STAMP_DATE },
    { "true", STAMP_DATE },     { "1", STAMP_DATE },
    { "enable", STAMP_DATE },   { "no", STAMP_NONE },
    { "off", STAMP_NONE },      { "false", STAMP_NONE },
    { "0", STAMP_NONE },        { "disable", STAMP_NONE },
    { NULL, 0 },
};

/* The word that is the first len characters of s. */
static const struct word *find_word(const struct word *w, const char *s,
                                    size_t len)
{
    while ( w->name && (strlen(w->name) != len || strncmp(w->name, s, len)) )
        w++;
    return w->name ? w : NULL;
}

/* LEVEL or LEVEL/RATE-LIMITED-LEVEL; a lower second level adds nothing. */
static int set_level(struct console_level *to, const char *value)
{
    const char *slash = strchr(value, '/');
    const char *second = slash ? slash + 1 : value;
    size_t len = slash ? (size_t)(slash - value) : strlen(value);
    const struct word *a = find_word(level_words, value, len);
    const struct word *b = find_word(level_words, second, strlen(second));

    if ( !a || !b )
        return -EINVAL;
    *to = (struct console_level){ a->value, max(a->value, b->value) };
    return 0;
}

static int set_stamps(const char *value)
{
    const struct word *w = find_word(stamp_words, value, strlen(value));

    if ( !w )
        return -EINVAL;
    stamps = w->value;
    return 0;
}

int console_set_option(const char *name, const char *value)
{
    if ( !strcmp(name, "loglvl") )
        return set_level(&host_loglvl, value);
    if ( !strcmp(name, "guest_loglvl") )
        return set_level(&guest_loglvl, value);
    if ( !strcmp(name, "console_timestamps") )
        return set_stamps(value);
    if ( !strcmp(name, "conswitch") )
        return console_set_switch(value);
    return -ENOENT;
}

/* ---- the time in front of a line ---- */

static bool is_leap(unsigned int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1970 become a day (from 1 on) of *month (from 1 on) of *year. */
static unsigned int to_date(unsigned int days, unsigned int *year,
                            unsigned int *month)
{
    static const uint8_t length[] = { 31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31 };
    unsigned int n;

    for ( *year = 1970; days >= (n = 365U + is_leap(*year)); days -= n )
        ++*year;
    for ( *month = 1;; ++*month )
    {
        n = length[*month - 1] + (*month == 2 && is_leap(*year));
        if ( days < n )
            return days + 1;
        days -= n;
    }
}

/* False: this kind of time is not available yet. */
static bool put_date(char *buf)
{
    uint64_t ns = wallclock_ns(), s = ns / NS_PER_S;
    unsigned int in_day = (unsigned int)(s % S_PER_DAY), year, month, day;
    int n;

    day = to_date((unsigned int)(s / S_PER_DAY), &year, &month);
    if ( year == 1970 )
        return false;
    n = hv_snprintf(buf, CONSOLE_STAMP, "[%u-%02u-%02u %02u:%02u:%02u", year,
                    month, day, in_day / 3600, in_day / 60 % 60, in_day % 60);
    if ( stamps == STAMP_DATEMS )
        n += hv_snprintf(buf + n, CONSOLE_STAMP - (size_t)n, ".%03u",
                         (unsigned int)(ns % NS_PER_S / 1000000));
    hv_snprintf(buf + n, CONSOLE_STAMP - (size_t)n, "] ");
    return true;
}

static bool put_since_boot(char *buf)
{
    uint64_t ns = now_ns();

    if ( !ns )
        return false;
    hv_snprintf(buf, CONSOLE_STAMP, "[%5lu.%06lu] ",
                (unsigned long)(ns / NS_PER_S),
                (unsigned long)(ns % NS_PER_S / 1000));
    return true;
}

static void make_stamp(char *buf)
{
    buf[0] = '\0';
    if ( likely(stamps == STAMP_NONE) )
        return;
    if ( (stamps == STAMP_DATE || stamps == STAMP_DATEMS) && put_date(buf) )
        return;
    if ( stamps != STAMP_RAW && put_since_boot(buf) )
        return;
    hv_snprintf(buf, CONSOLE_STAMP, "[%016lx] ", (unsigned long)arch_ticks());
}

size_t console_stamp_len(void)
{
    char stamp[CONSOLE_STAMP];

    make_stamp(stamp);
    return strlen(stamp);
}

void console_log(const char *s, size_t len)
{
    char stamp[CONSOLE_STAMP];

    make_stamp(stamp);
    console_write_lines(s, len, stamp);
}

/* True: print the rate-limited message, after the number of dropped ones. */
static bool admit(size_t bytes)
{
    uint64_t now = now_ns(), until;
    char notice[64];
    int len = 0;

    spin_lock(&limit_lock);
    until = console_spend(limited_until, now, bytes, CONSOLE_ALL_BURST,
                          CONSOLE_ALL_RATE);
    if ( until )
    {
        if ( suppressed )
            len = hv_snprintf(notice, sizeof(notice),
                              "(%u messages suppressed)\n", suppressed);
        limited_until = until;
        suppressed = 0;
    }
    else if ( suppressed != UINT32_MAX )
        suppressed++;
    spin_unlock(&limit_lock);
    if ( len )
        console_log(notice, (size_t)len);
    return until != 0;
}

void printk(enum log_level level, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    size_t len;

    if ( level > host_loglvl.limited )
        return;
    va_start(ap, fmt);
    len = (size_t)hv_vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    len = min(len, sizeof(line) - 1);
    if ( level <= host_loglvl.always || admit(console_stamp_len() + len) )
        console_log(line, len);
}
