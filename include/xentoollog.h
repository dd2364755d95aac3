/* SPDX-License-Identifier: MIT */
/*
 * libxentoollog: where the messages of Xen's tools go.
 *
 * A program creates one logger, hands it to every library it opens, and
 * destroys it after them. A library logs to the logger that it was given, and
 * the logger decides where a message goes. One kind of logger is included
 * (lines on a stdio stream); a program can define others.
 *
 * Thread safety: the stdio logger may be used by several threads at once, its
 * lines do not mix. Creation, adjustment and destruction may not overlap use.
 */

#ifndef XENTOOLLOG_H
#define XENTOOLLOG_H

#include <stdarg.h>
#include <stdio.h>

/* In rising importance. Nothing is ever logged at XTL_NONE. */
typedef enum xentoollog_level {
    XTL_NONE,
    XTL_DEBUG,
    XTL_VERBOSE,
    XTL_DETAIL,
    XTL_PROGRESS,
    XTL_INFO,
    XTL_NOTICE,
    XTL_WARN,
    XTL_ERROR,
    XTL_CRITICAL,
    XTL_NUM_LEVELS
} xentoollog_level;

typedef struct xentoollog_logger xentoollog_logger;

/*
 * What a logger must provide. Its private data follow this structure, which
 * therefore comes first (as `vtable`, if XTL_NEW_LOGGER is used).
 */
struct xentoollog_logger {
    /*
     * One message. `errnoval` is -1, or an errno value to be explained after
     * the text. `context` is the name of the speaking component, or NULL.
     * `format` has no level, no context and no newline.
     */
    void (*vmessage)(struct xentoollog_logger *logger, xentoollog_level level,
                     int errnoval, const char *context, const char *format,
                     va_list al) __attribute__((format(printf, 5, 0)));
    /*
     * `done` out of `total` units are complete. A new activity starts with a
     * call where done is 0. May be NULL: progress is then dropped.
     */
    void (*progress)(struct xentoollog_logger *logger, const char *context,
                     const char *doing_what, int percent, unsigned long done,
                     unsigned long total);
    /* Frees the logger. */
    void (*destroy)(struct xentoollog_logger *logger);
};

/*
 * The stdio logger. A message is one line, flushed:
 *
 *   [date ][[pid] ][context: ]level: text[: meaning of errnoval]
 *
 * where the last part appears if errnoval >= 0 (so 0 prints "Success").
 * Progress is shown when its percentage differs from the last one shown: at
 * XTL_DETAIL if it rose by less than 5, else at XTL_PROGRESS; either as a
 * message, or as a line that overwrites itself by carriage returns.
 */
typedef struct xentoollog_logger_stdiostream xentoollog_logger_stdiostream;

#define XTL_STDIOSTREAM_SHOW_PID        001u
#define XTL_STDIOSTREAM_SHOW_DATE       002u
#define XTL_STDIOSTREAM_HIDE_PROGRESS   004u
/* Self-overwriting progress: always / never. Neither: if f is a terminal. */
#define XTL_STDIOSTREAM_PROGRESS_USE_CR 010u
#define XTL_STDIOSTREAM_PROGRESS_NO_CR  020u

/*
 * A logger which writes messages of at least `min_level` to `f`. The caller
 * keeps f and closes it after xtl_logger_destroy().
 *
 * NULL and errno on failure:
 *   EINVAL  both USE_CR and NO_CR
 *   ENOMEM  no memory; this was also written to f
 */
xentoollog_logger_stdiostream *
xtl_createlogger_stdiostream(FILE *f, xentoollog_level min_level,
                             unsigned flags);

void xtl_stdiostream_set_minlevel(xentoollog_logger_stdiostream *lg,
                                  xentoollog_level min_level);

/*
 * Flags in both sets are set. The two _CR flags are only looked at on creation:
 * changing them here has no effect.
 */
void xtl_stdiostream_adjust_flags(xentoollog_logger_stdiostream *lg,
                                  unsigned set_flags, unsigned clear_flags);

/* Any kind of logger; NULL is allowed and ignored. */
void xtl_logger_destroy(struct xentoollog_logger *logger);

/*
 * Log one message: see vmessage above for the arguments. errno is preserved.
 * A level which is not between XTL_NONE and XTL_NUM_LEVELS, both excluded, is a
 * bug of the caller and aborts the program.
 */
void xtl_logv(struct xentoollog_logger *logger, xentoollog_level level,
              int errnoval, const char *context, const char *format, va_list al)
    __attribute__((format(printf, 5, 0)));
void xtl_log(struct xentoollog_logger *logger, xentoollog_level level,
             int errnoval, const char *context, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * Report progress: see progress above for the arguments. errno is preserved. A
 * total of 0 counts as 0 %.
 */
void xtl_progress(struct xentoollog_logger *logger, const char *context,
                  const char *doing_what, unsigned long done,
                  unsigned long total);

/*
 * A constant string, "debug" to "critical". XTL_NONE gives a text that marks it
 * as a mistake; a value outside the enumeration aborts.
 */
const char *xtl_level_to_string(xentoollog_level level);

/*
 * To define a logger KIND: given the functions KIND_vmessage,
 * KIND_progress and KIND_destroy, and a variable `buffer` of the type
 * xentoollog_logger_KIND, filled in but for its member `vtable`, this is an
 * expression whose value is a malloc()ed copy of buffer, ready for use. If
 * there is no memory it is NULL, after logging so through buffer itself. The
 * user includes <errno.h> and <stdlib.h>.
 */
#define XTL_NEW_LOGGER(KIND, buffer)                                          \
    ({                                                                        \
        xentoollog_logger_##KIND *xtl_new_;                                   \
        (buffer).vtable.vmessage = KIND##_vmessage;                           \
        (buffer).vtable.progress = KIND##_progress;                           \
        (buffer).vtable.destroy = KIND##_destroy;                             \
        xtl_new_ = malloc(sizeof(*xtl_new_));                                 \
        if ( xtl_new_ )                                                       \
            *xtl_new_ = (buffer);                                             \
        else                                                                  \
            xtl_log((xentoollog_logger *)&(buffer), XTL_CRITICAL, errno,      \
                    "xtl", "no memory for a logger");                         \
        xtl_new_;                                                             \
    })

#endif /* XENTOOLLOG_H */
