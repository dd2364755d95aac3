/* SPDX-License-Identifier: MIT */
/*
 * Rules of the architecture that depend on nothing but the values given: which
 * two exceptions make a double fault, what a PAT may hold.  All vendors use
 * them.
 */
#include <emul/rules.h>
#include <x86/defns.h>

static bool is_contributory(unsigned int vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

enum fault_pair fault_pair(unsigned int first, unsigned int second)
{
    bool serious = is_contributory(second) || second == VECTOR_PF;

    if ( first == VECTOR_DF && serious )
        return FAULTS_TRIPLE;
    if ( (is_contributory(first) && is_contributory(second)) ||
         (first == VECTOR_PF && serious) )
        return FAULTS_DOUBLE;
    return FAULTS_SECOND;
}

bool pat_legal(uint64_t pat)
{
    for ( unsigned int i = 0; i < 64; i += 8 )
    {
        unsigned int type = pat >> i & 0xff;

        if ( type > 7 || type == 2 || type == 3 )
            return false;
    }
    return true;
}

bool address_is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}
