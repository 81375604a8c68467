#include "kinds.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct png {
    struct codec codec;
    png_structp reader;
    png_infop info;
    /// What libpng has read of the bytes.
    size_t place;
    /// The library's word for why it gave up.
    char message[sizeof(((struct codec_picture *)0)->message)];
    enum codec_result result;
    /// One row as libpng gives it, or all rows of an interlaced picture.
    uint8_t *rows;
};

/// libpng reserves several rows. Its own limit, too.
static const uint32_t longest_side = 1000000;

static void give_up(png_structp reader, png_const_charp message) {
    struct png *png = png_get_error_ptr(reader);
    snprintf(png->message, sizeof png->message, "%s", message);
    if (png->result == CODEC_OK) {
        if (strstr(message, "Not enough")) png->result = CODEC_TRUNCATED;
        else if (strstr(message, "emory")) png->result = CODEC_NO_MEMORY;
        else if (strstr(message, "unhandled critical") || strstr(message, "unknown critical"))
            png->result = CODEC_UNSUPPORTED;
        else png->result = CODEC_DAMAGED;
    }
    png_longjmp(reader, 1);
}

static void ignore(png_structp reader, png_const_charp message) {
    (void)reader;
    (void)message;
}

static void read_bytes(png_structp reader, png_bytep target, size_t count) {
    struct png *png = png_get_io_ptr(reader);
    if (count > png->codec.count - png->place) {
        png->result = CODEC_TRUNCATED;
        png_error(reader, "read beyond end of data");
    }
    memcpy(target, png->codec.bytes + png->place, count);
    png->place += count;
}

int codec_open_png(const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result) {
    struct png *png = calloc(1, sizeof *png);
    if (!png) return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    *result = &png->codec;
    png->codec = (struct codec){CODEC_PNG, bytes, count};
    png->reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, png, give_up, ignore);
    png->info = png->reader ? png_create_info_struct(png->reader) : NULL;
    if (!png->info) return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    if (setjmp(png_jmpbuf(png->reader))) return codec_fail(picture, png->result, png->message);
    png_set_read_fn(png->reader, png, read_bytes);
    // Sides are judged below and by the caller. Of what stands beside the pixels nothing is used but the palette: profiles
    // and texts, however damaged or large, are no reason to refuse a picture.
    png_set_user_limits(png->reader, 0x7FFFFFFF, 0x7FFFFFFF);
    png_set_keep_unknown_chunks(png->reader, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png->reader, png->info);
    picture->width = png_get_image_width(png->reader, png->info);
    picture->height = png_get_image_height(png->reader, png->info);
    if (picture->width > longest_side || picture->height > longest_side) {
        snprintf(
            picture->message, sizeof picture->message, "it has %u x %u pixels, and sides of at most %u are read",
            picture->width, picture->height, longest_side);
        return CODEC_UNSUPPORTED;
    }
    return CODEC_OK;
}

void codec_close_png(struct codec *codec) {
    struct png *png = (struct png *)codec;
    png_destroy_read_struct(&png->reader, &png->info, NULL);
    free(png->rows);
    free(png);
}

/// One row's pixels: the same number three times, or colours of a palette, or copied.
static void convert(const uint8_t *source, uint8_t *target, size_t width, int channels, const png_color *palette) {
    if (channels == 3) {
        memcpy(target, source, 3 * width);
        return;
    }
    for (size_t x = 0; x < width; x++) {
        png_color colour = palette[source[x]];
        target[3 * x] = colour.red;
        target[3 * x + 1] = colour.green;
        target[3 * x + 2] = colour.blue;
    }
}

static int decode(struct png *png, struct codec_region region, int reads_all, uint8_t *pixels, size_t stride) {
    png_structp reader = png->reader;
    uint32_t height = png_get_image_height(reader, png->info);
    if ((uint64_t)region.left + region.width > png_get_image_width(reader, png->info) ||
        (uint64_t)region.top + region.height > height)
        png_error(reader, "the header changed");
    int colour_type = png_get_color_type(reader, png->info);
    png_color palette[256];
    if (colour_type == PNG_COLOR_TYPE_PALETTE) {
        // Numbers beyond the palette are black.
        memset(palette, 0, sizeof palette);
        png_colorp colours = NULL;
        int count = 0;
        png_get_PLTE(reader, png->info, &colours, &count);
        memcpy(palette, colours, (size_t)count * sizeof *palette);
        png_set_packing(reader);
    } else {
        for (int grey = 0; grey < 256; grey++) palette[grey] = (png_color){(uint8_t)grey, (uint8_t)grey, (uint8_t)grey};
        if (!(colour_type & PNG_COLOR_MASK_COLOR)) png_set_expand_gray_1_2_4_to_8(reader);
        png_set_strip_16(reader);
        png_set_strip_alpha(reader);
    }
    int passes = png_set_interlace_handling(reader);
    png_read_update_info(reader, png->info);
    int channels = png_get_channels(reader, png->info);
    size_t row_bytes = png_get_rowbytes(reader, png->info);
    // Passes after the first mix new pixels into rows that are there.
    png->rows = calloc(passes > 1 ? height : 1, row_bytes);
    if (!png->rows) {
        png->result = CODEC_NO_MEMORY;
        png_error(reader, "no memory is left");
    }
    uint32_t end = region.top + region.height;
    for (int pass = 0; pass < passes; pass++) {
        uint32_t last = reads_all || passes > 1 ? height : end;
        for (uint32_t y = 0; y < last; y++) {
            uint8_t *row = png->rows + (passes > 1 ? y * row_bytes : 0);
            png_read_row(reader, row, NULL);
            if (pass < passes - 1 || y < region.top || y >= end) continue;
            convert(
                row + (size_t)region.left * (size_t)channels, pixels + (y - region.top) * stride, region.width, channels,
                palette);
        }
    }
    return CODEC_OK;
}

int codec_decode_png(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture) {
    (void)eighths;
    struct png *png = (struct png *)codec;
    if (setjmp(png_jmpbuf(png->reader))) return codec_fail(picture, png->result, png->message);
    return decode(png, region, reads_all, pixels, stride);
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

/// Where a written file goes.
struct output {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
};

static void write_bytes(png_structp writer, png_bytep source, size_t count) {
    struct output *output = png_get_io_ptr(writer);
    if (count > output->capacity - output->count) png_error(writer, "no room");
    memcpy(output->bytes + output->count, source, count);
    output->count += count;
}

static void flush_nothing(png_structp writer) { (void)writer; }

size_t codec_encode_packed_png(
    const uint8_t *rows, uint32_t width, uint32_t height, int depth, int colour_type, int is_interlaced,
    const uint8_t *palette, int colours, int is_transparent, uint8_t *bytes, size_t capacity) {
    struct output output = {bytes, 0, capacity};
    png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, ignore);
    png_infop info = writer ? png_create_info_struct(writer) : NULL;
    if (!info || setjmp(png_jmpbuf(writer))) {
        png_destroy_write_struct(&writer, &info);
        return 0;
    }
    png_set_write_fn(writer, &output, write_bytes, flush_nothing);
    png_set_IHDR(
        writer, info, width, height, depth, colour_type, is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (colours > 0) {
        png_color table[256];
        for (int c = 0; c < colours; c++) table[c] = (png_color){palette[3 * c], palette[3 * c + 1], palette[3 * c + 2]};
        png_set_PLTE(writer, info, table, colours);
        png_byte opacity = 0;
        if (is_transparent) png_set_tRNS(writer, info, &opacity, 1, NULL);
    }
    png_write_info(writer, info);
    int passes = png_set_interlace_handling(writer);
    size_t row_bytes = png_get_rowbytes(writer, info);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++) png_write_row(writer, rows + y * row_bytes);
    png_write_end(writer, info);
    png_destroy_write_struct(&writer, &info);
    return output.count;
}
