/*
 * kernel.h - the system calls of every statement.
 *
 * libc's recv(), send() and epoll_wait() are points at which a thread may be cancelled: in a program of
 * several threads each of them says so before and after, with a locked instruction. Nobody cancels a
 * thread here. Sanitizers look at what libc's are given, so under one they are called.
 */
#ifndef TASK_KERNEL_H
#define TASK_KERNEL_H

#include "task/sanitize.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(WITH_SANITIZER) && defined(SYS_recvfrom) && defined(SYS_sendto) &&                    \
    defined(SYS_epoll_pwait)

static inline ssize_t
kernel_recv(int fd, void *out, size_t len, int flags)
{
	return syscall(SYS_recvfrom, fd, out, len, flags, NULL, NULL);
}

static inline ssize_t
kernel_send(int fd, const void *data, size_t len, int flags)
{
	return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

static inline int
kernel_epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, max, ms, NULL, 0);
}

#else

static inline ssize_t
kernel_recv(int fd, void *out, size_t len, int flags)
{
	return recv(fd, out, len, flags);
}

static inline ssize_t
kernel_send(int fd, const void *data, size_t len, int flags)
{
	return send(fd, data, len, flags);
}

static inline int
kernel_epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	return epoll_wait(fd, events, max, ms);
}

#endif

#endif
