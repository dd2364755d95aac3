/* SPDX-License-Identifier: MIT */
/*
 * --toolstack: before the command runs, the daemons that a dom0 has: xenstored,
 * xenconsoled, and what xen-init-dom0 writes into xenstore.  Their files, and
 * those of xl, are in the run's folder: "root" has /run/xen, /var/log/xen and the
 * other places of preload/names.c.  What belongs to the toolstack ends with the
 * run like everything that the command starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

#define LIBEXEC "usr/lib/xen-4.17"

static bool wanted;
static char root[PATH_MAX]; /* Debian's files: what comes before "/usr" */

static int say(const char *what, const char *why)
{
    fprintf(stderr, "xen-hosted: --toolstack: %s: %s\n", what, why);
    return -1;
}

/* ---- before the machine starts ---- */

int toolstack_find(const char *where)
{
    char path[PATH_MAX + 64];

    if ( !realpath(where ? where : "/", root) )
        return say(where, strerror(errno));
    if ( !strcmp(root, "/") )
        root[0] = '\0';
    snprintf(path, sizeof(path), "%s/" LIBEXEC "/bin/xl", root);
    if ( access(path, X_OK) )
        return say(path, strerror(errno));
    wanted = true;
    return 0;
}

bool toolstack_wanted(void)
{
    return wanted;
}

/* ---- its folders ---- */

/* xl finds no memory of dom0's here that it could take. */
static const char xl_conf[] = "autoballoon=\"off\"\n";

/*
 * What is Debian's, where it is unpacked; else the machine's own, if there is
 * any: QEMU and the firmware of its guests are not needed for every run.
 */
static const char *const linked[] = {
    ("/" LIBEXEC), "/usr/libexec/xen-qemu-system-i386", "/usr/share/qemu",
    "/usr/share/seabios", "/usr/lib/ipxe/qemu",
};

static int make_link(const char *path)
{
    char link[PATH_MAX + 64], target[PATH_MAX + 64];

    snprintf(link, sizeof(link), "%s%s", life_root(), path);
    snprintf(target, sizeof(target), "%s%s", root, path);
    return symlink(access(target, F_OK) ? path : target, link) ? -errno : 0;
}

int toolstack_make_folders(void)
{
    static const char *const name[] = {
        "root/run/xen/", "root/run/xenstored/", "root/run/lock/",
        "root/var/lib/xen/dump/", "root/var/lib/xenstored/",
        "root/var/log/xen/console/", "root/etc/xen/scripts/",
        "root/etc/xen/auto/", "root/usr/lib/ipxe/", "root/usr/libexec/",
        "root/usr/share/",
    };
    int rc = 0;

    for ( size_t i = 0; !rc && i < sizeof(name) / sizeof(name[0]); i++ )
        rc = life_make_file(name[i], NULL, 0);
    if ( !rc )
        rc = life_make_file("root/etc/xen/xl.conf", xl_conf, 0644);
    for ( size_t i = 0; !rc && i < sizeof(linked) / sizeof(linked[0]); i++ )
        rc = make_link(linked[i]);
    return rc;
}

/* ---- in the process that becomes the command ---- */

/* Put the text before or after what the variable has. */
static void extend(const char *name, const char *before, const char *after)
{
    const char *old = getenv(name);
    char *text;

    if ( asprintf(&text, "%s%s%s%s%s", before, *before && old && *old ? ":" : "",
                  old ? old : "", *after && old && *old ? ":" : "", after) >= 0 )
        setenv(name, text, 1);
}

void toolstack_environment(void)
{
    char text[3 * PATH_MAX];

    setenv(WIRE_TOOLSTACK_ENV, "1", 1);
    snprintf(text, sizeof(text), "%s/" LIBEXEC "/bin%s%s%s", root,
             *root ? ":" : "", root, *root ? "/usr/bin" : "");
    extend("PATH", text, "");
    /* After the caller's: Oriel's libraries may be there. */
    snprintf(text, sizeof(text), "%s/usr/lib/x86_64-linux-gnu", root);
    if ( *root )
        extend("LD_LIBRARY_PATH", "", text);
}

/* Start it without input, with its output at `out`: the pid. */
static pid_t start(const char *name, const char *option, int out, int err)
{
    pid_t pid = fork();
    int null;

    if ( pid )
        return pid;
    null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(out < 0 ? null : out, STDOUT_FILENO);
    if ( err >= 0 )
        dup2(err, STDERR_FILENO);
    execlp(name, name, option, NULL);
    say(name, strerror(errno));
    _exit(127);
}

/* Until it ends, or its first process if it is a daemon: 0, or -1 and a line. */
static int await(const char *name, pid_t pid)
{
    char why[64];
    int status;

    if ( pid < 0 || waitpid(pid, &status, 0) != pid )
        return say(name, strerror(errno));
    if ( !status )
        return 0;
    snprintf(why, sizeof(why), WIFEXITED(status) ? "ends with status %d"
                                                 : "is ended by signal %d",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return say(name, why);
}

/* Its folder is named by a descriptor: its path may be too long for an address. */
static bool xenstored_listens(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    char path[PATH_MAX + 32];
    int dir, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens;

    snprintf(path, sizeof(path), "%s/run/xenstored", life_root());
    dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/socket",
             dir);
    listens = dir >= 0 && fd >= 0 &&
              !connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    if ( dir >= 0 )
        close(dir);
    if ( fd >= 0 )
        close(fd);
    return listens;
}

/* xenstored gives its standard output up when it serves. */
static int start_xenstored(void)
{
    char text[512];
    int end[2], rc;
    ssize_t len;
    pid_t pid;

    if ( pipe2(end, O_CLOEXEC) )
        return say("xenstored", strerror(errno));
    pid = start("xenstored", "--pid-file=/run/xen/xenstored.pid", end[1], end[1]);
    close(end[1]);
    while ( (len = read(end[0], text, sizeof(text))) > 0 )
        (void)!write(STDERR_FILENO, text, (size_t)len);
    close(end[0]);
    rc = await("xenstored", pid);
    if ( !rc && !xenstored_listens() )
        rc = say("xenstored", "has ended");
    return rc;
}

int toolstack_start(void)
{
    static const char init[] = "xen-init-dom0", consoled[] = "xenconsoled";
    int rc = start_xenstored();

    if ( !rc )
        rc = await(init, start(init, NULL, -1, -1));
    if ( !rc )
        rc = await(consoled, start(consoled, "--log=guest", -1, -1));
    return rc;
}
