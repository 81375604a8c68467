// JPEG and PNG read from memory into bytes, red, green, blue. What libjpeg and libpng do by setjmp stays in here.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum codec_result {
    CODEC_OK = 0,
    /// The data end before the picture does.
    CODEC_TRUNCATED = 1,
    /// The data are not what the format says; `message` is the library's word for it.
    CODEC_DAMAGED = 2,
};

/// What a file's header says. No memory is reserved by it.
struct codec_picture {
    uint32_t width;
    uint32_t height;
    /// The library's word for what is wrong; empty where nothing is.
    char message[256];
};

/// Reads width and height.
int codec_read_jpeg_header(const uint8_t *bytes, size_t count, struct codec_picture *picture);
int codec_read_png_header(const uint8_t *bytes, size_t count, struct codec_picture *picture);

/// Decodes into `pixels`, height x width x 3. Width and height must be what the header says.
///
/// Grey becomes three equal numbers. CMYK, inverted as Adobe writes it, becomes RGB as if inks were ideal.
int codec_decode_jpeg(const uint8_t *bytes, size_t count, struct codec_picture *picture, uint8_t *pixels);

/// Decodes into `pixels`, height x width x 4: red, green, blue and opacity, not multiplied; 16 bits become 8.
int codec_decode_png(const uint8_t *bytes, size_t count, struct codec_picture *picture, uint8_t *pixels);

/// For tests: writes a JPEG of quality 95 without loss of colour resolution, and returns its bytes, or 0 where `capacity` is
/// too small. `channels`: 1 grey, 3 RGB, 4 inverted CMYK.
size_t codec_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int is_progressive, uint8_t *bytes,
    size_t capacity);

/// For tests: writes a PNG of 8 bits and returns its bytes, or 0 where `capacity` is too small. `channels`: 1 grey, 2 grey and
/// opacity, 3 RGB, 4 RGB and opacity.
size_t codec_encode_png(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t *bytes, size_t capacity);
