#include "codecs.h"

#include <stdio.h>
#include <string.h>

#include <png.h>

/// libpng's word, and which of the two kinds of failure it is: it reads past the end of what is there, or not.
static int failure(const png_image *image, struct codec_picture *picture) {
    snprintf(picture->message, sizeof picture->message, "%s", image->message);
    return strstr(image->message, "beyond end") || strstr(image->message, "Not enough") ? CODEC_TRUNCATED : CODEC_DAMAGED;
}

static int begin(png_image *image, const uint8_t *bytes, size_t count, struct codec_picture *picture) {
    memset(image, 0, sizeof *image);
    image->version = PNG_IMAGE_VERSION;
    picture->message[0] = 0;
    if (!png_image_begin_read_from_memory(image, bytes, count)) return failure(image, picture);
    return CODEC_OK;
}

int codec_read_png_header(const uint8_t *bytes, size_t count, struct codec_picture *picture) {
    png_image image;
    int result = begin(&image, bytes, count, picture);
    if (result != CODEC_OK) return result;
    picture->width = image.width;
    picture->height = image.height;
    png_image_free(&image);
    return CODEC_OK;
}

int codec_decode_png(const uint8_t *bytes, size_t count, struct codec_picture *picture, uint8_t *pixels) {
    png_image image;
    int result = begin(&image, bytes, count, picture);
    if (result != CODEC_OK) return result;
    if (image.width != picture->width || image.height != picture->height) {
        snprintf(picture->message, sizeof picture->message, "the header changed");
        png_image_free(&image);
        return CODEC_DAMAGED;
    }
    image.format = PNG_FORMAT_RGBA;
    // Without it libpng takes 16 bits for linear light; what people have is sRGB.
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    if (!png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        result = failure(&image, picture);
        png_image_free(&image);
    }
    return result;
}

size_t codec_encode_png(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t *bytes, size_t capacity) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = channels == 1 ? PNG_FORMAT_GRAY : channels == 2 ? PNG_FORMAT_GA : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
    png_alloc_size_t size = capacity;
    return png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL) ? size : 0;
}
