// One set of functions for each library.
#pragma once

#include "codecs.h"

struct codec {
    enum codec_format format;
    const uint8_t *bytes;
    size_t count;
};

typedef int codec_opener(const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result);
typedef int codec_decoder(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture);
typedef void codec_closer(struct codec *codec);

codec_opener codec_open_jpeg, codec_open_png, codec_open_webp;
codec_decoder codec_decode_jpeg, codec_decode_png, codec_decode_webp;
codec_closer codec_close_jpeg, codec_close_png, codec_close_webp;

/// Puts down what is wrong.
int codec_fail(struct codec_picture *picture, enum codec_result result, const char *message);
