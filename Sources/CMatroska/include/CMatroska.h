#ifndef TALLY_CMATROSKA_H
#define TALLY_CMATROSKA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Matroska elements as libmatroska writes them, made in memory: no file, no state between calls, and no
// exception leaves this header. Times are ticks of a millisecond, Matroska's usual scale.

// Bytes that the caller gives back with `tally_matroska_free`; `bytes` is null if the library failed.
typedef struct {
    uint8_t *bytes;
    size_t count;
} tally_matroska_bytes;

// One track of a file; `codec_private` of `codec_private_count` bytes begins at `codec_private_offset` of the
// `data` that is handed over beside it.
typedef struct {
    uint64_t number;
    const char *codec_id;
    size_t codec_private_offset;
    size_t codec_private_count;
    // 0 for audio.
    uint64_t width;
    uint64_t height;
    // 0 for video.
    uint64_t channels;
    double sampling_frequency;
    uint64_t codec_delay_nanoseconds;
    uint64_t seek_preroll_nanoseconds;
} tally_matroska_track;

// One frame of a cluster; its bytes are `count` of `data` from `offset` on.
typedef struct {
    uint64_t track;
    uint64_t time;
    size_t offset;
    size_t count;
    uint8_t is_keyframe;
} tally_matroska_frame;

// One place to seek to; `position` is counted from the first cluster's first byte.
typedef struct {
    uint64_t time;
    uint64_t track;
    uint64_t position;
} tally_matroska_cue;

// EBML header, segment of unknown size, Info and Tracks: what stands in front of clusters while there is no end.
tally_matroska_bytes tally_matroska_header(
    const char *doc_type, const tally_matroska_track *tracks, size_t track_count, const uint8_t *data);

// One cluster of the frames in their order; `time` is the first one's, none is earlier or 32 s later.
tally_matroska_bytes tally_matroska_cluster(
    uint64_t time, const tally_matroska_frame *frames, size_t frame_count, const uint8_t *data);

// EBML header, segment of known size, SeekHead, Info with duration, Tracks and Cues: what stands in front of
// `clusters_byte_count` bytes of clusters in a finished file.
tally_matroska_bytes tally_matroska_index(
    const char *doc_type, const tally_matroska_track *tracks, size_t track_count, const uint8_t *data,
    double duration, const tally_matroska_cue *cues, size_t cue_count, uint64_t clusters_byte_count);

void tally_matroska_free(tally_matroska_bytes bytes);

#ifdef __cplusplus
}
#endif

#endif
