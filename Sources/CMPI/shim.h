// What Swift cannot import from mpi.h: its constants are macros that cast the addresses of C variables, and requests
// and statuses differ from one MPI to the next. Every function returns MPI's own code; no communicator ends the process
// by itself.
#ifndef CMPI_SHIM_H
#define CMPI_SHIM_H

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/// Starts MPI for calls from any thread; `*provided_level` says what the library grants. Works without mpirun: a world
/// of one, for which Open MPI is told not to start a daemon of its own, which would need ssh, open files and processes. From here on errors
/// are returned, on the world and on every communicator made from it.
static inline int cmpi_init(int *provided_level) {
    // Read by a process that nobody launched, and no other.
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    int code = MPI_Init_thread(0, 0, MPI_THREAD_MULTIPLE, provided_level);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    if (code != MPI_SUCCESS) return code;
    return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

/// Whether calls from several threads at once are allowed at `level`.
static inline int cmpi_is_multiple(int level) { return level >= MPI_THREAD_MULTIPLE; }

/// Whether MPI was started and not yet finished.
static inline int cmpi_is_running(void) {
    int initialized = 0, finalized = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    return initialized && !finalized;
}

/// A communicator of our own over all processes, made here so that its messages meet no one else's. Ranks go up by `key`,
/// and where that is the same as the world has them.
static inline int cmpi_open(int key, MPI_Comm *communicator) {
    return MPI_Comm_split(MPI_COMM_WORLD, 0, key, communicator);
}

/// This process's rank, and how many there are.
static inline int cmpi_ranks(MPI_Comm communicator, int *rank, int *size) {
    int code = MPI_Comm_rank(communicator, rank);
    return code != MPI_SUCCESS ? code : MPI_Comm_size(communicator, size);
}

/// Rank and size among the processes of this machine (those that share memory), and the world's rank of the first of
/// them.
static inline int cmpi_local(int *rank, int *size, int *first) {
    MPI_Comm node;
    int code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    if (code != MPI_SUCCESS) return code;
    code = cmpi_ranks(node, rank, size);
    if (code == MPI_SUCCESS) code = MPI_Comm_rank(MPI_COMM_WORLD, first);
    if (code == MPI_SUCCESS) code = MPI_Bcast(first, 1, MPI_INT, 0, node);
    int freed = MPI_Comm_free(&node);
    return code != MPI_SUCCESS ? code : freed;
}

/// Collects the `own` of all ranks, in their order.
static inline int cmpi_tell(MPI_Comm communicator, int own, int *of_ranks) {
    return MPI_Allgather(&own, 1, MPI_INT, of_ranks, 1, MPI_INT, communicator);
}

/// What Open MPI sends of a message without asking the receiver, its own words included, is 4 KiB between processes that share
/// memory and 64 KiB over TCP.
enum { cmpi_near_bytes = 4000, cmpi_far_bytes = 65000, cmpi_most_parts = 130 };

/// How many bytes of a message travel in one of MPI's.
///
/// Within a machine two short messages take less time than one that is asked for; longer ones are read from the sender's
/// memory at once. Over TCP, what asks for a long message and grants it waits in line behind the long messages of the other
/// direction, so that the two directions take turns: in parts that need no asking they run at the same time, in half of the time.
static inline int cmpi_part(int bytes, int is_far) {
    if (!is_far) return bytes > cmpi_near_bytes && bytes <= 2 * cmpi_near_bytes ? bytes / 2 + bytes % 2 : bytes;
    int least = (bytes + cmpi_most_parts - 1) / cmpi_most_parts;
    return least > cmpi_far_bytes ? least : cmpi_far_bytes;
}

/// An exchange on its way: the parts of what comes in, then those of what goes out.
typedef struct {
    int incoming, all;
    /// How many parts are done, in their order, and the bytes that have come in with them.
    int done, received;
    MPI_Request requests[2 * cmpi_most_parts];
} cmpi_exchange;

/// Begins to receive and to send bytes with one partner, on this machine or far. A direction of no bytes is no message at all.
static inline int cmpi_exchange_begin(
    MPI_Comm communicator, const void *outgoing, int outgoing_bytes, void *incoming, int incoming_bytes, int partner,
    int is_far, cmpi_exchange *exchange) {
    const int tag = 0;
    MPI_Request *next = exchange->requests;
    int code = MPI_SUCCESS;
    for (int start = 0, part = cmpi_part(incoming_bytes, is_far); code == MPI_SUCCESS && start < incoming_bytes;
         start += part) {
        int bytes = incoming_bytes - start < part ? incoming_bytes - start : part;
        code = MPI_Irecv((char *)incoming + start, bytes, MPI_BYTE, partner, tag, communicator, next++);
    }
    exchange->incoming = (int)(next - exchange->requests);
    for (int start = 0, part = cmpi_part(outgoing_bytes, is_far); code == MPI_SUCCESS && start < outgoing_bytes;
         start += part) {
        int bytes = outgoing_bytes - start < part ? outgoing_bytes - start : part;
        code = MPI_Isend((const char *)outgoing + start, bytes, MPI_BYTE, partner, tag, communicator, next++);
    }
    exchange->all = (int)(next - exchange->requests);
    exchange->done = exchange->received = 0;
    return code;
}

/// Moves the exchange on and says whether both directions are done, without waiting.
///
/// Part by part: MPI_Test looks at its request again once it has polled, MPI_Testall leaves that to the next call.
static inline int cmpi_exchange_test(cmpi_exchange *exchange, int *is_done) {
    for (*is_done = 1; exchange->done < exchange->all; exchange->done++) {
        MPI_Status status;
        int code = MPI_Test(&exchange->requests[exchange->done], is_done, &status);
        if (code != MPI_SUCCESS || !*is_done) return code;
        int bytes = 0;
        if (exchange->done < exchange->incoming) code = MPI_Get_count(&status, MPI_BYTE, &bytes);
        if (code != MPI_SUCCESS) return code;
        exchange->received += bytes;
    }
    return MPI_SUCCESS;
}

/// MPI's own sum over all processes, in place; waits without pause.
static inline int cmpi_sum(MPI_Comm communicator, void *values, int count, int is_double) {
    return MPI_Allreduce(MPI_IN_PLACE, values, count, is_double ? MPI_DOUBLE : MPI_FLOAT, MPI_SUM, communicator);
}

/// Sends a copy of a small message and does not wait for it. The copy stays: such messages are few, and the last that a
/// process sends.
static inline int cmpi_post(MPI_Comm communicator, const void *message, int bytes, int partner) {
    void *copy = malloc(bytes > 0 ? bytes : 1);
    if (!copy) return MPI_ERR_NO_MEM;
    memcpy(copy, message, bytes);
    MPI_Request request;
    int code = MPI_Isend(copy, bytes, MPI_BYTE, partner, 0, communicator, &request);
    return code != MPI_SUCCESS ? code : MPI_Request_free(&request);
}

/// Whether a message is there, from whom, and its bytes.
static inline int cmpi_probe(MPI_Comm communicator, int *is_there, int *sender, int *bytes) {
    MPI_Status status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, 0, communicator, is_there, &status);
    if (code != MPI_SUCCESS || !*is_there) return code;
    *sender = status.MPI_SOURCE;
    return MPI_Get_count(&status, MPI_BYTE, bytes);
}

/// Receives the message that the probe has found.
static inline int cmpi_take(MPI_Comm communicator, void *message, int bytes, int sender) {
    return MPI_Recv(message, bytes, MPI_BYTE, sender, 0, communicator, MPI_STATUS_IGNORE);
}

/// Gives a communicator of `cmpi_open` back; all processes call it.
static inline int cmpi_close(MPI_Comm communicator) { return MPI_Comm_free(&communicator); }

/// Ends MPI on this process.
static inline int cmpi_finish(void) { return MPI_Finalize(); }

/// Ends the job on all processes with `exit_code`.
static inline int cmpi_abort(int exit_code) { return MPI_Abort(MPI_COMM_WORLD, exit_code); }

enum { cmpi_message_capacity = MPI_MAX_ERROR_STRING };

/// MPI's own words for `code`, into `message` of at least `cmpi_message_capacity` bytes.
static inline int cmpi_message(int code, char *message, int *length) { return MPI_Error_string(code, message, length); }

#endif
