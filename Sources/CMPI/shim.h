// What Swift cannot import from mpi.h: its constants are macros that cast the addresses of C variables, and requests
// and statuses differ from one MPI to the next. Every function returns MPI's own code; no communicator ends the process
// by itself.
#ifndef CMPI_SHIM_H
#define CMPI_SHIM_H

#include <mpi.h>

/// Starts MPI for calls from any thread; `*provided_level` says what the library grants. Works without mpirun: a world
/// of one. From here on errors are returned, on the world and on every communicator made from it.
static inline int cmpi_init(int *provided_level) {
    int code = MPI_Init_thread(0, 0, MPI_THREAD_MULTIPLE, provided_level);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    if (code != MPI_SUCCESS) return code;
    return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

/// Whether calls from several threads, one at a time, are allowed at `level`.
static inline int cmpi_is_serialized(int level) { return level >= MPI_THREAD_SERIALIZED; }

/// Whether MPI was started and not yet finished.
static inline int cmpi_is_running(void) {
    int initialized = 0, finalized = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    return initialized && !finalized;
}

/// Rank and size in a communicator of our own over all processes, made here so that our messages meet no one else's.
static inline int cmpi_open(MPI_Comm *communicator, int *rank, int *size) {
    int code = MPI_Comm_dup(MPI_COMM_WORLD, communicator);
    if (code == MPI_SUCCESS) code = MPI_Comm_rank(*communicator, rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(*communicator, size);
    return code;
}

/// Rank and size among the processes of this machine (those that share memory).
static inline int cmpi_local(MPI_Comm communicator, int *rank, int *size) {
    MPI_Comm node;
    int code = MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Comm_rank(node, rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(node, size);
    int freed = MPI_Comm_free(&node);
    return code != MPI_SUCCESS ? code : freed;
}

/// An exchange on its way: what comes in and what goes out.
typedef struct {
    MPI_Request requests[2];
} cmpi_exchange;

/// Begins to receive and to send bytes with one partner. A direction of no bytes is no message at all.
static inline int cmpi_exchange_begin(
    MPI_Comm communicator, const void *outgoing, int outgoing_bytes, void *incoming, int incoming_bytes, int partner,
    cmpi_exchange *exchange) {
    const int tag = 0;
    int code = MPI_SUCCESS;
    exchange->requests[0] = exchange->requests[1] = MPI_REQUEST_NULL;
    if (incoming_bytes > 0)
        code = MPI_Irecv(incoming, incoming_bytes, MPI_BYTE, partner, tag, communicator, &exchange->requests[0]);
    if (code == MPI_SUCCESS && outgoing_bytes > 0)
        code = MPI_Isend(outgoing, outgoing_bytes, MPI_BYTE, partner, tag, communicator, &exchange->requests[1]);
    return code;
}

/// Moves the exchange on and says whether both directions are done, without waiting. `*received` is then what came in,
/// in bytes.
static inline int cmpi_exchange_test(cmpi_exchange *exchange, int *is_done, int *received) {
    MPI_Status statuses[2];
    int code = MPI_Testall(2, exchange->requests, is_done, statuses);
    if (code == MPI_ERR_IN_STATUS) {
        // The real codes stand in the statuses.
        for (int direction = 0; direction < 2; direction++) {
            int inner = statuses[direction].MPI_ERROR;
            if (inner != MPI_SUCCESS && inner != MPI_ERR_PENDING) return inner;
        }
    }
    if (code != MPI_SUCCESS || !*is_done) return code;
    return MPI_Get_count(&statuses[0], MPI_BYTE, received);
}

/// Ends MPI on this process, once all are here.
static inline int cmpi_finish(MPI_Comm communicator) {
    int code = MPI_Comm_free(&communicator);
    return code != MPI_SUCCESS ? code : MPI_Finalize();
}

/// Ends the job on all processes with `exit_code`.
static inline int cmpi_abort(int exit_code) { return MPI_Abort(MPI_COMM_WORLD, exit_code); }

enum { cmpi_message_capacity = MPI_MAX_ERROR_STRING };

/// MPI's own words for `code`, into `message` of at least `cmpi_message_capacity` bytes.
static inline int cmpi_message(int code, char *message, int *length) { return MPI_Error_string(code, message, length); }

#endif
