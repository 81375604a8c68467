// A process that passes on what another one writes, for as long as somebody reads it and no longer. Swift may not fork.
#ifndef CRELAY_H
#define CRELAY_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

int close_range(unsigned first, unsigned last, int flags);

/// Writes all of some bytes; false where nobody reads them any more.
static inline bool relay_write(int descriptor, const char *bytes, ssize_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, (size_t)count);
        if (written > 0) {
            bytes += written;
            count -= written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {descriptor, POLLOUT, 0};
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/// What the relay does until all who write into its standard input have ended. It outlives the signals that end them: their last words are its
/// last words too.
static inline void relay_run(int descriptor, int complaints, const char *warning) {
    int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGUSR1, SIGUSR2};
    for (unsigned index = 0; index < sizeof ignored / sizeof *ignored; index++) signal(ignored[index], SIG_IGN);
    char bytes[1 << 16];
    bool is_read = true;
    while (true) {
        ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        if (!is_read || relay_write(descriptor, bytes, count)) continue;
        is_read = false;
        if (complaints >= 0) relay_write(complaints, warning, (ssize_t)strlen(warning));
    }
}

/// Puts a pipe to a process of its own in the place of `descriptor`, and of `other` where it is not negative. That process passes on what comes to
/// what `descriptor` was; once nobody reads that any more, it writes `warning` to `complaints`, where that is not negative, and goes on taking
/// what comes.
///
/// To be called while this process has one thread. Returns 0, or an error number, and then nothing has changed.
static inline int relay_start(int descriptor, int other, int complaints, const char *warning) {
    int ends[2];
    if (pipe(ends) != 0) return errno;
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        return code;
    }
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++)
            if (stream != descriptor && stream != complaints) close(stream);
        close_range(STDERR_FILENO + 1, ~0U, 0);
        relay_run(descriptor, complaints, warning);
        _exit(0);
    }
    close(ends[0]);
    dup2(ends[1], descriptor);
    if (other >= 0) dup2(ends[1], other);
    close(ends[1]);
    return 0;
}

#endif
