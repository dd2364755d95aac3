/* SPDX-License-Identifier: MIT */
/*
 * The folder of a run, in TMPDIR or /tmp: the socket, files that stand for
 * those that programs look for ("root", see kernel-files.c), and the state of
 * Oriel's toolstack.  The folder's name contains the server's process number, by
 * which the next run finds folders of runs that are dead.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

static char folder[PATH_MAX];

/* As an absolute path, since clients have other current folders. */
static const char *tmp(void)
{
    static char resolved[PATH_MAX];
    const char *dir = getenv("TMPDIR");

    dir = dir && *dir ? dir : "/tmp";
    return realpath(dir, resolved) ? resolved : dir;
}

/* The folders on the way to the file, which a path within ours names. */
static int make_way(char *path)
{
    for ( char *p = path + strlen(folder) + 1; (p = strchr(p, '/')); p++ )
    {
        *p = '\0';
        if ( mkdir(path, 0700) && errno != EEXIST )
            return -errno;
        *p = '/';
    }
    return 0;
}

static int write_file(const char *path, const char *text, unsigned int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), rc;

    if ( fd < 0 )
        return -errno;
    rc = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -ENOSPC;
    if ( !rc && fchmod(fd, mode) ) /* whatever the umask is */
        rc = -errno;
    close(fd);
    return rc;
}

int life_make_file(const char *name, const char *text, unsigned int mode)
{
    char path[PATH_MAX + 64];
    int rc;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    rc = make_way(path);
    if ( !rc && text )
        rc = write_file(path, text, mode);
    if ( rc )
        fprintf(stderr, "xen-hosted: %s: %s\n", path, strerror(-rc));
    return rc;
}

int life_make_folder(void)
{
    int rc;

    if ( snprintf(folder, sizeof(folder), "%s/oriel-%d-XXXXXX", tmp(),
                  getpid()) >= PATH_MAX )
    {
        folder[0] = '\0';
        fprintf(stderr, "xen-hosted: cannot make a folder in %s: %s\n", tmp(),
                strerror(ENAMETOOLONG));
        return -ENAMETOOLONG;
    }
    if ( !mkdtemp(folder) )
    {
        rc = -errno;
        folder[0] = '\0';
        fprintf(stderr, "xen-hosted: cannot make a folder in %s: %s\n", tmp(),
                strerror(-rc));
        return rc;
    }
    rc = life_make_file("state/", NULL, 0);
    return rc ? rc : life_make_file("root/", NULL, 0);
}

const char *life_root(void)
{
    static char root[PATH_MAX + 8];

    snprintf(root, sizeof(root), "%s/root", folder);
    return root;
}

const char *life_folder(void)
{
    return folder;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    remove(path);
    return 0;
}

void life_remove_folder(void)
{
    if ( *folder )
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Does a server listen there?  Its pid may be of another name space. */
static bool is_served(const char *socket_path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool served;

    served = fd < 0 || snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
                                socket_path) >= (int)sizeof(addr.sun_path) ||
             !connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
             (errno != ECONNREFUSED && errno != ENOENT);
    if ( fd >= 0 )
        close(fd);
    return served;
}

void life_remove_socket(const char *path)
{
    struct stat st;

    if ( !lstat(path, &st) && S_ISSOCK(st.st_mode) && !is_served(path) )
        unlink(path);
}

void life_remove_dead(void)
{
    DIR *d = opendir(tmp());
    char path[PATH_MAX], socket_path[PATH_MAX + 8];
    struct dirent *e;
    struct stat st;

    while ( d && (e = readdir(d)) )
    {
        int pid = 0, end = 0;

        if ( sscanf(e->d_name, "oriel-%d-%n", &pid, &end) < 1 || !end ||
             strlen(e->d_name + end) != 6 || pid <= 0 ||
             !kill(pid, 0) || errno != ESRCH ||
             snprintf(path, sizeof(path), "%s/%s", tmp(), e->d_name) >=
                 PATH_MAX ||
             lstat(path, &st) || !S_ISDIR(st.st_mode) ||
             st.st_uid != geteuid() )
            continue;
        snprintf(socket_path, sizeof(socket_path), "%s/xen", path);
        if ( is_served(socket_path) )
            continue;
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    if ( d )
        closedir(d);
}
