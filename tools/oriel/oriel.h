/* SPDX-License-Identifier: MIT */
/*
 * oriel: a toolstack for guests whose devices are served through ioreq
 * servers.
 *
 *   main.c                        the list of commands, help
 *   create.c list.c control.c console.c resources.c      the commands
 *   config*.c elf.c layout.c build*.c dm.c               create's parts
 *   snapshot.c resources-text.c resources-json.c         resources' parts
 *   trace.c trace-text.c counters.c                      the hypervisor's trace
 *   xen.c state.c uuid.c say.c signals.c                 used by all
 */
#ifndef ORIEL_H
#define ORIEL_H

#include <stdbool.h>
#include <stdint.h>

#include "say.h"

struct command {
    const char *name;
    const char *arguments; /* as in the first line of its help */
    const char *summary; /* one line */
    const char *help; /* options and more, ends with a newline */
    /* argv[0] is the command's name.  The exit code. */
    int (*run)(int argc, char **argv);
};

extern const struct command command_create, command_list, command_pause,
    command_unpause, command_shutdown, command_destroy, command_console,
    command_resources, command_trace, command_counters;

/* Prints a command's help to standard output.  Returns EXIT_OK. */
int command_help(const struct command *command);

/*
 * getopt_long() that handles --help: prints the help and exits.  Returns the
 * option, -1 at the end, or '?' after a message.
 */
struct option;
int command_option(const struct command *command, int argc, char **argv,
                   const char *letters, const struct option *options);

/* ---- console.c ---- */

enum console_end {
    CONSOLE_DOMAIN_ENDED, CONSOLE_LEFT, CONSOLE_FAILED,
};

/*
 * Prints the domain's output from its console ring, and passes typed input on
 * if standard input is a terminal, until the domain ends, Ctrl-] is typed or a
 * signal arrives; signals.h holds the signals.  attached(arg), unless it is NULL,
 * is called in between: the console is attached, nothing is read yet; it says why
 * it fails.
 */
enum console_end console_attach(uint32_t domid, bool (*attached)(void *arg),
                                void *arg);

#endif
