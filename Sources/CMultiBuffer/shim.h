#ifndef TALLY_CMULTIBUFFER_SHIM_H
#define TALLY_CMULTIBUFFER_SHIM_H

#include <intel-ipsec-mb.h>
#include <stdbool.h>
#include <stdlib.h>
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

// A manager that runs with AES instructions of this CPU and passed its self-test, or NULL. Without AES
// instructions it would use tables, whose timing tells of the key.
static inline IMB_MGR *tally_multi_buffer_manager(void) {
    IMB_MGR *manager = alloc_mb_mgr(0);
    if (manager == NULL) {
        return NULL;
    }
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager, &arch);
    bool tested = (manager->features & IMB_FEATURE_SELF_TEST) == 0 ||
                  (manager->features & IMB_FEATURE_SELF_TEST_PASS) != 0;
    if (arch < IMB_ARCH_SSE || !tested || imb_get_errno(manager) != 0) {
        free_mb_mgr(manager);
        return NULL;
    }
    return manager;
}

static inline bool tally_multi_buffer_start(struct tally_multi_buffer *entry) {
    IMB_MGR *manager = tally_multi_buffer_manager();
    if (manager == NULL) {
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

// HMAC-SHA1 of many messages side by side, each with a key of its own. The manager queues messages while they
// run, so no two threads share one; without one (NULL) the library cannot run.
struct tally_tag_jobs {
    IMB_MGR *manager;
    IMB_JOB *jobs;
};

// Messages that one run takes.
#define TALLY_TAG_JOBS 128
// The library writes tags of 12 or 20 bytes and no others.
#define TALLY_TAG_BYTES 12

_Static_assert(TALLY_TAG_JOBS <= IMB_MAX_BURST_SIZE, "more jobs than the library takes at once");

static inline struct tally_tag_jobs tally_tag_jobs_start(void) {
    struct tally_tag_jobs all = {NULL, (IMB_JOB *)calloc(TALLY_TAG_JOBS, sizeof(IMB_JOB))};
    if (all.jobs != NULL) {
        all.manager = tally_multi_buffer_manager();
    }
    return all;
}

static inline void tally_tag_jobs_stop(struct tally_tag_jobs all) {
    if (all.manager != NULL) {
        free_mb_mgr(all.manager);
    }
    free(all.jobs);
}

// Where a job finds the SHA-1 states (five words each) behind the inner and the outer padded key, and where its
// tag goes; said once.
static inline void tally_tag_job_prepare(struct tally_tag_jobs all, size_t index, const void *inner,
                                         const void *outer, void *tag) {
    IMB_JOB *job = all.jobs + index;
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = IMB_AUTH_HMAC_SHA_1;
    job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)inner;
    job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)outer;
    job->auth_tag_output = (uint8_t *)tag;
    job->auth_tag_output_len_in_bytes = TALLY_TAG_BYTES;
}

static inline void tally_tag_job_set(struct tally_tag_jobs all, size_t index, const void *message, size_t length) {
    IMB_JOB *job = all.jobs + index;
    job->src = (const uint8_t *)message;
    job->msg_len_to_hash_in_bytes = length;
    job->status = IMB_STATUS_BEING_PROCESSED;
}

// Runs the first `count` jobs; true if every one of them has its tag.
static inline bool tally_tag_jobs_run(struct tally_tag_jobs all, size_t count) {
    bool is_whole = all.manager->submit_hash_burst_nocheck(all.manager, all.jobs, (uint32_t)count,
                                                           IMB_AUTH_HMAC_SHA_1) == count;
    for (size_t index = 0; index < count; index++) {
        is_whole = is_whole && all.jobs[index].status == IMB_STATUS_COMPLETED;
    }
    return is_whole;
}

#endif
