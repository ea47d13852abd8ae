#ifndef TALLY_CLINUXNET_H
#define TALLY_CLINUXNET_H

#include <stddef.h>
#include <stdint.h>

/// An address in network order with its port in host order; an IPv4 address uses the first four bytes.
typedef struct {
    uint8_t bytes[16];
    uint16_t port;
    uint8_t is_ipv6;
} tally_address;

/// One received datagram, or a run of them that the kernel put together (UDP_GRO): all but the last are
/// `segment` bytes long.
typedef struct {
    uint8_t *data;
    uint32_t length;
    uint32_t segment;
    tally_address remote;
    tally_address local;
    /// Kernel receive time in nanoseconds since 1970 (SO_TIMESTAMPNS), 0 if not asked for.
    int64_t received_at;
} tally_received;

/// One message to send: one datagram, or a run of them for the kernel to cut (UDP_SEGMENT).
typedef struct {
    const uint8_t *data;
    uint32_t length;
    uint16_t segment;
    tally_address remote;
    tally_address local;
} tally_outgoing;

/// Memory of one receive call.
typedef struct tally_receive_batch tally_receive_batch;

enum {
    TALLY_WANT_GRO = 1,
    TALLY_WANT_TIMESTAMPS = 2,
    TALLY_REUSE_PORT = 4,
};

/// Opens a non-blocking UDP socket that reports the address each datagram was sent to. A wildcard IPv6
/// address serves IPv4 too. `applied` receives the TALLY_WANT_ flags that the kernel granted, `gro_error` the errno
/// with which it refused UDP_GRO or 0; both may be NULL. Returns the descriptor or -errno.
int tally_udp_open(const tally_address *bind_address, int flags, int receive_bytes, int send_bytes, int *applied,
                   int *gro_error);

/// The port that the socket is bound to, or -errno.
int tally_udp_port(int descriptor);

/// Memory for `count` messages of `bytes` each; NULL if there is none.
tally_receive_batch *tally_receive_batch_make(int count, size_t bytes);
void tally_receive_batch_free(tally_receive_batch *batch);

/// Receives what is there without waiting. Returns how many messages, 0 for none, or -errno. The port of their
/// local addresses is asked of the first socket that the batch serves; `tally_receive_at` is told it, for a
/// batch that serves several.
int tally_receive(int descriptor, tally_receive_batch *batch);
int tally_receive_at(int descriptor, uint16_t port, tally_receive_batch *batch);

/// The message of number `index` of the last receive.
const tally_received *tally_receive_batch_message(const tally_receive_batch *batch, int index);

/// Sends messages in order without waiting, at most 64 a call of sendmmsg. Returns how many were sent, or
/// -errno if the first could not be. `calls` is raised by the system calls made.
int tally_send(int descriptor, const tally_outgoing *messages, int count, uint64_t *calls);

/// An event descriptor for waking a loop, or -errno.
int tally_event_open(void);
void tally_event_signal(int descriptor);
void tally_event_clear(int descriptor);

/// Waits until one of three descriptors can be read or the time has passed (nanoseconds; negative: for ever).
/// A negative descriptor is none. Returns a bit mask (1: first, 2: second, 4: third), 0 at the time, or -errno.
int tally_wait(int first, int second, int third, int64_t nanoseconds);

/// A set of descriptors to wait on (epoll), or -errno.
int tally_poller_open(void);

/// Adds a descriptor under a number of the caller's. Returns 0 or -errno.
int tally_poller_add(int poller, int descriptor, uint32_t number);
void tally_poller_remove(int poller, int descriptor);

/// Waits until descriptors can be read or the time has passed (nanoseconds; negative: for ever). Writes their
/// numbers and returns how many there are, 0 at the time, or -errno.
int tally_poller_wait(int poller, int64_t nanoseconds, uint32_t *numbers, int capacity);

/// Whether the calling thread may run on the processor of that number.
int tally_may_run_on(int processor);

/// Keeps the calling thread on one processor. Returns 0 or -errno.
int tally_pin_thread(int processor);

/// Lets the calling thread run where it could before it was pinned.
void tally_unpin_thread(void);

/// Lets the calling thread go after others of this process that want the processor. Returns 0 or -errno.
int tally_lower_priority(void);

/// A descriptor that nothing can be sent through, or -errno.
int tally_null_open(void);

/// Makes `descriptor` a copy of `nothing`, so that nothing leaves by it. Returns 0 or -errno.
int tally_cut_off(int descriptor, int nothing);

void tally_close(int descriptor);

/// CLOCK_BOOTTIME and CLOCK_REALTIME in nanoseconds.
int64_t tally_boot_nanoseconds(void);
int64_t tally_wall_nanoseconds(void);

/// Writes the machine's addresses that are up (no loopback) into `addresses`; returns how many.
int tally_interface_addresses(tally_address *addresses, int capacity);

#endif
