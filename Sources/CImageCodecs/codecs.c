#include "kinds.h"

#include <stdio.h>

static const struct {
    codec_opener *open;
    codec_decoder *decode;
    codec_closer *close;
} kinds[] = {
    [CODEC_JPEG] = {codec_open_jpeg, codec_decode_jpeg, codec_close_jpeg},
    [CODEC_PNG] = {codec_open_png, codec_decode_png, codec_close_png},
    [CODEC_WEBP] = {codec_open_webp, codec_decode_webp, codec_close_webp},
};

int codec_open(
    enum codec_format format, const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result) {
    *result = NULL;
    picture->width = picture->height = 0;
    picture->message[0] = 0;
    int outcome = kinds[format].open(bytes, count, picture, result);
    if (outcome == CODEC_OK) return outcome;
    if (*result) codec_close(*result);
    *result = NULL;
    return outcome;
}

int codec_decode(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture) {
    picture->message[0] = 0;
    return kinds[codec->format].decode(codec, region, eighths, reads_all, pixels, stride, picture);
}

void codec_close(struct codec *codec) { kinds[codec->format].close(codec); }

int codec_fail(struct codec_picture *picture, enum codec_result result, const char *message) {
    snprintf(picture->message, sizeof picture->message, "%s", message);
    return result;
}
