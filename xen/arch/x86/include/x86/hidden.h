/* SPDX-License-Identifier: MIT */
/*
 * Read before each file of the bare hypervisor: nothing is looked up through
 * a table of addresses, whoever defines it.  -fvisibility says so of
 * definitions only, and linkers cannot undo it at addresses above 4 GiB.
 */
#pragma GCC visibility push(hidden)
