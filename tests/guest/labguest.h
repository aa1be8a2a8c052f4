/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's test programs: one static binary, one function each. They run inside the guest as
 * root, drive an assigned device from user space, and say on one line what they saw. Each returns
 * 0 if the device did what it should, 1 if not, 2 for wrong usage.
 */
#ifndef LABGUEST_H
#define LABGUEST_H

int edu_main(int argc, char **argv);
int draw_main(int argc, char **argv);
int key_main(int argc, char **argv);
int events_main(int argc, char **argv);
int shared_main(int argc, char **argv);
int find_main(int argc, char **argv);
int scratch_main(int argc, char **argv);
int reads_main(int argc, char **argv);
int tray_main(int argc, char **argv);
int leaves_main(int argc, char **argv);
int cpuid_main(int argc, char **argv);
int hyperv_main(int argc, char **argv);
int msr_main(int argc, char **argv);

/* Print "what: errno text" and return 1, for `return failed("open")`. */
int failed(const char *what);

#endif
