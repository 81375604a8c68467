// Functions of cairo 1.16 by their addresses: the library is loaded where it is asked for, and nothing links it.
#ifndef CCAIRO_SHIM_H
#define CCAIRO_SHIM_H

// As cairo.h has them.
enum {
    cairo_format_argb32 = 0,
    cairo_status_ok = 0,
    cairo_slant_normal = 0,
    cairo_weight_normal = 0,
    cairo_weight_bold = 1,
    cairo_join_round = 1,
};

typedef struct cairo_surface cairo_surface;
typedef struct cairo_context cairo_context;

typedef struct {
    double x_bearing, y_bearing, width, height, x_advance, y_advance;
} cairo_extents;

typedef cairo_surface *_Nullable (*cairo_surface_maker)(int format, int width, int height);
typedef int (*cairo_surface_asker)(cairo_surface *_Nonnull surface);
typedef int (*cairo_surface_writer)(cairo_surface *_Nonnull surface, const char *_Nonnull path);
typedef void (*cairo_surface_user)(cairo_surface *_Nonnull surface);
typedef cairo_context *_Nullable (*cairo_context_maker)(cairo_surface *_Nonnull surface);
// cairo_stroke, cairo_fill, cairo_new_path, cairo_save, cairo_restore, cairo_destroy, cairo_close_path
typedef void (*cairo_context_user)(cairo_context *_Nonnull context);
// cairo_set_line_width, cairo_set_font_size, cairo_rotate
typedef void (*cairo_number_setter)(cairo_context *_Nonnull context, double number);
// cairo_move_to, cairo_line_to, cairo_scale, cairo_translate
typedef void (*cairo_point_setter)(cairo_context *_Nonnull context, double x, double y);
// cairo_rectangle, cairo_set_source_rgba
typedef void (*cairo_four_setter)(cairo_context *_Nonnull context, double a, double b, double c, double d);
// cairo_arc
typedef void (*cairo_arc_maker)(
    cairo_context *_Nonnull context, double x, double y, double radius, double from, double to);
// cairo_set_line_join
typedef void (*cairo_choice_setter)(cairo_context *_Nonnull context, int choice);
// cairo_set_dash
typedef void (*cairo_dash_setter)(
    cairo_context *_Nonnull context, const double *_Nullable lengths, int count, double offset);
// cairo_select_font_face
typedef void (*cairo_font_setter)(cairo_context *_Nonnull context, const char *_Nonnull family, int slant, int weight);
// cairo_show_text
typedef void (*cairo_text_user)(cairo_context *_Nonnull context, const char *_Nonnull text);
// cairo_text_extents
typedef void (*cairo_text_measurer)(
    cairo_context *_Nonnull context, const char *_Nonnull text, cairo_extents *_Nonnull extents);
// cairo_status_to_string
typedef const char *_Nonnull (*cairo_status_words)(int status);

#endif
