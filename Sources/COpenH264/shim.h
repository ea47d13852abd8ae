#ifndef TALLY_COPENH264_SHIM_H
#define TALLY_COPENH264_SHIM_H

#include <wels/codec_api.h>

// The codec's methods sit in a table of function pointers, its layers in a C array of 128; these make both callable.

static inline int tally_h264_encoder_defaults(ISVCEncoder *encoder, SEncParamExt *parameters) {
    return (*encoder)->GetDefaultParams(encoder, parameters);
}

static inline int tally_h264_encoder_initialize(ISVCEncoder *encoder, const SEncParamExt *parameters) {
    return (*encoder)->InitializeExt(encoder, parameters);
}

static inline int tally_h264_encoder_uninitialize(ISVCEncoder *encoder) {
    return (*encoder)->Uninitialize(encoder);
}

static inline int tally_h264_encode(ISVCEncoder *encoder, const SSourcePicture *picture, SFrameBSInfo *output) {
    return (*encoder)->EncodeFrame(encoder, picture, output);
}

static inline int tally_h264_force_keyframe(ISVCEncoder *encoder) {
    return (*encoder)->ForceIntraFrame(encoder, true);
}

static inline int tally_h264_encoder_set_option(ISVCEncoder *encoder, ENCODER_OPTION option, void *value) {
    return (*encoder)->SetOption(encoder, option, value);
}

static inline const SLayerBSInfo *tally_h264_layer(const SFrameBSInfo *output, int index) {
    return &output->sLayerInfo[index];
}

static inline long tally_h264_decoder_initialize(ISVCDecoder *decoder, const SDecodingParam *parameters) {
    return (*decoder)->Initialize(decoder, parameters);
}

static inline long tally_h264_decoder_uninitialize(ISVCDecoder *decoder) {
    return (*decoder)->Uninitialize(decoder);
}

static inline DECODING_STATE tally_h264_decode(
    ISVCDecoder *decoder, const unsigned char *source, int length, unsigned char **planes, SBufferInfo *output) {
    return (*decoder)->DecodeFrameNoDelay(decoder, source, length, planes, output);
}

static inline long tally_h264_decoder_set_option(ISVCDecoder *decoder, DECODER_OPTION option, void *value) {
    return (*decoder)->SetOption(decoder, option, value);
}

#endif
