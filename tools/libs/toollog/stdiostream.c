/* SPDX-License-Identifier: MIT */
/*
 * The logger that writes lines to a stdio stream.
 *
 * Self-overwriting progress leaves the cursor behind an unfinished line, whose
 * length is `shown`. A function that writes next calls erase_progress() first,
 * or overwrites the line. `shown` is 0 when the cursor is at the start of a
 * line.
 *
 * Lock: the stream's own (flockfile), which makes a message of several writes
 * one unit and protects `shown` and `last_percent`.
 */

#include <xentoollog.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct xentoollog_logger_stdiostream
{
    xentoollog_logger vtable; /* must be first */
    FILE *f;
    xentoollog_level min_level;
    unsigned int flags;
    int shown;
    int last_percent;
    bool use_cr;
};

static void erase_progress(xentoollog_logger_stdiostream *lg)
{
    if ( !lg->shown )
        return;

    fprintf(lg->f, "\r%*s\r", lg->shown, "");
    lg->shown = 0;
}

static void print_date(FILE *f)
{
    time_t now = time(NULL);
    struct tm tm;

    if ( !localtime_r(&now, &tm) )
    {
        fprintf(f, "[localtime_r failed: %d] ", errno);
        return;
    }

    fprintf(f, "%04d-%02d-%02d %02d:%02d:%02d %s ", tm.tm_year + 1900,
            tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
            tm.tm_zone);
}

static void __attribute__((format(printf, 5, 0)))
stdiostream_vmessage(xentoollog_logger *logger, xentoollog_level level,
                     int errnoval, const char *context, const char *format,
                     va_list al)
{
    xentoollog_logger_stdiostream *lg = (void *)logger;

    if ( level < lg->min_level )
        return;

    flockfile(lg->f);
    erase_progress(lg);

    if ( lg->flags & XTL_STDIOSTREAM_SHOW_DATE )
        print_date(lg->f);
    if ( lg->flags & XTL_STDIOSTREAM_SHOW_PID )
        fprintf(lg->f, "[%lu] ", (unsigned long)getpid());
    if ( context )
        fprintf(lg->f, "%s: ", context);
    fprintf(lg->f, "%s: ", xtl_level_to_string(level));
    vfprintf(lg->f, format, al);
    if ( errnoval >= 0 )
        fprintf(lg->f, ": %s", strerror(errnoval));
    putc('\n', lg->f);
    fflush(lg->f);
    funlockfile(lg->f);
}

static void __attribute__((format(printf, 4, 5)))
progress_message(xentoollog_logger_stdiostream *lg, xentoollog_level level,
                 const char *context, const char *format, ...)
{
    va_list al;

    va_start(al, format);
    stdiostream_vmessage(&lg->vtable, level, -1, context, format, al);
    va_end(al);
}

/* Overwrite the unfinished line, and blank its rest. */
static void progress_overwrite(xentoollog_logger_stdiostream *lg,
                               const char *context, const char *doing_what,
                               int percent, unsigned long done,
                               unsigned long total)
{
    bool last = done == total;
    int excess, len;

    if ( lg->shown )
        putc('\r', lg->f);
    len = fprintf(lg->f, "%s%s%s: %lu/%lu  %3d%%", context ? context : "",
                  context ? ": " : "", doing_what, done, total, percent);
    excess = lg->shown - len;
    if ( excess > 0 )
        fprintf(lg->f, "%*s%s", excess, "", last ? "" : "\r");
    if ( last )
        putc('\n', lg->f);
    fflush(lg->f);

    lg->shown = last || len < 0 ? 0 : len;
}

static void stdiostream_progress(xentoollog_logger *logger, const char *context,
                                 const char *doing_what, int percent,
                                 unsigned long done, unsigned long total)
{
    xentoollog_logger_stdiostream *lg = (void *)logger;
    xentoollog_level level = XTL_PROGRESS;

    if ( lg->flags & XTL_STDIOSTREAM_HIDE_PROGRESS )
        return;

    flockfile(lg->f);
    if ( percent > lg->last_percent && percent - 5L < lg->last_percent )
        level = XTL_DETAIL;

    if ( percent != lg->last_percent && level >= lg->min_level )
    {
        lg->last_percent = percent;
        if ( lg->use_cr )
            progress_overwrite(lg, context, doing_what, percent, done, total);
        else
            progress_message(lg, level, context, "%s: %lu/%lu  %3d%%",
                             doing_what, done, total, percent);
    }
    funlockfile(lg->f);
}

static void stdiostream_destroy(xentoollog_logger *logger)
{
    xentoollog_logger_stdiostream *lg = (void *)logger;

    erase_progress(lg);
    free(lg);
}

xentoollog_logger_stdiostream *
xtl_createlogger_stdiostream(FILE *f, xentoollog_level min_level,
                             unsigned flags)
{
    xentoollog_logger_stdiostream lg = {
        .f = f,
        .min_level = min_level,
        .flags = flags,
    };

    switch ( flags & (XTL_STDIOSTREAM_PROGRESS_USE_CR |
                      XTL_STDIOSTREAM_PROGRESS_NO_CR) )
    {
    case 0:
        lg.use_cr = isatty(fileno(f)) > 0;
        break;

    case XTL_STDIOSTREAM_PROGRESS_USE_CR:
        lg.use_cr = true;
        break;

    case XTL_STDIOSTREAM_PROGRESS_NO_CR:
        break;

    default:
        errno = EINVAL;
        return NULL;
    }

    return XTL_NEW_LOGGER(stdiostream, lg);
}

void xtl_stdiostream_set_minlevel(xentoollog_logger_stdiostream *lg,
                                  xentoollog_level min_level)
{
    lg->min_level = min_level;
}

void xtl_stdiostream_adjust_flags(xentoollog_logger_stdiostream *lg,
                                  unsigned set_flags, unsigned clear_flags)
{
    lg->flags = (lg->flags & ~clear_flags) | set_flags;
    if ( lg->flags & XTL_STDIOSTREAM_HIDE_PROGRESS )
        erase_progress(lg);
}
