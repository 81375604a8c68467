// Child processes whose groups, signals and lives their parent sets, and descriptors that tell of signals and of a process's end. Swift may
// not fork.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// This process's environment: texts with NULL behind them.
static inline char ***process_environment(void) {
    extern char **environ;
    return &environ;
}

/// What the child does: it becomes the program, or says through `trouble` why it cannot.
static inline void process_become(
    char *const *words, char *const *environment, const int *streams, bool ends_with_parent, pid_t parent,
    const int *defaults, int default_count, int trouble) {
    setpgid(0, 0);
    if (ends_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // It may have ended before that.
        if (getppid() != parent) _exit(1);
    }
    for (int index = 0; index < default_count; index++) signal(defaults[index], SIG_DFL);
    sigset_t nothing;
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL);
    for (int stream = 0; stream < 3; stream++)
        if (streams[stream] != stream) dup2(streams[stream], stream);
    *process_environment() = (char **)environment;
    execvp(words[0], words);
    int code = errno;
    ssize_t written = write(trouble, &code, sizeof code);
    (void)written;
    _exit(127);
}

/// Starts a program, looked for on PATH, in a process group of its own, with no signal blocked.
///
/// `streams` are its standard streams; of all other descriptors it has only those that are open across exec. It ends with the calling thread
/// where `ends_with_parent`. The signals of `defaults` have their usual effect in it. Returns its number, or minus an error number.
static inline pid_t process_start(
    char *const *words, char *const *environment, const int *streams, bool ends_with_parent, const int *defaults,
    int default_count) {
    int trouble[2];
    if (pipe(trouble) != 0) return -errno;
    fcntl(trouble[0], F_SETFD, FD_CLOEXEC);
    fcntl(trouble[1], F_SETFD, FD_CLOEXEC);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        process_become(words, environment, streams, ends_with_parent, parent, defaults, default_count, trouble[1]);
    int code = child < 0 ? errno : 0;
    close(trouble[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(trouble[0], &code, sizeof code);
        while (count < 0 && errno == EINTR);
        if (count == sizeof code) waitpid(child, NULL, 0);
        else code = 0;
    }
    close(trouble[0]);
    return code == 0 ? child : -code;
}

/// A descriptor that can be read from once the process has ended; -1 where there is none, or no such process.
static inline int process_descriptor(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

/// Blocks signals in this thread and those that it starts, and gives a descriptor from which they can be read instead.
static inline int process_signals(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// The next signal that has come; 0 where there is none.
static inline int process_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    if (read(descriptor, &information, sizeof information) != sizeof information) return 0;
    return (int)information.ssi_signo;
}

#endif
