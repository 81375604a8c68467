#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/// libjpeg's error handling, and where to go on when it gives up.
struct failure {
    struct jpeg_error_mgr manager;
    jmp_buf exit;
    enum codec_result result;
    char *message;
};

static void give_up(j_common_ptr info) {
    struct failure *failure = (struct failure *)info->err;
    char text[JMSG_LENGTH_MAX];
    (*info->err->format_message)(info, text);
    snprintf(failure->message, sizeof(((struct codec_picture *)0)->message), "%s", text);
    if (failure->result == CODEC_OK) failure->result = CODEC_DAMAGED;
    longjmp(failure->exit, 1);
}

/// libjpeg only warns where data are missing or false, and fills the rest with grey. Nobody should learn from that.
/// What has no effect on pixels (stray bytes between segments, an unknown version) stays a warning and is not told.
static void judge_warning(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
        ((struct failure *)info->err)->result = CODEC_TRUNCATED;
        give_up(info);
        break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        give_up(info);
        break;
    default:
        break;
    }
}

static void set_handlers(struct failure *failure, struct jpeg_error_mgr **place, char *message) {
    *place = jpeg_std_error(&failure->manager);
    failure->manager.error_exit = give_up;
    failure->manager.emit_message = judge_warning;
    failure->result = CODEC_OK;
    failure->message = message;
    message[0] = 0;
}

/// What is done with a file whose header has been read.
typedef enum codec_result header_use(
    struct jpeg_decompress_struct *info, struct codec_picture *picture, uint8_t *pixels);

/// Opens a decompressor for `use`, and closes it whichever way that ends.
static int with_header(
    const uint8_t *bytes, size_t count, struct codec_picture *picture, uint8_t *pixels, header_use *use) {
    struct jpeg_decompress_struct info;
    struct failure failure;
    memset(&info, 0, sizeof info);
    set_handlers(&failure, &info.err, picture->message);
    if (setjmp(failure.exit)) {
        jpeg_destroy_decompress(&info);
        return failure.result;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes, count);
    jpeg_read_header(&info, TRUE);
    enum codec_result result = use(&info, picture, pixels);
    jpeg_destroy_decompress(&info);
    return result;
}

static enum codec_result keep_size(
    struct jpeg_decompress_struct *info, struct codec_picture *picture, uint8_t *pixels) {
    (void)pixels;
    picture->width = info->image_width;
    picture->height = info->image_height;
    return CODEC_OK;
}

int codec_read_jpeg_header(const uint8_t *bytes, size_t count, struct codec_picture *picture) {
    return with_header(bytes, count, picture, NULL, keep_size);
}

/// a b / 255, rounded.
static uint8_t product(unsigned a, unsigned b) {
    unsigned scaled = a * b + 128;
    return (uint8_t)(((scaled >> 8) + scaled) >> 8);
}

/// One row of inverted CMYK, where 255 is no ink, to RGB; the same roundings as Pillow's.
static void convert_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++) {
        unsigned paper = cmyk[4 * x + 3];
        for (size_t ink = 0; ink < 3; ink++)
            rgb[3 * x + ink] = (uint8_t)(paper - product(255u - cmyk[4 * x + ink], paper));
    }
}

static enum codec_result decode(
    struct jpeg_decompress_struct *info, struct codec_picture *picture, uint8_t *pixels) {
    if (info->image_width != picture->width || info->image_height != picture->height) {
        snprintf(picture->message, sizeof picture->message, "the header changed");
        return CODEC_DAMAGED;
    }
    int is_cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    // Of the inverse transforms the accurate one; speed differs little where it is vectorised.
    info->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(info);
    // libjpeg's own memory: it goes with the decompressor.
    JSAMPARRAY scratch =
        (*info->mem->alloc_sarray)((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
    while (info->output_scanline < info->output_height) {
        uint8_t *row = pixels + (size_t)info->output_scanline * info->output_width * 3;
        JSAMPROW target = is_cmyk ? scratch[0] : row;
        jpeg_read_scanlines(info, &target, 1);
        if (is_cmyk) convert_cmyk(scratch[0], row, info->output_width);
    }
    jpeg_finish_decompress(info);
    return CODEC_OK;
}

int codec_decode_jpeg(const uint8_t *bytes, size_t count, struct codec_picture *picture, uint8_t *pixels) {
    return with_header(bytes, count, picture, pixels, decode);
}

size_t codec_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int is_progressive, uint8_t *bytes,
    size_t capacity) {
    struct jpeg_compress_struct info;
    struct failure failure;
    char message[256];
    // volatile: changed after setjmp, looked at after longjmp.
    unsigned char *volatile output = NULL;
    unsigned long size = 0;
    memset(&info, 0, sizeof info);
    set_handlers(&failure, &info.err, message);
    if (setjmp(failure.exit)) {
        jpeg_destroy_compress(&info);
        free((void *)output);
        return 0;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, (unsigned char **)&output, &size);
    info.image_width = width;
    info.image_height = height;
    info.input_components = channels;
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    for (int c = 0; c < info.num_components; c++) info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
    if (is_progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)info.next_scanline * width * (size_t)channels);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    size_t written = size <= capacity ? size : 0;
    memcpy(bytes, (const void *)output, written);
    free((void *)output);
    return written;
}
