/* SPDX-License-Identifier: MIT */
#include "oriel.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_create, &command_list, &command_pause, &command_unpause,
    &command_shutdown, &command_destroy, &command_console, &command_resources,
    &command_trace, &command_counters,
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
    fputs("usage: oriel COMMAND [OPTION]... [ARGUMENT]...\n\n", to);
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help       Show this text; help COMMAND: the help of a command\n"
          "  version    Print the version, as does --version\n\n"
          "oriel COMMAND --help shows more.  A DOMAIN is an id, a name or a "
          "UUID.\n"
          "Exit codes: 0: done; 1: failed; 2: misused.\n", to);
}

static const struct command *find_command(const char *name)
{
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        if ( !strcmp(commands[i]->name, name) )
            return commands[i];
    fprintf(stderr, "oriel: %s: no such command; see oriel help\n", name);
    return NULL;
}

int command_help(const struct command *command)
{
    printf("usage: oriel %s %s\n%s.\n%s  -h, --help\n", command->name,
           command->arguments, command->summary, command->help);
    return EXIT_OK;
}

int command_option(const struct command *command, int argc, char **argv,
                   const char *letters, const struct option *options)
{
    /* getopt's messages begin with argv[0]. */
    char name[32], *command_name = argv[0];
    int c;

    snprintf(name, sizeof(name), "oriel %s", command->name);
    argv[0] = name;
    c = getopt_long(argc, argv, letters, options, NULL);
    argv[0] = command_name;
    if ( c == 'h' )
        exit(finish_output(command_help(command)));
    if ( c == '?' )
        fprintf(stderr, "oriel: see oriel %s --help\n", command->name);
    return c;
}

static int help(int argc, char **argv)
{
    const struct command *command;

    if ( argc < 2 )
    {
        usage(stdout);
        return EXIT_OK;
    }
    command = find_command(argv[1]);
    return command ? command_help(command) : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const struct command *command;

    begin_output();
    signal(SIGCHLD, SIG_DFL); /* ignored, it takes the status of children */
    if ( argc < 2 )
    {
        usage(stderr);
        return EXIT_USAGE;
    }
    if ( !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
         !strcmp(argv[1], "-h") )
        return finish_output(help(argc - 1, argv + 1));
    if ( !strcmp(argv[1], "version") || !strcmp(argv[1], "--version") )
    {
        puts("oriel " ORIEL_VERSION);
        return finish_output(EXIT_OK);
    }
    command = find_command(argv[1]);
    return command ? finish_output(command->run(argc - 1, argv + 1))
                   : EXIT_USAGE;
}
