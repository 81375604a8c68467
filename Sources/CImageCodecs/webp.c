#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/encode.h>

struct webp {
    struct codec codec;
    WebPDecoderConfig config;
};

static int outcome(VP8StatusCode status, struct codec_picture *picture) {
    switch (status) {
    case VP8_STATUS_OK:
        return CODEC_OK;
    case VP8_STATUS_OUT_OF_MEMORY:
        return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return codec_fail(picture, CODEC_UNSUPPORTED, "its bit stream has a feature that libwebp does not decode");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return codec_fail(picture, CODEC_TRUNCATED, "not enough data");
    default:
        return codec_fail(picture, CODEC_DAMAGED, "its bit stream is no WebP's");
    }
}

int codec_open_webp(const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result) {
    struct webp *webp = calloc(1, sizeof *webp);
    if (!webp) return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    *result = &webp->codec;
    webp->codec = (struct codec){CODEC_WEBP, bytes, count};
    if (!WebPInitDecoderConfig(&webp->config))
        return codec_fail(picture, CODEC_UNSUPPORTED, "the installed libwebp is another one than this program was built for");
    VP8StatusCode status = WebPGetFeatures(bytes, count, &webp->config.input);
    picture->width = (uint32_t)webp->config.input.width;
    picture->height = (uint32_t)webp->config.input.height;
    return outcome(status, picture);
}

void codec_close_webp(struct codec *codec) { free(codec); }

int codec_decode_webp(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture) {
    (void)eighths;
    (void)reads_all;
    struct webp *webp = (struct webp *)codec;
    WebPDecoderConfig *config = &webp->config;
    uint32_t width = (uint32_t)config->input.width, height = (uint32_t)config->input.height;
    if ((uint64_t)region.left + region.width > width || (uint64_t)region.top + region.height > height)
        return codec_fail(picture, CODEC_DAMAGED, "the header changed");
    // Upsampling of colour mixes in the next sample on each side: a margin of two, from even places.
    uint32_t left = region.left > 2 ? (region.left - 2) & ~1u : 0, top = region.top > 2 ? (region.top - 2) & ~1u : 0;
    uint32_t right = region.left + region.width + 2, bottom = region.top + region.height + 2;
    if (right > width) right = width;
    if (bottom > height) bottom = height;
    config->options.use_cropping = 1;
    config->options.crop_left = (int)left;
    config->options.crop_top = (int)top;
    config->options.crop_width = (int)(right - left);
    config->options.crop_height = (int)(bottom - top);
    config->output.colorspace = MODE_RGB;
    config->output.is_external_memory = 1;
    int is_direct = right - left == region.width && bottom - top == region.height;
    size_t row_bytes = is_direct ? stride : 3 * (size_t)(right - left);
    uint8_t *target = is_direct ? pixels : malloc(row_bytes * (bottom - top));
    if (!target) return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    config->output.u.RGBA.rgba = target;
    config->output.u.RGBA.stride = (int)row_bytes;
    // Up to the last pixel: rows of a stride need not be whole at the end.
    config->output.u.RGBA.size = row_bytes * (bottom - top - 1) + 3 * (size_t)(right - left);
    int result = outcome(WebPDecode(codec->bytes, codec->count, config), picture);
    WebPFreeDecBuffer(&config->output);
    if (is_direct) return result;
    for (uint32_t y = 0; result == CODEC_OK && y < region.height; y++)
        memcpy(
            pixels + y * stride, target + (region.top - top + y) * row_bytes + 3 * (size_t)(region.left - left),
            3 * (size_t)region.width);
    free(target);
    return result;
}

size_t codec_encode_webp(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int is_lossless, uint8_t *bytes,
    size_t capacity) {
    uint8_t *output = NULL;
    int w = (int)width, h = (int)height, stride = channels * w;
    size_t count = channels == 3
        ? is_lossless ? WebPEncodeLosslessRGB(pixels, w, h, stride, &output) : WebPEncodeRGB(pixels, w, h, stride, 80, &output)
        : is_lossless ? WebPEncodeLosslessRGBA(pixels, w, h, stride, &output)
                      : WebPEncodeRGBA(pixels, w, h, stride, 80, &output);
    if (count > capacity) count = 0;
    memcpy(bytes, output, count);
    WebPFree(output);
    return count;
}
