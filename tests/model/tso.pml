/* SPDX-License-Identifier: MIT */
/*
 * BYTES of memory for CPUS processors in x86's total store order: each has a
 * queue of stores that it sees itself and that reach memory later, in order.
 * The including model's `active` processes come behind: here pid = processor.
 *
 *   store(cpu, where, what)   waits while the queue is full
 *   VALUE(cpu, where)         a load: the youngest store in the queue, or memory
 *   FENCE(cpu)                the queue is empty; as a statement, waits for it
 */
#define DEPTH 3

typedef queue { byte n; byte place[DEPTH]; byte value[DEPTH] };
queue stores[CPUS];
byte mem[BYTES];

inline store(cpu, where, what)
{
    atomic {
        stores[cpu].n < DEPTH ->
            stores[cpu].place[stores[cpu].n] = where;
            stores[cpu].value[stores[cpu].n] = what;
            stores[cpu].n++
    }
}

#define YOUNGER(cpu, i, where) (stores[cpu].n > i && stores[cpu].place[i] == where)
#define VALUE(cpu, where)                                                    \
    (YOUNGER(cpu, 2, where) -> stores[cpu].value[2] :                        \
     (YOUNGER(cpu, 1, where) -> stores[cpu].value[1] :                       \
      (YOUNGER(cpu, 0, where) -> stores[cpu].value[0] : mem[where])))
#define FENCE(cpu) (stores[cpu].n == 0)

active [CPUS] proctype memory() /* its first processes: pid = processor */
{
    do
    :: atomic {
        stores[_pid].n > 0 ->
            mem[stores[_pid].place[0]] = stores[_pid].value[0];
            stores[_pid].place[0] = stores[_pid].place[1];
            stores[_pid].value[0] = stores[_pid].value[1];
            stores[_pid].place[1] = stores[_pid].place[2];
            stores[_pid].value[1] = stores[_pid].value[2];
            stores[_pid].n--;
            stores[_pid].place[stores[_pid].n] = 0;
            stores[_pid].value[stores[_pid].n] = 0
       }
    od
}
