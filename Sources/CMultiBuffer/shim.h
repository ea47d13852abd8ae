#ifndef TALLY_CMULTIBUFFER_SHIM_H
#define TALLY_CMULTIBUFFER_SHIM_H

#include <intel-ipsec-mb.h>
#include <stdbool.h>
#include <string.h>

// The entry points a packet needs, taken out of the library's dispatch table once. They stand apart from
// the manager because counter mode writes the manager's error word at each call, and a cache line that all
// cores write must not be the one that all cores read.
struct tally_multi_buffer {
    aes_gcm_pre_t gcm_expand;
    aes_gcm_enc_dec_t gcm_encrypt;
    aes_gcm_enc_dec_t gcm_decrypt;
    keyexp_t key_expand;
    submit_cipher_burst_t cipher_burst;
    IMB_MGR *manager;
};

// Bytes an expanded AES-GCM key takes. The library lays it out on 64-byte boundaries.
#define TALLY_GCM_KEY_BYTES 1024
// Bytes of an expanded AES-128 key: eleven round keys.
#define TALLY_AES_KEY_BYTES 176

_Static_assert(sizeof(struct gcm_key_data) <= TALLY_GCM_KEY_BYTES, "the expanded GCM key outgrew its room");

// True once the library runs with AES instructions of this CPU and its self-test passed. Without AES
// instructions it would use tables, whose timing tells of the key.
static inline bool tally_multi_buffer_start(struct tally_multi_buffer *entry) {
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (manager == NULL) {
        return false;
    }
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager, &arch);
    bool tested = (manager->features & IMB_FEATURE_SELF_TEST) == 0 ||
                  (manager->features & IMB_FEATURE_SELF_TEST_PASS) != 0;
    if (arch < IMB_ARCH_SSE || !tested || imb_get_errno(manager) != 0) {
        free_mb_mgr(manager);
        return false;
    }
    entry->gcm_expand = manager->gcm128_pre;
    entry->gcm_encrypt = manager->gcm128_enc;
    entry->gcm_decrypt = manager->gcm128_dec;
    entry->key_expand = manager->keyexp_128;
    entry->cipher_burst = manager->submit_cipher_burst_nocheck;
    entry->manager = manager;
    return true;
}

// `expanded` is TALLY_GCM_KEY_BYTES long and 64-byte aligned.
static inline void tally_gcm_expand(const struct tally_multi_buffer *entry, const void *key, void *expanded) {
    entry->gcm_expand(key, (struct gcm_key_data *)expanded);
}

// `iv` is 12 bytes, `tag` receives 16. `output` may be `input`.
static inline void tally_gcm_encrypt(const struct tally_multi_buffer *entry, const void *expanded,
                                     const void *iv, const void *associated, size_t associated_length,
                                     const void *input, void *output, size_t length, void *tag) {
    struct gcm_context_data scratch;
    entry->gcm_encrypt((const struct gcm_key_data *)expanded, &scratch, (uint8_t *)output,
                       (const uint8_t *)input, length, (const uint8_t *)iv, (const uint8_t *)associated,
                       associated_length, (uint8_t *)tag, 16);
}

// As above; the tag that the bytes should carry goes to `tag`, and comparing it is the caller's part.
static inline void tally_gcm_decrypt(const struct tally_multi_buffer *entry, const void *expanded,
                                     const void *iv, const void *associated, size_t associated_length,
                                     const void *input, void *output, size_t length, void *tag) {
    struct gcm_context_data scratch;
    entry->gcm_decrypt((const struct gcm_key_data *)expanded, &scratch, (uint8_t *)output,
                       (const uint8_t *)input, length, (const uint8_t *)iv, (const uint8_t *)associated,
                       associated_length, (uint8_t *)tag, 16);
}

// `expanded` and `scratch` are TALLY_AES_KEY_BYTES long and 16-byte aligned; `scratch` receives the
// decryption keys, which counter mode has no use for.
static inline void tally_aes_expand(const struct tally_multi_buffer *entry, const void *key, void *expanded,
                                    void *scratch) {
    entry->key_expand(key, expanded, scratch);
}

// AES-128 in counter mode; `iv` is the whole first counter block (16 bytes). `output` may be `input`.
// A burst of one is done when the call returns and leaves nothing in the manager's queues, so cores may
// share the manager: all of them store the same zero in its error word.
static inline void tally_aes_counter(const struct tally_multi_buffer *entry, const void *expanded,
                                     const void *iv, const void *input, void *output, size_t length) {
    IMB_JOB job;
    memset(&job, 0, sizeof(job));
    job.enc_keys = expanded;
    job.dec_keys = expanded;
    job.key_len_in_bytes = 16;
    job.src = (const uint8_t *)input;
    job.dst = (uint8_t *)output;
    job.msg_len_to_cipher_in_bytes = length;
    job.iv = (const uint8_t *)iv;
    job.iv_len_in_bytes = 16;
    job.cipher_mode = IMB_CIPHER_CNTR;
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.hash_alg = IMB_AUTH_NULL;
    job.chain_order = IMB_ORDER_CIPHER_HASH;
    entry->cipher_burst(entry->manager, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
}

#endif
