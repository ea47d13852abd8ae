#include "CMatroska.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <ebml/EbmlHead.h>
#include <ebml/EbmlSubHead.h>
#include <ebml/IOCallback.h>
#include <matroska/KaxBlock.h>
#include <matroska/KaxCluster.h>
#include <matroska/KaxClusterData.h>
#include <matroska/KaxCues.h>
#include <matroska/KaxCuesData.h>
#include <matroska/KaxInfo.h>
#include <matroska/KaxInfoData.h>
#include <matroska/KaxSeekHead.h>
#include <matroska/KaxSegment.h>
#include <matroska/KaxSemantic.h>
#include <matroska/KaxTracks.h>

using namespace libebml;
using namespace libmatroska;

namespace {

constexpr uint64_t nanosecondsPerTick = 1'000'000;
// Numbers that are filled in after the size of what they stand in is known are always this long.
constexpr uint64_t fixedNumberBytes = 8;
// All ones in eight bytes: readers take clusters for as long as there are some (RFC 8794 6.2).
constexpr uint64_t unknownSize = 0x00FF'FFFF'FFFF'FFFF;

// What libebml writes to in place of a file.
class Memory final : public IOCallback {
public:
    std::vector<uint8_t> bytes;

    uint32 read(void *buffer, size_t size) override {
        const size_t count = std::min(size, bytes.size() - position);
        std::memcpy(buffer, bytes.data() + position, count);
        position += count;
        return static_cast<uint32>(count);
    }

    void setFilePointer(int64 offset, seek_mode mode) override {
        const int64 start = mode == seek_beginning ? 0
            : mode == seek_current                 ? static_cast<int64>(position)
                                                   : static_cast<int64>(bytes.size());
        const int64 wanted = start + offset;
        position = wanted < 0 ? 0 : std::min(static_cast<size_t>(wanted), bytes.size());
    }

    size_t write(const void *buffer, size_t size) override {
        if (position + size > bytes.size()) bytes.resize(position + size);
        std::memcpy(bytes.data() + position, buffer, size);
        position += size;
        return size;
    }

    uint64 getFilePointer() override { return position; }
    void close() override {}

private:
    size_t position = 0;
};

tally_matroska_bytes copyOf(const Memory &memory) {
    tally_matroska_bytes result = {nullptr, 0};
    result.bytes = static_cast<uint8_t *>(std::malloc(memory.bytes.empty() ? 1 : memory.bytes.size()));
    if (result.bytes == nullptr) return result;
    std::memcpy(result.bytes, memory.bytes.data(), memory.bytes.size());
    result.count = memory.bytes.size();
    return result;
}

void writeFileHead(Memory &memory, const char *docType) {
    EbmlHead head;
    GetChild<EDocType>(head).SetValue(docType);
    // CodecDelay and SeekPreRoll came with version 4; who knows SimpleBlock (2) can play the file.
    GetChild<EDocTypeVersion>(head).SetValue(4);
    GetChild<EDocTypeReadVersion>(head).SetValue(2);
    static_cast<EbmlElement &>(head).Render(memory, true);
}

// The library writes a size that it does not know as 0, and forgets it again unless it is forced afterwards.
bool writeSegmentHead(Memory &memory, KaxSegment &segment, uint64_t size) {
    segment.WriteHead(memory, fixedNumberBytes);
    if (!segment.ForceSize(size)) return false;
    segment.OverwriteHead(memory);
    return true;
}

void fillInfo(KaxInfo &info, const double *duration) {
    GetChild<KaxTimecodeScale>(info).SetValue(nanosecondsPerTick);
    GetChild<KaxMuxingApp>(info).SetValueUTF8("libebml, libmatroska");
    GetChild<KaxWritingApp>(info).SetValueUTF8("Tally");
    if (duration != nullptr) {
        auto &element = GetChild<KaxDuration>(info);
        element.SetPrecision(EbmlFloat::FLOAT_64);
        element.SetValue(*duration);
    }
}

void fillTrack(KaxTrackEntry &entry, const tally_matroska_track &track, const uint8_t *data) {
    const bool isAudio = track.channels > 0;
    GetChild<KaxTrackNumber>(entry).SetValue(track.number);
    GetChild<KaxTrackUID>(entry).SetValue(track.number);
    GetChild<KaxTrackType>(entry).SetValue(isAudio ? track_audio : track_video);
    GetChild<KaxTrackFlagLacing>(entry).SetValue(0);
    GetChild<KaxTrackLanguage>(entry).SetValue("und");
    GetChild<KaxCodecID>(entry).SetValue(track.codec_id);
    if (track.codec_private_count > 0) {
        GetChild<KaxCodecPrivate>(entry).CopyBuffer(
            data + track.codec_private_offset, static_cast<uint32>(track.codec_private_count));
    }
    if (track.codec_delay_nanoseconds > 0) {
        GetChild<KaxCodecDelay>(entry).SetValue(track.codec_delay_nanoseconds);
    }
    if (track.seek_preroll_nanoseconds > 0) {
        GetChild<KaxSeekPreRoll>(entry).SetValue(track.seek_preroll_nanoseconds);
    }
    if (isAudio) {
        auto &audio = GetChild<KaxTrackAudio>(entry);
        auto &frequency = GetChild<KaxAudioSamplingFreq>(audio);
        frequency.SetPrecision(EbmlFloat::FLOAT_64);
        frequency.SetValue(track.sampling_frequency);
        GetChild<KaxAudioChannels>(audio).SetValue(track.channels);
    } else {
        auto &video = GetChild<KaxTrackVideo>(entry);
        GetChild<KaxVideoPixelWidth>(video).SetValue(track.width);
        GetChild<KaxVideoPixelHeight>(video).SetValue(track.height);
    }
}

void fillTracks(KaxTracks &tracks, const tally_matroska_track *list, size_t count, const uint8_t *data) {
    for (size_t index = 0; index < count; index++) {
        fillTrack(AddNewChild<KaxTrackEntry>(tracks), list[index], data);
    }
}

// One entry of the SeekHead, whose size does not depend on the position.
void addSeek(KaxSeekHead &seekHead, const EbmlId &id, uint64_t position) {
    auto &seek = AddNewChild<KaxSeek>(seekHead);
    binary bytes[4];
    id.Fill(bytes);
    GetChild<KaxSeekID>(seek).CopyBuffer(bytes, static_cast<uint32>(EBML_ID_LENGTH(id)));
    auto &element = GetChild<KaxSeekPosition>(seek);
    element.SetDefaultSize(fixedNumberBytes);
    element.SetValue(position);
}

uint64_t sizeOf(EbmlElement &element, bool withDefaults) {
    Memory memory;
    element.Render(memory, withDefaults);
    return memory.bytes.size();
}

}  // namespace

extern "C" tally_matroska_bytes tally_matroska_header(
    const char *doc_type, const tally_matroska_track *tracks, size_t track_count, const uint8_t *data) {
    try {
        Memory memory;
        writeFileHead(memory, doc_type);
        KaxSegment segment;
        if (!writeSegmentHead(memory, segment, unknownSize)) return {nullptr, 0};
        KaxInfo info;
        fillInfo(info, nullptr);
        static_cast<EbmlElement &>(info).Render(memory, true);
        KaxTracks list;
        fillTracks(list, tracks, track_count, data);
        static_cast<EbmlElement &>(list).Render(memory);
        return copyOf(memory);
    } catch (...) {
        return {nullptr, 0};
    }
}

extern "C" tally_matroska_bytes tally_matroska_cluster(
    uint64_t time, const tally_matroska_frame *frames, size_t frame_count, const uint8_t *data) {
    try {
        KaxCluster cluster;
        cluster.InitTimecode(time, nanosecondsPerTick);
        GetChild<KaxClusterTimecode>(cluster).SetValue(time);
        KaxTrackEntry track;
        track.SetGlobalTimecodeScale(nanosecondsPerTick);
        size_t total = 64;
        for (size_t index = 0; index < frame_count; index++) {
            const tally_matroska_frame &frame = frames[index];
            GetChild<KaxTrackNumber>(track).SetValue(frame.track);
            auto &block = AddNewChild<KaxSimpleBlock>(cluster);
            block.SetParent(cluster);
            // The block owns the buffer's description and not its bytes, which are only read.
            auto *buffer = new DataBuffer(
                const_cast<binary *>(data) + frame.offset, static_cast<uint32>(frame.count));
            block.AddFrame(track, frame.time * nanosecondsPerTick, *buffer, LACING_NONE);
            block.SetKeyframe(frame.is_keyframe != 0);
            block.SetDiscardable(false);
            total += frame.count + 16;
        }
        Memory memory;
        memory.bytes.reserve(total);
        static_cast<EbmlElement &>(cluster).Render(memory, true);
        return copyOf(memory);
    } catch (...) {
        return {nullptr, 0};
    }
}

extern "C" tally_matroska_bytes tally_matroska_index(
    const char *doc_type, const tally_matroska_track *tracks, size_t track_count, const uint8_t *data,
    double duration, const tally_matroska_cue *cues, size_t cue_count, uint64_t clusters_byte_count) {
    try {
        KaxInfo info;
        fillInfo(info, &duration);
        KaxTracks list;
        fillTracks(list, tracks, track_count, data);

        KaxCues index;
        std::vector<KaxCueClusterPosition *> places;
        places.reserve(cue_count);
        for (size_t number = 0; number < cue_count; number++) {
            auto &point = AddNewChild<KaxCuePoint>(index);
            GetChild<KaxCueTime>(point).SetValue(cues[number].time);
            auto &track = GetChild<KaxCueTrackPositions>(point);
            GetChild<KaxCueTrack>(track).SetValue(cues[number].track);
            auto &place = GetChild<KaxCueClusterPosition>(track);
            place.SetDefaultSize(fixedNumberBytes);
            place.SetValue(cues[number].position);
            places.push_back(&place);
        }

        // Positions count from the segment's first byte of data; none of the sizes depends on them.
        const bool hasCues = cue_count > 0;
        const uint64_t infoSize = sizeOf(info, true);
        const uint64_t tracksSize = sizeOf(list, false);
        const uint64_t cuesSize = hasCues ? sizeOf(index, false) : 0;
        const auto fillSeekHead = [&](KaxSeekHead &seekHead, uint64_t start) {
            addSeek(seekHead, EBML_ID(KaxInfo), start);
            addSeek(seekHead, EBML_ID(KaxTracks), start + infoSize);
            if (hasCues) addSeek(seekHead, EBML_ID(KaxCues), start + infoSize + tracksSize);
        };
        KaxSeekHead measured;
        fillSeekHead(measured, 0);
        const uint64_t seekHeadSize = sizeOf(measured, false);
        KaxSeekHead seekHead;
        fillSeekHead(seekHead, seekHeadSize);
        const uint64_t firstCluster = seekHeadSize + infoSize + tracksSize + cuesSize;
        for (size_t number = 0; number < cue_count; number++) {
            places[number]->SetValue(firstCluster + cues[number].position);
        }

        Memory memory;
        writeFileHead(memory, doc_type);
        KaxSegment segment;
        if (!writeSegmentHead(memory, segment, firstCluster + clusters_byte_count)) return {nullptr, 0};
        const uint64_t dataStart = memory.bytes.size();
        static_cast<EbmlElement &>(seekHead).Render(memory);
        static_cast<EbmlElement &>(info).Render(memory, true);
        static_cast<EbmlElement &>(list).Render(memory);
        if (hasCues) static_cast<EbmlElement &>(index).Render(memory);
        if (memory.bytes.size() - dataStart != firstCluster) return {nullptr, 0};
        return copyOf(memory);
    } catch (...) {
        return {nullptr, 0};
    }
}

extern "C" void tally_matroska_free(tally_matroska_bytes bytes) { std::free(bytes.bytes); }
