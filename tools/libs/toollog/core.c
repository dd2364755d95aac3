/* SPDX-License-Identifier: MIT */
/*
 * The part of logging that does not depend on the kind of logger: checks,
 * percentages, and dispatch through the logger's function table. There is no
 * state here, so no lock is needed.
 */

#include <xentoollog.h>

#include <assert.h>
#include <errno.h>
#include <limits.h>

const char *xtl_level_to_string(xentoollog_level level)
{
    static const char *const names[XTL_NUM_LEVELS] = {
        [XTL_NONE] = "[BUG:XTL_NONE]", [XTL_DEBUG] = "debug",
        [XTL_VERBOSE] = "verbose",     [XTL_DETAIL] = "detail",
        [XTL_PROGRESS] = "progress",   [XTL_INFO] = "info",
        [XTL_NOTICE] = "notice",       [XTL_WARN] = "warning",
        [XTL_ERROR] = "error",         [XTL_CRITICAL] = "critical",
    };

    assert((unsigned int)level < XTL_NUM_LEVELS);

    return names[level];
}

void xtl_logv(struct xentoollog_logger *logger, xentoollog_level level,
              int errnoval, const char *context, const char *format, va_list al)
{
    int saved_errno = errno;

    assert((unsigned int)level > XTL_NONE &&
           (unsigned int)level < XTL_NUM_LEVELS);

    logger->vmessage(logger, level, errnoval, context, format, al);
    errno = saved_errno;
}

void xtl_log(struct xentoollog_logger *logger, xentoollog_level level,
             int errnoval, const char *context, const char *format, ...)
{
    va_list al;

    va_start(al, format);
    xtl_logv(logger, level, errnoval, context, format, al);
    va_end(al);
}

/* Rounded down; exact unless done * 100 might not fit. */
static int percent_of(unsigned long done, unsigned long total)
{
    unsigned long percent;

    if ( !total )
        return 0;

    if ( total < LONG_MAX / 100 && done <= ULONG_MAX / 100 )
        percent = done * 100 / total;
    else
        percent = done / (total / 100 + (total % 100 != 0));

    return percent < INT_MAX ? (int)percent : INT_MAX;
}

void xtl_progress(struct xentoollog_logger *logger, const char *context,
                  const char *doing_what, unsigned long done,
                  unsigned long total)
{
    int saved_errno = errno;

    if ( !logger->progress )
        return;

    logger->progress(logger, context, doing_what, percent_of(done, total), done,
                     total);
    errno = saved_errno;
}

void xtl_logger_destroy(struct xentoollog_logger *logger)
{
    if ( logger )
        logger->destroy(logger);
}
