/* SPDX-License-Identifier: MIT */
/*
 * libxentoollog against its contract: the lines, what is shown at which level,
 * progress, flags, errno, and the misuse that must abort.
 *
 * Link: this file, $(toollog-src), -lcmocka and $(toollog-test-ldflags), i.e.
 *   -Wl,--wrap=malloc   so that a test can make the library's malloc() fail
 */

#define _GNU_SOURCE /* posix_openpt */

#include <xentoollog.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static bool malloc_fails;

void *__wrap_malloc(size_t size)
{
    if ( malloc_fails )
    {
        errno = ENOMEM;
        return NULL;
    }

    return __real_malloc(size);
}

/*
 * A logger that writes to memory. stdio keeps `text` and `len`, which are up to
 * date after a flush; up to `seen` the test has looked at it.
 */
struct log
{
    FILE *f;
    char *text;
    size_t len, seen;
    xentoollog_logger_stdiostream *lg;
    xentoollog_logger *l;
};

static void log_open(struct log *t, xentoollog_level min, unsigned int flags)
{
    *t = (struct log){ 0 };
    t->f = open_memstream(&t->text, &t->len);
    assert_non_null(t->f);
    t->lg = xtl_createlogger_stdiostream(t->f, min, flags);
    assert_non_null(t->lg);
    t->l = (xentoollog_logger *)t->lg;
}

/* Without flushing f: that the logger does so is part of the contract. */
static void expect_text(struct log *t, const char *text)
{
    assert_string_equal(t->text ? t->text + t->seen : "", text);
    t->seen = t->len;
}

static void log_close(struct log *t)
{
    xtl_logger_destroy(t->l);
    fclose(t->f);
    free(t->text);
}

static void test_levels(void **state)
{
    static const char *const names[] = {
        "[BUG:XTL_NONE]", "debug",  "verbose", "detail", "progress",
        "info",           "notice", "warning", "error",  "critical",
    };
    int i;

    (void)state;

    assert_int_equal(XTL_NUM_LEVELS, 10);
    for ( i = 0; i < XTL_NUM_LEVELS; i++ )
        assert_string_equal(xtl_level_to_string(i), names[i]);
}

static void test_line(void **state)
{
    struct log t;

    (void)state;

    log_open(&t, XTL_DEBUG, 0);
    xtl_log(t.l, XTL_WARN, -1, "ctx", "n is %d, %s", 7, "ok");
    expect_text(&t, "ctx: warning: n is 7, ok\n");
    xtl_log(t.l, XTL_DEBUG, -1, NULL, "no context");
    expect_text(&t, "debug: no context\n");
    xtl_log(t.l, XTL_ERROR, ENOENT, "ctx", "gone");
    expect_text(&t, "ctx: error: gone: No such file or directory\n");
    xtl_log(t.l, XTL_ERROR, 0, "ctx", "odd");
    expect_text(&t, "ctx: error: odd: Success\n");
    log_close(&t);
}

static void test_min_level(void **state)
{
    struct log t;

    (void)state;

    log_open(&t, XTL_NOTICE, 0);
    xtl_log(t.l, XTL_INFO, -1, "c", "below");
    expect_text(&t, "");
    xtl_log(t.l, XTL_NOTICE, -1, "c", "at");
    expect_text(&t, "c: notice: at\n");
    xtl_stdiostream_set_minlevel(t.lg, XTL_CRITICAL);
    xtl_log(t.l, XTL_ERROR, -1, "c", "now below");
    expect_text(&t, "");
    xtl_stdiostream_set_minlevel(t.lg, XTL_NONE);
    xtl_log(t.l, XTL_DEBUG, -1, "c", "all");
    expect_text(&t, "c: debug: all\n");
    log_close(&t);
}

static void test_pid_and_date(void **state)
{
    int year, month, day, hour, min, sec, end = 0;
    char want[80], zone[32];
    struct log t;

    (void)state;

    log_open(&t, XTL_DEBUG, XTL_STDIOSTREAM_SHOW_PID);
    snprintf(want, sizeof(want), "[%lu] c: info: x\n", (unsigned long)getpid());
    xtl_log(t.l, XTL_INFO, -1, "c", "x");
    expect_text(&t, want);

    /* Both: the date comes first. A flag in both sets is set. */
    xtl_stdiostream_adjust_flags(t.lg, XTL_STDIOSTREAM_SHOW_DATE,
                                 XTL_STDIOSTREAM_SHOW_DATE);
    xtl_log(t.l, XTL_INFO, -1, "c", "x");
    assert_int_equal(sscanf(t.text + t.seen, "%4d-%2d-%2d %2d:%2d:%2d %31s %n",
                            &year, &month, &day, &hour, &min, &sec, zone, &end),
                     7);
    assert_true(year >= 2000 && month >= 1 && month <= 12 && day >= 1 &&
                hour < 24 && min < 60 && sec <= 60);
    t.seen += end;
    expect_text(&t, want);

    xtl_stdiostream_adjust_flags(t.lg, 0, XTL_STDIOSTREAM_SHOW_DATE |
                                              XTL_STDIOSTREAM_SHOW_PID);
    xtl_log(t.l, XTL_INFO, -1, "c", "x");
    expect_text(&t, "c: info: x\n");
    log_close(&t);
}

static void test_progress_lines(void **state)
{
    struct log t;

    (void)state;

    log_open(&t, XTL_DEBUG, XTL_STDIOSTREAM_PROGRESS_NO_CR);
    xtl_progress(t.l, "c", "load", 0, 200);
    expect_text(&t, ""); /* 0 % is where one starts */
    xtl_progress(t.l, "c", "load", 9, 200);
    expect_text(&t, "c: detail: load: 9/200    4%\n");
    xtl_progress(t.l, "c", "load", 9, 200);
    expect_text(&t, "");
    xtl_progress(t.l, NULL, "load", 18, 200);
    expect_text(&t, "progress: load: 18/200    9%\n");
    xtl_progress(t.l, "c", "load", 200, 200);
    expect_text(&t, "c: progress: load: 200/200  100%\n");
    xtl_progress(t.l, "c", "next", 0, 3);
    expect_text(&t, "c: progress: next: 0/3    0%\n");

    /* What the level hides does not count as shown. */
    xtl_stdiostream_set_minlevel(t.lg, XTL_PROGRESS);
    xtl_progress(t.l, "c", "next", 4, 100);
    expect_text(&t, "");
    xtl_progress(t.l, "c", "next", 5, 100);
    expect_text(&t, "c: progress: next: 5/100    5%\n");

    xtl_stdiostream_set_minlevel(t.lg, XTL_INFO);
    xtl_progress(t.l, "c", "next", 90, 100);
    expect_text(&t, "");
    log_close(&t);
}

static void test_progress_overwrites(void **state)
{
    struct log t;

    (void)state;

    log_open(&t, XTL_PROGRESS, XTL_STDIOSTREAM_PROGRESS_USE_CR);
    xtl_progress(t.l, "c", "load", 50, 100);
    expect_text(&t, "c: load: 50/100   50%");
    xtl_progress(t.l, "c", "load", 60, 100);
    expect_text(&t, "\rc: load: 60/100   60%");
    /* A shorter line blanks the rest of a longer one. */
    xtl_progress(t.l, NULL, "load", 70, 100);
    expect_text(&t, "\rload: 70/100   70%   \r");
    /* A message takes the line's place. */
    xtl_log(t.l, XTL_INFO, -1, "c", "hello");
    expect_text(&t, "\r                  \rc: info: hello\n");
    xtl_progress(t.l, NULL, "load", 80, 100);
    expect_text(&t, "load: 80/100   80%");
    xtl_progress(t.l, NULL, "load", 100, 100);
    expect_text(&t, "\rload: 100/100  100%\n");
    xtl_log(t.l, XTL_INFO, -1, "c", "bye");
    expect_text(&t, "c: info: bye\n");

    xtl_progress(t.l, NULL, "load", 80, 100);
    expect_text(&t, "load: 80/100   80%");
    xtl_stdiostream_adjust_flags(t.lg, XTL_STDIOSTREAM_HIDE_PROGRESS, 0);
    fflush(t.f);
    expect_text(&t, "\r                  \r");
    xtl_progress(t.l, NULL, "load", 90, 100);
    expect_text(&t, "");
    xtl_stdiostream_adjust_flags(t.lg, 0, XTL_STDIOSTREAM_HIDE_PROGRESS);
    xtl_progress(t.l, NULL, "load", 90, 100);
    expect_text(&t, "load: 90/100   90%");

    /* Nothing is left on the screen at the end, and the stream stays open. */
    xtl_logger_destroy(t.l);
    fflush(t.f);
    expect_text(&t, "\r                  \r");
    assert_true(fputs("mine", t.f) >= 0);
    fclose(t.f);
    expect_text(&t, "mine");
    free(t.text);
}

static int last_percent;

static void note_vmessage(xentoollog_logger *l, xentoollog_level level, int e,
                          const char *context, const char *format, va_list al)
{
    (void)l, (void)level, (void)e, (void)context, (void)format, (void)al;
    errno = ERANGE;
}

static void note_progress(xentoollog_logger *l, const char *context,
                          const char *what, int percent, unsigned long done,
                          unsigned long total)
{
    (void)l, (void)context, (void)what, (void)done, (void)total;
    last_percent = percent;
    errno = ERANGE;
}

static bool note_destroyed;

static void note_destroy(xentoollog_logger *l)
{
    note_destroyed = true;
    free(l);
}

typedef struct
{
    xentoollog_logger vtable;
    int mine;
} xentoollog_logger_note;

static void test_percent(void **state)
{
    static const struct
    {
        unsigned long done, total;
        int percent;
    } cases[] = {
        { 0, 0, 0 }, { 5, 0, 0 }, { 0, 7, 0 }, { 1, 3, 33 }, { 2, 3, 66 },
        { 3, 3, 100 }, { 3, 2, 150 }, { 199, 200, 99 },
        { LONG_MAX / 100 - 1, LONG_MAX / 100 - 1, 100 },
        { LONG_MAX / 100 - 2, LONG_MAX / 100 - 1, 99 },
        { LONG_MAX / 2, LONG_MAX, 49 }, { ULONG_MAX, ULONG_MAX, 99 },
        { ULONG_MAX / 2, ULONG_MAX, 49 }, { ULONG_MAX, 1, INT_MAX },
        { ULONG_MAX / 100 + 1, 200, INT_MAX },
    };
    xentoollog_logger_note buffer = { .mine = 42 }, *note;
    unsigned int i;

    (void)state;

    note = XTL_NEW_LOGGER(note, buffer);
    assert_non_null(note);
    assert_int_equal(note->mine, 42);
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        xtl_progress(&note->vtable, "c", "w", cases[i].done, cases[i].total);
        assert_int_equal(last_percent, cases[i].percent);
    }

    note->vtable.progress = NULL;
    last_percent = -1;
    xtl_progress(&note->vtable, "c", "w", 1, 2);
    assert_int_equal(last_percent, -1);

    xtl_logger_destroy(&note->vtable);
    assert_true(note_destroyed);
    xtl_logger_destroy(NULL);
}

static void test_errno_preserved(void **state)
{
    xentoollog_logger note = { note_vmessage, note_progress, note_destroy };
    struct log t;

    (void)state;

    errno = EXDEV;
    xtl_log(&note, XTL_INFO, -1, "c", "x");
    assert_int_equal(errno, EXDEV);
    xtl_progress(&note, "c", "x", 1, 2);
    assert_int_equal(errno, EXDEV);

    /* To a stream whose every write fails. */
    t.f = fopen("/dev/full", "w");
    assert_non_null(t.f);
    t.l = (void *)xtl_createlogger_stdiostream(t.f, XTL_DEBUG, 0);
    assert_non_null(t.l);
    errno = EXDEV;
    xtl_log(t.l, XTL_INFO, -1, "c", "x");
    assert_int_equal(errno, EXDEV);
    xtl_logger_destroy(t.l);
    fclose(t.f);
}

static void test_create_fails(void **state)
{
    xentoollog_logger_stdiostream *lg;
    struct log t = { 0 };

    (void)state;

    errno = 0;
    assert_null(xtl_createlogger_stdiostream(
        stderr, XTL_DEBUG, XTL_STDIOSTREAM_PROGRESS_USE_CR |
                               XTL_STDIOSTREAM_PROGRESS_NO_CR));
    assert_int_equal(errno, EINVAL);

    t.f = open_memstream(&t.text, &t.len);
    assert_non_null(t.f);
    malloc_fails = true;
    lg = xtl_createlogger_stdiostream(t.f, XTL_DEBUG, 0);
    malloc_fails = false;
    assert_null(lg);
    assert_int_equal(errno, ENOMEM);
    expect_text(&t, "xtl: critical: no memory for a logger: Cannot allocate "
                    "memory\n");
    fclose(t.f);
    free(t.text);
}

/* Without flags, whether progress overwrites itself depends on the stream. */
static void test_terminal(void **state)
{
    xentoollog_logger_stdiostream *lg;
    char buf[80] = "";
    FILE *f;
    int pty;

    (void)state;

    pty = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(pty >= 0);
    assert_int_equal(grantpt(pty) | unlockpt(pty), 0);
    f = fopen(ptsname(pty), "r+");
    assert_non_null(f);
    lg = xtl_createlogger_stdiostream(f, XTL_DEBUG, 0);
    assert_non_null(lg);
    xtl_progress((xentoollog_logger *)lg, "c", "w", 1, 2);
    assert_true(read(pty, buf, sizeof(buf) - 1) > 0);
    assert_string_equal(buf, "c: w: 1/2   50%");
    xtl_logger_destroy((xentoollog_logger *)lg);
    fclose(f);
    close(pty);
}

static bool aborts(void (*fn)(xentoollog_logger *, int), int level)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if ( !pid )
    {
        xentoollog_logger note = { note_vmessage, NULL, note_destroy };

        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        fn(&note, level);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void do_log(xentoollog_logger *l, int level)
{
    xtl_log(l, (xentoollog_level)level, -1, "c", "x");
}

static void do_string(xentoollog_logger *l, int level)
{
    (void)l;
    xtl_level_to_string((xentoollog_level)level);
}

static void test_bad_level_aborts(void **state)
{
    (void)state;

    assert_true(aborts(do_log, XTL_NONE));
    assert_false(aborts(do_log, XTL_DEBUG));
    assert_false(aborts(do_log, XTL_CRITICAL));
    assert_true(aborts(do_log, XTL_NUM_LEVELS));
    assert_true(aborts(do_log, 1000));
    assert_false(aborts(do_string, XTL_NONE));
    assert_true(aborts(do_string, XTL_NUM_LEVELS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_min_level),
        cmocka_unit_test(test_pid_and_date),
        cmocka_unit_test(test_progress_lines),
        cmocka_unit_test(test_progress_overwrites),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_errno_preserved),
        cmocka_unit_test(test_create_fails),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_bad_level_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
