/* SPDX-License-Identifier: MIT */
/*
 * What cannot be done to the places of the kernel's files: names in /proc/xen and
 * /sys/hypervisor stay, and there are no attributes of a user's.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "ct-files.h"

static int bind_to_path(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), rc, err;

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    rc = bind(fd, (struct sockaddr *)&un, sizeof(un));
    err = errno;
    close(fd);
    errno = err;
    return rc;
}

static void names_stay(const char *folder, const char *file)
{
    char new[64], old[64], temporary[64];

    snprintf(new, sizeof(new), "%s/new", folder);
    snprintf(old, sizeof(old), "%s/%s", folder, file);
    snprintf(temporary, sizeof(temporary), "%s/tXXXXXX", folder);
    ct_expect(EPERM, mkdir(new, 0700), "%s: mkdir", folder);
    ct_expect(EEXIST, mkdir(old, 0700), "%s: mkdir of a file", folder);
    ct_expect(EPERM, mkfifo(new, 0600), "%s: mkfifo", folder);
    ct_expect(EPERM, symlink("/", new), "%s: symlink", folder);
    ct_expect(EACCES, open(new, O_RDWR | O_CREAT, 0600), "%s: open", folder);
    ct_expect(EACCES, mkstemp(temporary), "%s: mkstemp", folder);
    ct_expect(EOPNOTSUPP, open(folder, O_RDWR | O_TMPFILE, 0600),
              "%s: O_TMPFILE", folder);
    ct_expect(EPERM, bind_to_path(new), "%s: a socket", folder);
    ct_expect(ENOENT, unlink(new), "%s: unlink of nothing", folder);
    ct_expect(EPERM, unlink(old), "%s: unlink", folder);
    ct_expect(EPERM, rmdir(folder), "%s: rmdir", folder);
    ct_expect(EPERM, rename(old, new), "%s: rename", folder);
    ct_expect(EXDEV, rename(folder, "/tmp/oriel-ct-files"),
              "%s: rename to elsewhere", folder);
    ct_expect(EPERM, link(old, new), "%s: link", folder);
    ct_expect(EXDEV, link("/dev/xen/privcmd", new), "%s: link from /dev",
              folder);
    ct_expect(0, access(old, F_OK), "%s: all is as it was", folder);
}

/* Opened in ways that are for files with content. */
static void texts_as_files(const char *path, off_t size)
{
    struct stat st;
    struct statx stx;
    char text[64] = "";
    FILE *f;

    ct_expect(EEXIST, open(path, O_RDONLY | O_CREAT | O_EXCL, 0600),
              "%s: made anew", path);
    ct_expect(EINVAL, open(path, O_RDONLY | O_DIRECT), "%s: O_DIRECT", path);
    ct_expect(ENOTDIR, open(path, O_RDONLY | O_DIRECTORY), "%s: O_DIRECTORY",
              path);
    ct_expect(0, truncate(path, 0), "%s: truncate", path);
    f = fopen(path, "r");
    ct_ok(f && fgets(text, sizeof(text), f) && *text, "%s: it has its text",
          path);
    if ( f )
        fclose(f);
    ct_ok(!stat(path, &st) && st.st_size == size, "%s: its size", path);
    ct_ok(!statx(AT_FDCWD, path, 0, STATX_SIZE, &stx) &&
          stx.stx_size == (uint64_t)size, "%s: its size by statx", path);
}

static void attributes(const char *path, int to_get, int to_set)
{
    char value[8], list[256];

    ct_expect(to_get, getxattr(path, "user.x", value, sizeof(value)),
              "%s: getxattr", path);
    ct_expect(to_get, lgetxattr(path, "user.x", value, sizeof(value)),
              "%s: lgetxattr", path);
    ct_expect(to_set, setxattr(path, "user.x", "y", 1, 0), "%s: setxattr",
              path);
    ct_expect(to_set, lsetxattr(path, "user.x", "y", 1, 0), "%s: lsetxattr",
              path);
    ct_expect(to_set, removexattr(path, "user.x"), "%s: removexattr", path);
    ct_expect(to_set, lremovexattr(path, "user.x"), "%s: lremovexattr", path);
    ct_ok(listxattr(path, list, sizeof(list)) >= 0 &&
          llistxattr(path, list, sizeof(list)) >= 0, "%s: listxattr", path);
}

/* What a program begins with is opened by its parent's libc. */
static void spawned(void)
{
    char *argv[] = { (char *)"sh", (char *)"-c",
                     (char *)"read a <&9 && test $a = xen && test $PWD = /dev/xen",
                     NULL };
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 9, "/sys/hypervisor/type",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_addchdir_np(&actions, "/dev/xen");
    ct_equal((uint64_t)posix_spawnp(&pid, "sh", &actions, NULL, argv, environ),
             0, "posix_spawn");
    waitpid(pid, &status, 0);
    ct_equal((uint64_t)status, 0, "posix_spawn: a file and a folder of ours");
    posix_spawn_file_actions_destroy(&actions);
}

void test_places(void)
{
    names_stay("/proc/xen", "capabilities");
    names_stay("/sys/hypervisor", "type");
    texts_as_files("/proc/xen/capabilities", 0);
    texts_as_files("/sys/hypervisor/type", 4096);
    attributes("/proc/xen", EOPNOTSUPP, EOPNOTSUPP);
    attributes("/proc/xen/privcmd", EOPNOTSUPP, EOPNOTSUPP);
    attributes("/sys/hypervisor", ENODATA, EOPNOTSUPP);
    attributes("/sys/hypervisor/type", ENODATA, EOPNOTSUPP);
    attributes("/dev/xen", EOPNOTSUPP, EOPNOTSUPP);
    attributes("/dev/xen/privcmd", ENODATA, EPERM);
    spawned();
}
