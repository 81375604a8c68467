import CCairo
import Machine

/// cairo (cairographics.org), which draws PNG pictures. It is loaded for the first of them: no other command needs it.
struct Cairo: Sendable {
    let makeSurface: cairo_surface_maker
    let surfaceStatus: cairo_surface_asker
    let writeSurface: cairo_surface_writer
    let destroySurface: cairo_surface_user
    let makeContext: cairo_context_maker
    let destroy: cairo_context_user
    let newPath: cairo_context_user
    let moveTo: cairo_point_setter
    let lineTo: cairo_point_setter
    let stroke: cairo_context_user
    let fill: cairo_context_user
    let rectangle: cairo_four_setter
    let arc: cairo_arc_maker
    let setColor: cairo_four_setter
    let setLineWidth: cairo_number_setter
    let setLineJoin: cairo_choice_setter
    let setLineCap: cairo_choice_setter
    let setDash: cairo_dash_setter
    let scale: cairo_point_setter
    let translate: cairo_point_setter
    let rotate: cairo_number_setter
    let save: cairo_context_user
    let restore: cairo_context_user
    let selectFont: cairo_font_setter
    let setFontSize: cairo_number_setter
    let measure: cairo_text_measurer
    let showText: cairo_text_user
    let words: cairo_status_words

    /// The file names of the library: in Linux packages, then in development packages.
    static let names = ["libcairo.so.2", "libcairo.so"]

    private static let shared = Result<Cairo, ReportError> { () throws(ReportError) in try Cairo(names: names) }

    /// Returns the library of this process.
    static func loaded() throws(ReportError) -> Cairo { try shared.get() }

    /// Loads the first of `names` that is there.
    ///
    /// - Throws: `ReportError.noCairo`
    init(names: [String]) throws(ReportError) {
        do {
            let library = try SharedLibrary(names: names)
            makeSurface = try library.function("cairo_image_surface_create", as: cairo_surface_maker.self)
            surfaceStatus = try library.function("cairo_surface_status", as: cairo_surface_asker.self)
            writeSurface = try library.function("cairo_surface_write_to_png", as: cairo_surface_writer.self)
            destroySurface = try library.function("cairo_surface_destroy", as: cairo_surface_user.self)
            makeContext = try library.function("cairo_create", as: cairo_context_maker.self)
            destroy = try library.function("cairo_destroy", as: cairo_context_user.self)
            newPath = try library.function("cairo_new_path", as: cairo_context_user.self)
            moveTo = try library.function("cairo_move_to", as: cairo_point_setter.self)
            lineTo = try library.function("cairo_line_to", as: cairo_point_setter.self)
            stroke = try library.function("cairo_stroke", as: cairo_context_user.self)
            fill = try library.function("cairo_fill", as: cairo_context_user.self)
            rectangle = try library.function("cairo_rectangle", as: cairo_four_setter.self)
            arc = try library.function("cairo_arc", as: cairo_arc_maker.self)
            setColor = try library.function("cairo_set_source_rgba", as: cairo_four_setter.self)
            setLineWidth = try library.function("cairo_set_line_width", as: cairo_number_setter.self)
            setLineJoin = try library.function("cairo_set_line_join", as: cairo_choice_setter.self)
            setLineCap = try library.function("cairo_set_line_cap", as: cairo_choice_setter.self)
            setDash = try library.function("cairo_set_dash", as: cairo_dash_setter.self)
            scale = try library.function("cairo_scale", as: cairo_point_setter.self)
            translate = try library.function("cairo_translate", as: cairo_point_setter.self)
            rotate = try library.function("cairo_rotate", as: cairo_number_setter.self)
            save = try library.function("cairo_save", as: cairo_context_user.self)
            restore = try library.function("cairo_restore", as: cairo_context_user.self)
            selectFont = try library.function("cairo_select_font_face", as: cairo_font_setter.self)
            setFontSize = try library.function("cairo_set_font_size", as: cairo_number_setter.self)
            measure = try library.function("cairo_text_extents", as: cairo_text_measurer.self)
            showText = try library.function("cairo_show_text", as: cairo_text_user.self)
            words = try library.function("cairo_status_to_string", as: cairo_status_words.self)
        } catch {
            throw .noCairo(reason: error.reason)
        }
    }
}
