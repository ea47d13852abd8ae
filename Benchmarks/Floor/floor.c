// The referee of `tally load floor`: what one packet to one viewer costs in plain C, with nothing else.
//
//     cc -O2 -pthread -o floor Benchmarks/Floor/floor.c -lcrypto -lIPSec_MB
//     ./floor [VIEWERS [PACKETS [BYTES]]]
//
// Each packet gets a rewritten header and its own viewer's AES-128-GCM, and goes to that viewer's own address on
// loopback, where one socket with GRO takes it. CPU time is that of the sending thread, which on loopback does the
// kernel's receiving too. Prints nanoseconds of CPU a packet for every cipher and way to send.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <intel-ipsec-mb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { HEADER = 12, TAG = 16, RUN = 10, MESSAGES = 8, BATCH = 40, FIRST_VIEWER = 0x7F010001 };
enum cipher { PLAIN, OPENSSL, MULTI_BUFFER, CIPHERS };
enum sending { SENDTO, SENDMMSG, SEGMENTED, SENDINGS };

static const char *const cipher_names[] = {"no cipher", "OpenSSL GCM", "multi-buffer GCM"};
static const char *const sending_names[] = {"sendto", "sendmmsg of 40", "sendmmsg of 8 x 10 GSO"};

static IMB_MGR *library;
static struct gcm_key_data *keys;
static EVP_CIPHER_CTX **contexts;
static uint8_t *slab, *source;
static int viewers = 200, packet_bytes = 1200;
static int out, in;
static uint16_t port;
static atomic_long received;
static atomic_int is_over;

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Counts what arrives, segment by segment.
static void *receive(void *unused) {
    (void)unused;
    enum { COUNT = 64, BYTES = 65536 };
    static uint8_t memory[COUNT][BYTES];
    static uint8_t controls[COUNT][64];
    struct mmsghdr messages[COUNT];
    struct iovec vectors[COUNT];
    while (!is_over) {
        struct pollfd ready = {.fd = in, .events = POLLIN};
        if (poll(&ready, 1, 20) <= 0) continue;
        for (int index = 0; index < COUNT; index++) {
            vectors[index] = (struct iovec){memory[index], BYTES};
            memset(&messages[index], 0, sizeof messages[index]);
            messages[index].msg_hdr.msg_iov = &vectors[index];
            messages[index].msg_hdr.msg_iovlen = 1;
            messages[index].msg_hdr.msg_control = controls[index];
            messages[index].msg_hdr.msg_controllen = sizeof controls[index];
        }
        int count = recvmmsg(in, messages, COUNT, MSG_DONTWAIT, NULL);
        for (int index = 0; index < count; index++) {
            int segment = (int)messages[index].msg_len;
            struct msghdr *header = &messages[index].msg_hdr;
            for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control))
                if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
                    memcpy(&segment, CMSG_DATA(control), sizeof segment);
            if (segment > 0) received += ((int)messages[index].msg_len + segment - 1) / segment;
        }
    }
    return NULL;
}

static void open_sockets(void) {
    int one = 1, bytes = 64 << 20;
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t length = sizeof any;
    out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (out < 0 || in < 0) fail("socket");
    setsockopt(in, IPPROTO_UDP, UDP_GRO, &one, sizeof one);
    if (setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(in, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(out, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (bind(in, (struct sockaddr *)&any, sizeof any) < 0) fail("bind");
    getsockname(in, (struct sockaddr *)&any, &length);
    port = ntohs(any.sin_port);
}

static void make_keys(void) {
    library = alloc_mb_mgr(0);
    if (!library) fail("alloc_mb_mgr");
    init_mb_mgr_auto(library, NULL);
    keys = aligned_alloc(64, sizeof *keys * (size_t)viewers);
    contexts = calloc((size_t)viewers, sizeof *contexts);
    if (!keys || !contexts) fail("memory");
    for (int viewer = 0; viewer < viewers; viewer++) {
        uint8_t key[16];
        for (int index = 0; index < 16; index++) key[index] = (uint8_t)(viewer * 31 + index * 7);
        IMB_AES128_GCM_PRE(library, key, &keys[viewer]);
        contexts[viewer] = EVP_CIPHER_CTX_new();
        if (!contexts[viewer] || EVP_EncryptInit_ex(contexts[viewer], EVP_aes_128_gcm(), NULL, key, NULL) != 1)
            fail("EVP");
    }
}

/// Writes the packet of `number` for `viewer` to `target`: header, and the payload encrypted from where it lies.
static void protect(enum cipher cipher, int viewer, uint32_t number, uint8_t *target) {
    int payload = packet_bytes - HEADER - TAG;
    uint8_t nonce[12] = {0};
    uint32_t stream = htonl((uint32_t)viewer + 1);
    uint16_t sequence = htons((uint16_t)number);
    memcpy(target, source, HEADER);
    memcpy(target + 2, &sequence, 2);
    memcpy(target + 8, &stream, 4);
    memcpy(nonce + 2, &stream, 4);
    memcpy(nonce + 6, &number, 4);
    if (cipher == PLAIN) {
        memcpy(target + HEADER, source + HEADER, (size_t)(payload + TAG));
    } else if (cipher == MULTI_BUFFER) {
        struct gcm_context_data scratch;
        IMB_AES128_GCM_ENC(library, &keys[viewer], &scratch, target + HEADER, source + HEADER, (uint64_t)payload,
                           nonce, target, HEADER, target + HEADER + payload, TAG);
    } else {
        EVP_CIPHER_CTX *context = contexts[viewer];
        int length;
        EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce);
        EVP_EncryptUpdate(context, NULL, &length, target, HEADER);
        EVP_EncryptUpdate(context, target + HEADER, &length, source + HEADER, payload);
        EVP_EncryptFinal_ex(context, target + HEADER + payload, &length);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, target + HEADER + payload);
    }
}

static struct sockaddr_in address_of(int viewer) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(FIRST_VIEWER + (uint32_t)viewer)};
}

/// Sends `count` messages of `bytes` each from the slab to the viewers from `first` on.
static void send_all(enum sending sending, struct mmsghdr *messages, int count) {
    int sent = 0;
    while (sent < count) {
        int result = sending == SENDTO ? (sendmsg(out, &messages[sent].msg_hdr, 0) < 0 ? -1 : 1)
                                       : sendmmsg(out, messages + sent, (unsigned)(count - sent), 0);
        if (result < 0 && errno != EINTR && errno != EAGAIN && errno != ENOBUFS) fail("send");
        if (result > 0) sent += result;
    }
}

static double measure(enum cipher cipher, enum sending sending, long packets) {
    int run = sending == SEGMENTED ? RUN : 1;
    int batch = sending == SEGMENTED ? MESSAGES : sending == SENDMMSG ? BATCH : 1;
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    struct sockaddr_in addresses[BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[BATCH][CMSG_SPACE(sizeof(uint16_t))];
    uint16_t segment = (uint16_t)packet_bytes;
    int64_t start = now(CLOCK_THREAD_CPUTIME_ID);
    uint32_t number = 0;
    int viewer = 0, filled = 0;
    for (long sent = 0; sent < packets;) {
        uint8_t *place = slab + (size_t)filled * RUN * (size_t)packet_bytes;
        for (int index = 0; index < run; index++)
            protect(cipher, viewer, number + (uint32_t)index, place + index * packet_bytes);
        addresses[filled] = address_of(viewer);
        vectors[filled] = (struct iovec){place, (size_t)(run * packet_bytes)};
        memset(&messages[filled], 0, sizeof messages[filled]);
        struct msghdr *header = &messages[filled].msg_hdr;
        header->msg_name = &addresses[filled];
        header->msg_namelen = sizeof addresses[filled];
        header->msg_iov = &vectors[filled];
        header->msg_iovlen = 1;
        if (run > 1) {
            header->msg_control = controls[filled];
            header->msg_controllen = sizeof controls[filled];
            struct cmsghdr *control = CMSG_FIRSTHDR(header);
            control->cmsg_level = IPPROTO_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof segment);
            memcpy(CMSG_DATA(control), &segment, sizeof segment);
        }
        sent += run;
        if (++viewer == viewers) {
            viewer = 0;
            number += (uint32_t)run;
        }
        if (++filled == batch) {
            send_all(sending, messages, filled);
            filled = 0;
        }
    }
    if (filled) send_all(sending, messages, filled);
    return (double)(now(CLOCK_THREAD_CPUTIME_ID) - start) / (double)packets;
}

int main(int count, char **arguments) {
    long packets = count > 2 ? atol(arguments[2]) : 400000;
    if (count > 1) viewers = atoi(arguments[1]);
    if (count > 3) packet_bytes = atoi(arguments[3]);
    if (viewers < 1 || viewers > 60000 || packets < 1 || packet_bytes < 64 || packet_bytes > 1472) {
        fprintf(stderr, "usage: floor [VIEWERS 1-60000 [PACKETS [BYTES 64-1472]]]\n");
        return 64;
    }
    slab = aligned_alloc(64, (size_t)BATCH * RUN * 1536);
    source = aligned_alloc(64, 1536);
    if (!slab || !source) fail("memory");
    for (int index = 0; index < 1536; index++) source[index] = (uint8_t)(index * 13);
    source[0] = 0x80;
    open_sockets();
    make_keys();
    pthread_t thread;
    if (pthread_create(&thread, NULL, receive, NULL) != 0) fail("thread");
    printf("%d viewers, packets of %d bytes, %ld packets a line; ns of CPU a packet, share received\n", viewers,
           packet_bytes, packets);
    for (int cipher = 0; cipher < CIPHERS; cipher++) {
        for (int sending = 0; sending < SENDINGS; sending++) {
            measure((enum cipher)cipher, (enum sending)sending, packets / 10 + 1);
            usleep(100000);
            long before = received;
            double cost = measure((enum cipher)cipher, (enum sending)sending, packets);
            usleep(200000);
            printf("%-18s %-24s %7.0f  %5.1f %%\n", cipher_names[cipher], sending_names[sending], cost,
                   100.0 * (double)(received - before) / (double)packets);
            fflush(stdout);
        }
    }
    is_over = 1;
    pthread_join(thread, NULL);
    return 0;
}
