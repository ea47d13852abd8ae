#define _GNU_SOURCE
#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/// Messages of one sendmmsg call: as many as their headers and control data fit on the stack with ease.
#define SEND_CHUNK 64
#define CONTROL_BYTES 128

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static void from_sockaddr(const struct sockaddr_storage *from, tally_address *to) {
    memset(to, 0, sizeof *to);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        memcpy(to->bytes, &v4->sin_addr, 4);
        to->port = ntohs(v4->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        to->port = ntohs(v6->sin6_port);
        if (memcmp(&v6->sin6_addr, mapped_prefix, 12) == 0) {
            memcpy(to->bytes, (const uint8_t *)&v6->sin6_addr + 12, 4);
        } else {
            memcpy(to->bytes, &v6->sin6_addr, 16);
            to->is_ipv6 = 1;
        }
    }
}

/// The address as a socket of `family` takes it: IPv4 is mapped into IPv6 for a dual-stack socket.
static socklen_t to_sockaddr(const tally_address *from, int family, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)to;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(from->port);
        memcpy(&v4->sin_addr, from->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(from->port);
    if (from->is_ipv6) {
        memcpy(&v6->sin6_addr, from->bytes, 16);
    } else {
        memcpy(&v6->sin6_addr, mapped_prefix, 12);
        memcpy((uint8_t *)&v6->sin6_addr + 12, from->bytes, 4);
    }
    return sizeof *v6;
}

static int family_of(int descriptor) {
    int family = AF_INET;
    socklen_t length = sizeof family;
    getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
}

int tally_udp_open(const tally_address *bind_address, int flags, int receive_bytes, int send_bytes, int *applied,
                   int *gro_error) {
    int family = bind_address->is_ipv6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (descriptor < 0) return -errno;
    int one = 1, zero = 0, granted = 0;
    if ((flags & TALLY_REUSE_PORT)
        && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) goto failed;
    if (family == AF_INET6) {
        if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) < 0) goto failed;
        if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) < 0) goto failed;
    } else if (setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) < 0) {
        goto failed;
    }
    // The FORCE forms need a privilege and pass the system's limit; without it the limit is what we get.
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &send_bytes, sizeof send_bytes) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    if (gro_error) *gro_error = 0;
    if (flags & TALLY_WANT_GRO) {
        if (setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0) granted |= TALLY_WANT_GRO;
        else if (gro_error) *gro_error = errno;
    }
    if ((flags & TALLY_WANT_TIMESTAMPS)
        && setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) == 0)
        granted |= TALLY_WANT_TIMESTAMPS;
    struct sockaddr_storage address;
    socklen_t length = to_sockaddr(bind_address, family, &address);
    if (bind(descriptor, (struct sockaddr *)&address, length) < 0) goto failed;
    if (applied) *applied = granted;
    return descriptor;
failed:;
    int error = errno;
    close(descriptor);
    return -error;
}

int tally_udp_port(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) return -errno;
    tally_address plain;
    from_sockaddr(&address, &plain);
    return plain.port;
}

struct tally_receive_batch {
    int count;
    size_t bytes;
    uint8_t *memory;
    struct mmsghdr *headers;
    struct iovec *vectors;
    struct sockaddr_storage *addresses;
    uint8_t *controls;
    tally_received *messages;
    int port;
};

tally_receive_batch *tally_receive_batch_make(int count, size_t bytes) {
    tally_receive_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->count = count;
    batch->bytes = bytes;
    batch->memory = malloc((size_t)count * bytes);
    batch->headers = calloc((size_t)count, sizeof *batch->headers);
    batch->vectors = calloc((size_t)count, sizeof *batch->vectors);
    batch->addresses = calloc((size_t)count, sizeof *batch->addresses);
    batch->controls = calloc((size_t)count, CONTROL_BYTES);
    batch->messages = calloc((size_t)count, sizeof *batch->messages);
    if (!batch->memory || !batch->headers || !batch->vectors || !batch->addresses || !batch->controls
        || !batch->messages) {
        tally_receive_batch_free(batch);
        return NULL;
    }
    return batch;
}

void tally_receive_batch_free(tally_receive_batch *batch) {
    if (!batch) return;
    free(batch->memory);
    free(batch->headers);
    free(batch->vectors);
    free(batch->addresses);
    free(batch->controls);
    free(batch->messages);
    free(batch);
}

static void read_control(struct msghdr *header, tally_received *message) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(control), sizeof info);
            memcpy(message->local.bytes, &info.ipi_addr, 4);
            message->local.is_ipv6 = 0;
        } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(control), sizeof info);
            if (memcmp(&info.ipi6_addr, mapped_prefix, 12) == 0) {
                memcpy(message->local.bytes, (uint8_t *)&info.ipi6_addr + 12, 4);
                message->local.is_ipv6 = 0;
            } else {
                memcpy(message->local.bytes, &info.ipi6_addr, 16);
                message->local.is_ipv6 = 1;
            }
        } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
            int segment = 0;
            memcpy(&segment, CMSG_DATA(control), sizeof segment);
            if (segment > 0) message->segment = (uint32_t)segment;
        } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(control), sizeof at);
            message->received_at = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        }
    }
}

int tally_receive(int descriptor, tally_receive_batch *batch) {
    if (batch->port == 0) {
        int port = tally_udp_port(descriptor);
        if (port < 0) return port;
        batch->port = port;
    }
    return tally_receive_at(descriptor, (uint16_t)batch->port, batch);
}

int tally_receive_at(int descriptor, uint16_t port, tally_receive_batch *batch) {
    for (int index = 0; index < batch->count; index++) {
        batch->vectors[index].iov_base = batch->memory + (size_t)index * batch->bytes;
        batch->vectors[index].iov_len = batch->bytes;
        struct msghdr *header = &batch->headers[index].msg_hdr;
        header->msg_name = &batch->addresses[index];
        header->msg_namelen = sizeof batch->addresses[index];
        header->msg_iov = &batch->vectors[index];
        header->msg_iovlen = 1;
        header->msg_control = batch->controls + (size_t)index * CONTROL_BYTES;
        header->msg_controllen = CONTROL_BYTES;
        header->msg_flags = 0;
    }
    int received = recvmmsg(descriptor, batch->headers, (unsigned)batch->count, MSG_DONTWAIT, NULL);
    if (received < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    for (int index = 0; index < received; index++) {
        tally_received *message = &batch->messages[index];
        memset(message, 0, sizeof *message);
        message->data = batch->memory + (size_t)index * batch->bytes;
        message->length = batch->headers[index].msg_len;
        message->segment = message->length;
        from_sockaddr(&batch->addresses[index], &message->remote);
        read_control(&batch->headers[index].msg_hdr, message);
        message->local.port = port;
        // A datagram larger than the memory would be a cut one: nothing of it can be authentic.
        if (batch->headers[index].msg_hdr.msg_flags & MSG_TRUNC) message->length = 0;
    }
    return received;
}

const tally_received *tally_receive_batch_message(const tally_receive_batch *batch, int index) {
    return &batch->messages[index];
}

static size_t add_control(struct msghdr *header, size_t used, int level, int type, const void *data, size_t size) {
    struct cmsghdr *control = (struct cmsghdr *)((uint8_t *)header->msg_control + used);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(control), data, size);
    return used + CMSG_SPACE(size);
}

int tally_send(int descriptor, const tally_outgoing *messages, int count, uint64_t *calls) {
    struct mmsghdr headers[SEND_CHUNK];
    struct iovec vectors[SEND_CHUNK];
    struct sockaddr_storage addresses[SEND_CHUNK];
    _Alignas(struct cmsghdr) uint8_t controls[SEND_CHUNK][CONTROL_BYTES];
    int family = family_of(descriptor);
    int sent = 0;
    while (sent < count) {
        int chunk = count - sent < SEND_CHUNK ? count - sent : SEND_CHUNK;
        for (int index = 0; index < chunk; index++) {
            const tally_outgoing *message = &messages[sent + index];
            struct msghdr *header = &headers[index].msg_hdr;
            memset(&headers[index], 0, sizeof headers[index]);
            header->msg_name = &addresses[index];
            header->msg_namelen = to_sockaddr(&message->remote, family, &addresses[index]);
            vectors[index].iov_base = (void *)message->data;
            vectors[index].iov_len = message->length;
            header->msg_iov = &vectors[index];
            header->msg_iovlen = 1;
            header->msg_control = controls[index];
            memset(controls[index], 0, CONTROL_BYTES);
            size_t used = 0;
            if (family == AF_INET) {
                struct in_pktinfo info = {0};
                memcpy(&info.ipi_spec_dst, message->local.bytes, 4);
                used = add_control(header, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
            } else {
                struct in6_pktinfo info = {0};
                struct sockaddr_storage local;
                to_sockaddr(&message->local, AF_INET6, &local);
                info.ipi6_addr = ((struct sockaddr_in6 *)&local)->sin6_addr;
                used = add_control(header, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
            }
            if (message->segment > 0 && message->segment < message->length)
                used = add_control(header, used, IPPROTO_UDP, UDP_SEGMENT, &message->segment, sizeof message->segment);
            header->msg_controllen = used;
        }
        int result = sendmmsg(descriptor, headers, (unsigned)chunk, MSG_DONTWAIT);
        if (calls) *calls += 1;
        if (result < 0) {
            if (errno == EINTR) continue;
            return sent > 0 ? sent : -errno;
        }
        sent += result;
        if (result < chunk) return sent;
    }
    return sent;
}

int tally_event_open(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

void tally_event_signal(int descriptor) {
    uint64_t one = 1;
    ssize_t written = write(descriptor, &one, sizeof one);
    (void)written;
}

void tally_event_clear(int descriptor) {
    uint64_t count;
    ssize_t taken = read(descriptor, &count, sizeof count);
    (void)taken;
}

int tally_wait(int first, int second, int third, int64_t nanoseconds) {
    struct pollfd descriptors[3] = {
        {.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}, {.fd = third, .events = POLLIN}};
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int result = ppoll(descriptors, 3, nanoseconds < 0 ? NULL : &time, NULL);
    if (result < 0) return errno == EINTR ? 0 : -errno;
    return (descriptors[0].revents ? 1 : 0) | (descriptors[1].revents ? 2 : 0) | (descriptors[2].revents ? 4 : 0);
}

int tally_poller_open(void) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    return poller < 0 ? -errno : poller;
}

int tally_poller_add(int poller, int descriptor, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = number}};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

void tally_poller_remove(int poller, int descriptor) {
    struct epoll_event event = {0};
    epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, &event);
}

/// Numbers of one call; what else is ready is reported by the next.
#define POLL_CHUNK 64

int tally_poller_wait(int poller, int64_t nanoseconds, uint32_t *numbers, int capacity) {
    struct epoll_event events[POLL_CHUNK];
    int limit = capacity < POLL_CHUNK ? capacity : POLL_CHUNK;
    // epoll_wait counts milliseconds; rounding up keeps a wait of microseconds from becoming a spin.
    int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
    if (milliseconds > 60000) milliseconds = 60000;
    int count = epoll_wait(poller, events, limit, (int)milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int index = 0; index < count; index++) numbers[index] = events[index].data.u32;
    return count;
}

int tally_may_run_on(int processor) {
    cpu_set_t set;
    return processor >= 0 && processor < CPU_SETSIZE && sched_getaffinity(0, sizeof set, &set) == 0
        && CPU_ISSET(processor, &set);
}

static __thread cpu_set_t unpinned;
static __thread int is_pinned;

void tally_unpin_thread(void) {
    if (is_pinned) sched_setaffinity(0, sizeof unpinned, &unpinned);
}

int tally_pin_thread(int processor) {
    if (!is_pinned) is_pinned = sched_getaffinity(0, sizeof unpinned, &unpinned) == 0;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : -errno;
}

int tally_lower_priority(void) {
    // Of Linux, nice values are a thread's own; 5 is a third of the weight of 0.
    return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 5) == 0 ? 0 : -errno;
}

int tally_null_open(void) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    return nothing < 0 ? -errno : nothing;
}

int tally_cut_off(int descriptor, int nothing) {
    return dup3(nothing, descriptor, O_CLOEXEC) < 0 ? -errno : 0;
}

void tally_close(int descriptor) {
    close(descriptor);
}

static int64_t nanoseconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tally_boot_nanoseconds(void) {
    return nanoseconds_of(CLOCK_BOOTTIME);
}

int64_t tally_wall_nanoseconds(void) {
    return nanoseconds_of(CLOCK_REALTIME);
}

int tally_interface_addresses(tally_address *addresses, int capacity) {
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) < 0) return 0;
    int count = 0;
    for (struct ifaddrs *entry = list; entry && count < capacity; entry = entry->ifa_next) {
        if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP) || (entry->ifa_flags & IFF_LOOPBACK)) continue;
        if (entry->ifa_addr->sa_family != AF_INET && entry->ifa_addr->sa_family != AF_INET6) continue;
        struct sockaddr_storage address = {0};
        memcpy(&address, entry->ifa_addr,
               entry->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        if (address.ss_family == AF_INET6
            && IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)&address)->sin6_addr)) continue;
        from_sockaddr(&address, &addresses[count]);
        addresses[count].port = 0;
        count++;
    }
    freeifaddrs(list);
    return count;
}
