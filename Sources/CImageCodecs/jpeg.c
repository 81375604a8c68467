#include "kinds.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After it: which messages there are depends on how the library was built.
#include <jerror.h>

/// libjpeg's error handling, and where to go on when it gives up.
struct failure {
    struct jpeg_error_mgr manager;
    jmp_buf exit;
    enum codec_result result;
    char message[sizeof(((struct codec_picture *)0)->message)];
};

/// A decompressor for one file. It is not used again for another: libjpeg would take missing tables from the file before.
struct jpeg {
    struct codec codec;
    struct jpeg_decompress_struct info;
    struct jpeg_progress_mgr progress;
    struct failure failure;
};

/// More scans than any encoder writes. Each goes over the whole picture, however few bytes it has.
static const int most_scans = 500;

/// Which errors mean that a sound file asks for more than libjpeg can, with words that say so.
static enum codec_result judge(j_common_ptr info, char *text, size_t capacity) {
    int number = info->err->msg_parm.i[0];
    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        return CODEC_NO_MEMORY;
    case JERR_BAD_PRECISION:
        if (number < 2 || number > 16) return CODEC_DAMAGED;
        snprintf(text, capacity, "its samples have %d bits, and 8 are read", number);
        return CODEC_UNSUPPORTED;
    case JERR_SOF_UNSUPPORTED:
        snprintf(
            text, capacity, "its coding process is SOF%d (%s), and baseline, extended and progressive are read",
            number & 15, (number & 3) == 3 ? "lossless" : (number & 7) >= 5 ? "hierarchical" : "arithmetic");
        return CODEC_UNSUPPORTED;
    case JERR_UNKNOWN_MARKER:
        if (number != 0xF7) return CODEC_DAMAGED;
        snprintf(text, capacity, "it is JPEG-LS");
        return CODEC_UNSUPPORTED;
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_EMPTY_IMAGE:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
        return CODEC_UNSUPPORTED;
    default:
        return CODEC_DAMAGED;
    }
}

static void give_up(j_common_ptr info) {
    struct failure *failure = (struct failure *)info->err;
    char text[JMSG_LENGTH_MAX];
    (*info->err->format_message)(info, text);
    if (failure->result == CODEC_OK) failure->result = judge(info, text, sizeof text);
    snprintf(failure->message, sizeof failure->message, "%s", text);
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
#if defined(D_ARITH_CODING_SUPPORTED) || JPEG_LIB_VERSION >= 70
    case JWRN_ARITH_BAD_CODE:
#endif
    case JWRN_MUST_RESYNC:
        give_up(info);
        break;
    default:
        break;
    }
}

static void count_scans(j_common_ptr info) {
    if (((j_decompress_ptr)info)->input_scan_number <= most_scans) return;
    struct failure *failure = (struct failure *)info->err;
    failure->result = CODEC_DAMAGED;
    snprintf(failure->message, sizeof failure->message, "it has more than %d scans", most_scans);
    longjmp(failure->exit, 1);
}

static void set_handlers(struct failure *failure, struct jpeg_error_mgr **place) {
    *place = jpeg_std_error(&failure->manager);
    failure->manager.error_exit = give_up;
    failure->manager.emit_message = judge_warning;
    failure->result = CODEC_OK;
    failure->message[0] = 0;
}

int codec_open_jpeg(const uint8_t *bytes, size_t count, struct codec_picture *picture, struct codec **result) {
    struct jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) return codec_fail(picture, CODEC_NO_MEMORY, "no memory is left");
    *result = &jpeg->codec;
    jpeg->codec = (struct codec){CODEC_JPEG, bytes, count};
    set_handlers(&jpeg->failure, &jpeg->info.err);
    if (setjmp(jpeg->failure.exit)) return codec_fail(picture, jpeg->failure.result, jpeg->failure.message);
    jpeg_create_decompress(&jpeg->info);
    jpeg->progress.progress_monitor = count_scans;
    jpeg->info.progress = &jpeg->progress;
    jpeg_mem_src(&jpeg->info, bytes, count);
    jpeg_read_header(&jpeg->info, TRUE);
    picture->width = jpeg->info.image_width;
    picture->height = jpeg->info.image_height;
    return CODEC_OK;
}

void codec_close_jpeg(struct codec *codec) {
    struct jpeg *jpeg = (struct jpeg *)codec;
    // No error can come of it, and nothing is done where nothing was created.
    jpeg_destroy_decompress(&jpeg->info);
    free(jpeg);
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

/// Whether pixels depend on their neighbourhood only as far as upsampling looks.
///
/// Scans that a progressive file lacks are made up for by smoothing over several blocks. Unequal scalings of odd samplings
/// were wrong in libjpeg-turbo before 3.0.
static int is_local(const struct jpeg_decompress_struct *info, int eighths) {
    if (eighths < 8 && (info->max_h_samp_factor > 2 || info->max_v_samp_factor > 2)) return 0;
    if (!info->progressive_mode || !info->coef_bits) return 1;
    for (int c = 0; c < info->num_components; c++)
        for (int k = 0; k < 10; k++)
            if (info->coef_bits[c][k] != 0) return 0;
    return 1;
}

/// Whether the file has an end of image behind what has been decoded. Inside of coded data no byte 0xD9 follows a 0xFF.
static int has_end(const struct jpeg *jpeg) {
    // Read already, with the last of the data.
    if (jpeg->info.unread_marker == JPEG_EOI) return 1;
    const uint8_t *first = jpeg->info.src->next_input_byte;
    for (const uint8_t *place = jpeg->codec.bytes + jpeg->codec.count - 1; place > first; place--)
        if (place[0] == 0xD9 && place[-1] == 0xFF) return 1;
    return 0;
}

/// Decodes the region and no more of the picture than its pixels need.
static int decode(struct jpeg *jpeg, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride) {
    struct jpeg_decompress_struct *info = &jpeg->info;
    int is_cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    // Of the inverse transforms the accurate one; speed differs little where it is vectorised.
    info->dct_method = JDCT_ISLOW;
    info->scale_num = (unsigned)eighths;
    info->scale_denom = 8;
    jpeg_start_decompress(info);
    if ((uint64_t)region.left + region.width > info->output_width ||
        (uint64_t)region.top + region.height > info->output_height) {
        snprintf(jpeg->failure.message, sizeof jpeg->failure.message, "the header changed");
        return CODEC_DAMAGED;
    }
    // Upsampling mixes in the next sample of colour on each side, where there is one: pixels near the edge of what is decoded
    // would be others than in the whole picture.
    JDIMENSION left = 0, width = info->output_width, top = 0;
    if (is_local(info, eighths)) {
        JDIMENSION across = 2 * (JDIMENSION)info->max_h_samp_factor, down = 2 * (JDIMENSION)info->max_v_samp_factor;
        left = region.left > across ? region.left - across : 0;
        JDIMENSION right = region.left + region.width + across;
        if (right > info->output_width) right = info->output_width;
        width = right - left;
        if (width < info->output_width) jpeg_crop_scanline(info, &left, &width);
        top = region.top > down ? region.top - down : 0;
        if (top > 0) jpeg_skip_scanlines(info, top);
    }
    int is_direct = !is_cmyk && left == region.left && width == region.width;
    // libjpeg's own memory: it goes with the decompressor.
    JSAMPARRAY scratch = (*info->mem->alloc_sarray)((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
    JDIMENSION end = region.top + region.height;
    while (info->output_scanline < (reads_all ? info->output_height : end)) {
        JDIMENSION y = info->output_scanline;
        int counts = y >= region.top && y < end;
        uint8_t *row = counts ? pixels + (size_t)(y - region.top) * stride : NULL;
        JSAMPROW target = counts && is_direct ? row : scratch[0];
        jpeg_read_scanlines(info, &target, 1);
        if (!counts || is_direct) continue;
        const uint8_t *first = scratch[0] + (size_t)(region.left - left) * (is_cmyk ? 4 : 3);
        if (is_cmyk)
            convert_cmyk(first, row, region.width);
        else
            memcpy(row, first, (size_t)region.width * 3);
    }
    if (info->output_scanline == info->output_height) {
        jpeg_finish_decompress(info);
    } else if (!jpeg_input_complete(info) && !has_end(jpeg)) {
        snprintf(jpeg->failure.message, sizeof jpeg->failure.message, "Premature end of JPEG file");
        return CODEC_TRUNCATED;
    }
    return CODEC_OK;
}

int codec_decode_jpeg(
    struct codec *codec, struct codec_region region, int eighths, int reads_all, uint8_t *pixels, size_t stride,
    struct codec_picture *picture) {
    struct jpeg *jpeg = (struct jpeg *)codec;
    if (setjmp(jpeg->failure.exit)) return codec_fail(picture, jpeg->failure.result, jpeg->failure.message);
    int result = decode(jpeg, region, eighths, reads_all, pixels, stride);
    return result == CODEC_OK ? CODEC_OK : codec_fail(picture, result, jpeg->failure.message);
}

size_t codec_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, struct codec_jpeg_options options,
    uint8_t *bytes, size_t capacity) {
    struct jpeg_compress_struct info;
    struct failure failure;
    // volatile: changed after setjmp, looked at after longjmp.
    unsigned char *volatile output = NULL;
    unsigned long size = 0;
    memset(&info, 0, sizeof info);
    set_handlers(&failure, &info.err);
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
    jpeg_set_quality(&info, options.quality, TRUE);
    info.arith_code = options.is_arithmetic;
    info.restart_interval = options.restart_interval;
    for (int c = 0; c < info.num_components; c++) info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
    info.comp_info[0].h_samp_factor = options.across;
    info.comp_info[0].v_samp_factor = options.down;
    if (options.is_progressive) jpeg_simple_progression(&info);
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
