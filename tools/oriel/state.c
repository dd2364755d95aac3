/* SPDX-License-Identifier: MIT */
/* Records are lines "key value"; they replace each other by rename. */
#define _GNU_SOURCE
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "say.h"
#include "uuid.h"

/* In /tmp another user may have made the folder first. */
static bool usable(const char *path)
{
    struct stat st;

    if ( mkdir(path, 0700) && errno != EEXIST )
        return false;
    if ( lstat(path, &st) )
        return false;
    errno = EPERM;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static char dir[PATH_MAX]; /* the one chosen last */

const char *state_dir(void)
{
    static bool good;
    const char *wanted = getenv("ORIEL_STATE");

    if ( good )
        return dir;
    if ( wanted && *wanted )
        snprintf(dir, sizeof(dir), "%s", wanted);
    else
    {
        snprintf(dir, sizeof(dir), "/run/oriel");
        if ( !usable(dir) )
            snprintf(dir, sizeof(dir), "/tmp/oriel-%u", geteuid());
    }
    good = usable(dir);
    return good ? dir : NULL;
}

void state_lost(uint32_t domid, const char *what)
{
    int err = errno;

    if ( !*dir )
        state_dir();
    warn("d%u: its %s cannot be recorded: %s/: %s", domid, what, dir,
         strerror(err));
}

char *state_path(const uint8_t *handle, const char *suffix)
{
    char uuid[UUID_TEXT], *path;

    if ( !state_dir() )
        return NULL;
    uuid_format(handle, uuid);
    if ( asprintf(&path, "%s/%s%s%s", dir, uuid, suffix ? "." : "",
                  suffix ? suffix : "") < 0 )
        return NULL;
    return path;
}

bool state_write(const uint8_t *handle, const struct state_record *record)
{
    char *path = state_path(handle, NULL), *fresh = state_path(handle, "new");
    FILE *f = path && fresh ? fopen(fresh, "we") : NULL;
    bool good = f;
    int err = errno;

    if ( f )
    {
        good = fprintf(f, "name %s\n", record->name) > 0;
        if ( record->dm_pid )
            good &= fprintf(f, "dm %d %llu\n", record->dm_pid,
                            record->dm_start) > 0;
        /* What is behind a newline would be a line of its own. */
        if ( *record->uart && !strchr(record->uart, '\n') )
            good &= fprintf(f, "uart %s\n", record->uart) > 0;
        good &= !fclose(f);
        good = good && !rename(fresh, path);
        err = errno;
        if ( !good )
            unlink(fresh);
    }
    free(path);
    free(fresh);
    errno = err;
    return good;
}

bool state_read(const uint8_t *handle, struct state_record *record)
{
    char *path = state_path(handle, NULL), line[PATH_MAX + 16];
    FILE *f = path ? fopen(path, "re") : NULL;

    memset(record, 0, sizeof(*record));
    free(path);
    if ( !f )
        return false;
    while ( fgets(line, sizeof(line), f) )
    {
        line[strcspn(line, "\n")] = '\0';
        if ( !strncmp(line, "name ", 5) )
            snprintf(record->name, sizeof(record->name), "%.63s", line + 5);
        else if ( !strncmp(line, "uart ", 5) )
            snprintf(record->uart, sizeof(record->uart), "%.*s", PATH_MAX - 1,
                     line + 5);
        else if ( !strncmp(line, "dm ", 3) &&
                  sscanf(line + 3, "%d %llu", &record->dm_pid,
                         &record->dm_start) != 2 )
            record->dm_pid = 0;
    }
    fclose(f);
    return *record->name;
}

void state_remove(const uint8_t *handle)
{
    static const char *const suffixes[] = { NULL, "new", "uart", "log" };

    for ( unsigned int i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++ )
    {
        char *path = state_path(handle, suffixes[i]);

        if ( path )
            unlink(path);
        free(path);
    }
}

void state_prune(bool (*lives)(const uint8_t *handle, void *arg), void *arg)
{
    const char *path = state_dir();
    DIR *records = path ? opendir(path) : NULL;
    struct dirent *e;

    while ( records && (e = readdir(records)) )
    {
        xen_domain_handle_t handle;
        struct state_record record;
        char *log;

        if ( !uuid_parse(e->d_name, handle) || lives(handle, arg) )
            continue;
        if ( !state_read(handle, &record) || !record.dm_pid ||
             dm_lives(record.dm_pid, record.dm_start) )
            continue;
        log = state_path(handle, "log");
        dm_show_messages(log, record.name);
        free(log);
        state_remove(handle);
    }
    if ( records )
        closedir(records);
}
