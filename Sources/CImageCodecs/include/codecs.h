// JPEG, PNG and WebP read from memory into bytes, red, green, blue. What libjpeg and libpng do by setjmp stays in here.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum codec_format { CODEC_JPEG = 0, CODEC_PNG = 1, CODEC_WEBP = 2 };

enum codec_result {
    CODEC_OK = 0,
    /// The data end before the picture does.
    CODEC_TRUNCATED = 1,
    /// The data are not what the format says; `message` is the library's word for it.
    CODEC_DAMAGED = 2,
    /// The picture may be sound, but it is of a kind that the library does not decode; `message` says which.
    CODEC_UNSUPPORTED = 3,
    /// No memory is left.
    CODEC_NO_MEMORY = 4,
};

/// What a file's header says.
struct codec_picture {
    uint32_t width;
    uint32_t height;
    /// The library's word for what is wrong; empty where nothing is.
    char message[256];
};

/// A rectangle of pixels.
struct codec_region {
    uint32_t left;
    uint32_t top;
    uint32_t width;
    uint32_t height;
};

/// A file whose header has been read.
struct codec;

/// Reads the header: width and height. No memory that grows with them is reserved.
///
/// `bytes` must stay where they are until `codec_close`. `*result` is NULL where anything but CODEC_OK is returned.
int codec_open(
    enum codec_format format, const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result);

/// Decodes `region` into `pixels`, whose rows lie `stride` bytes apart: 3 for each pixel. Once for each `codec_open`.
///
/// Pixels are those that decoding the whole would give. Grey becomes three equal numbers, 16 bits their upper 8, and opacity
/// is dropped. CMYK, inverted as Adobe writes it, becomes RGB as if inks were ideal.
/// - eighths: 1 to 8: how large a JPEG becomes by a smaller cosine transform; `region` is of the smaller picture, of
///   ceil(width x eighths / 8) columns. 8 for the other formats.
/// - reads_all: rows below the region are decoded too, so that damage is found there.
int codec_decode(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture);

void codec_close(struct codec *codec);

/// How a JPEG is written.
struct codec_jpeg_options {
    int quality;
    /// Pixels that share a number of colour, across and down: 1 x 1, 2 x 1, 2 x 2, 1 x 2, 4 x 1.
    int across;
    int down;
    int is_progressive;
    int is_arithmetic;
    /// Blocks between two restart markers; 0 for none.
    unsigned restart_interval;
};

/// Writes a JPEG and returns its bytes, or 0 where `capacity` is too small. `channels`: 1 grey, 3 RGB, 4 inverted CMYK.
size_t codec_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, struct codec_jpeg_options options,
    uint8_t *bytes, size_t capacity);

/// Writes a PNG of 8 bits and returns its bytes, or 0 where `capacity` is too small. `channels`: 1 grey, 2 grey and
/// opacity, 3 RGB, 4 RGB and opacity.
size_t codec_encode_png(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t *bytes, size_t capacity);

/// For tests: writes a PNG of any kind from rows as PNG packs them. `colour_type` is PNG's number; `palette` has 3 bytes for
/// each of `colours`, of which the first is transparent where `is_transparent`.
size_t codec_encode_packed_png(
    const uint8_t *rows, uint32_t width, uint32_t height, int depth, int colour_type, int is_interlaced,
    const uint8_t *palette, int colours, int is_transparent, uint8_t *bytes, size_t capacity);

/// For tests: writes a WebP of RGB (`channels` 3) or RGB and opacity (4), lossless or of quality 80.
size_t codec_encode_webp(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int is_lossless, uint8_t *bytes,
    size_t capacity);
