/* SPDX-License-Identifier: MIT */
/*
 * Runs oriel-config and parses its records.  oriel-config must not load Oriel's
 * libraries (config-reader.c says why): LD_LIBRARY_PATH is replaced by
 * ORIEL_XL_LIBRARY_PATH, or removed, and no library is preloaded.
 */
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dm.h"
#include "say.h"

static void run_reader(const char *program, const char *path, int out)
{
    const char *libraries = getenv("ORIEL_XL_LIBRARY_PATH");

    unsetenv("LD_PRELOAD");
    if ( libraries )
        setenv("LD_LIBRARY_PATH", libraries, 1);
    else
        unsetenv("LD_LIBRARY_PATH");
    dup2(out, STDOUT_FILENO);
    execlp(program, "oriel-config", "--", path, (char *)NULL);
    failed_errno(errno, "it is installed beside oriel", "run %s", program);
    _exit(126);
}

/* The program's whole output, zero-terminated; NULL with errno. */
static char *slurp(int fd, size_t *len)
{
    size_t room = 1 << 16;
    char *text = malloc(room);
    ssize_t got = 0;

    *len = 0;
    while ( text && (got = read(fd, text + *len, room - *len - 1)) != 0 )
    {
        if ( got < 0 && errno == EINTR )
            continue;
        if ( got < 0 )
            break;
        *len += (size_t)got;
        if ( *len == room - 1 )
        {
            char *more = realloc(text, room *= 2);

            if ( !more )
                free(text);
            text = more;
        }
    }
    if ( text && got < 0 )
    {
        free(text);
        return NULL;
    }
    if ( text )
        text[*len] = '\0';
    return text;
}

/* The file's name in messages. */
static const char *shown(const char *path)
{
    return strcmp(path, "-") ? path : "standard input";
}

static char *read_records(const char *path, size_t *len)
{
    char *program = program_beside("oriel-config"), *text = NULL;
    int fds[2], status;
    pid_t pid;

    if ( !program || pipe2(fds, O_CLOEXEC) )
    {
        failed_errno(errno, NULL, "%s: start oriel-config", shown(path));
        free(program);
        return NULL;
    }
    pid = fork();
    if ( pid == 0 )
        run_reader(program, path, fds[1]);
    close(fds[1]);
    if ( pid > 0 )
        text = slurp(fds[0], len);
    if ( !text )
        failed_errno(errno, NULL, "%s: read the configuration", shown(path));
    close(fds[0]);
    free(program);
    if ( pid > 0 && (waitpid(pid, &status, 0) != pid || status) )
    {
        if ( !WIFEXITED(status) || WEXITSTATUS(status) == 127 )
            failed("%s: oriel-config could not be run; it needs libxlutil and "
                   "the libxenctrl that came with it: set "
                   "ORIEL_XL_LIBRARY_PATH to their folder", shown(path));
        else if ( WEXITSTATUS(status) == 1 ) /* 3: after its own message */
            failed("%s: not a configuration; expected lines like memory = 32 "
                   "or name = \"guest\"", shown(path));
        free(text);
        text = NULL;
    }
    return text;
}

/* The next string, or NULL when there is none. */
static const char *next_string(const char **at, const char *end)
{
    const char *s = *at;

    if ( s >= end )
        return NULL;
    *at = s + strlen(s) + 1;
    return s;
}

static bool cut_off(const char *path)
{
    failed("%s: oriel-config's output is not complete", path);
    return false;
}

static bool apply_records(const char *path, const char *text, size_t len,
                          struct config *config)
{
    const char *at = text, *end = text + len;
    bool good = true;

    while ( at < end )
    {
        const char *name = next_string(&at, end), *line, *before, *kind, *count;
        struct config_record record = { .name = name };
        const char **items;

        line = next_string(&at, end);
        before = next_string(&at, end);
        kind = next_string(&at, end);
        count = next_string(&at, end);
        if ( !count )
            return cut_off(path);
        record.line = (unsigned int)strtoul(line, NULL, 10);
        record.before = (unsigned int)strtoul(before, NULL, 10);
        record.kind = kind;
        record.nr_items = (unsigned int)strtoul(count, NULL, 10);
        items = calloc(record.nr_items + 1, sizeof(*items));
        if ( !items )
            return failed_errno(errno, NULL, "%s", path) == EXIT_OK;
        for ( unsigned int i = 0; i < record.nr_items; i++ )
            if ( !(items[i] = next_string(&at, end)) )
                items[i] = "";
        record.item = items;
        good &= config_apply(path, &record, config);
        free(items);
    }
    return good;
}

bool config_read(const char *path, bool strict, struct config *config)
{
    size_t len;
    char *text;
    bool good;

    config_defaults(config);
    config->strict = strict;
    text = read_records(path, &len);
    if ( !text )
        return false;
    path = shown(path);
    good = apply_records(path, text, len, config);
    free(text);
    return good && config_finish(path, config);
}

void config_free(struct config *config)
{
    free(config->name);
    free(config->kernel);
    free(config->firmware);
    free(config->ramdisk);
    free(config->cmdline);
    free(config->root);
    free(config->extra);
}
