# SPDX-License-Identifier: MIT
toollog-name := libxentoollog
toollog-soname := libxentoollog.so.1
toollog-version := 1.0
toollog-src := tools/libs/toollog/core.c tools/libs/toollog/stdiostream.c
toollog-map := tools/libs/toollog/libxentoollog.map
toollog-libs :=
toollog-pc := tools/libs/toollog/xentoollog.pc.in
toollog-headers := include/xentoollog.h

# tests/unit/test-toollog.c is linked with toollog-src and these.
toollog-test-ldflags := -Wl,--wrap=malloc
