import CCairo
import Glibc

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
        var library: UnsafeMutableRawPointer?
        var reason: String?
        for name in names where library == nil {
            library = dlopen(name, RTLD_NOW | RTLD_LOCAL)
            if library == nil { reason = reason ?? dlerror().map { String(cString: $0) } }
        }
        guard let library else { throw .noCairo(reason: reason ?? "no reason is given") }
        func symbol(_ name: String) throws(ReportError) -> UnsafeMutableRawPointer {
            guard let address = dlsym(library, "cairo_" + name) else {
                throw .noCairo(reason: "it has no cairo_\(name)")
            }
            return address
        }
        makeSurface = unsafeBitCast(try symbol("image_surface_create"), to: cairo_surface_maker.self)
        surfaceStatus = unsafeBitCast(try symbol("surface_status"), to: cairo_surface_asker.self)
        writeSurface = unsafeBitCast(try symbol("surface_write_to_png"), to: cairo_surface_writer.self)
        destroySurface = unsafeBitCast(try symbol("surface_destroy"), to: cairo_surface_user.self)
        makeContext = unsafeBitCast(try symbol("create"), to: cairo_context_maker.self)
        destroy = unsafeBitCast(try symbol("destroy"), to: cairo_context_user.self)
        newPath = unsafeBitCast(try symbol("new_path"), to: cairo_context_user.self)
        moveTo = unsafeBitCast(try symbol("move_to"), to: cairo_point_setter.self)
        lineTo = unsafeBitCast(try symbol("line_to"), to: cairo_point_setter.self)
        stroke = unsafeBitCast(try symbol("stroke"), to: cairo_context_user.self)
        fill = unsafeBitCast(try symbol("fill"), to: cairo_context_user.self)
        rectangle = unsafeBitCast(try symbol("rectangle"), to: cairo_four_setter.self)
        arc = unsafeBitCast(try symbol("arc"), to: cairo_arc_maker.self)
        setColor = unsafeBitCast(try symbol("set_source_rgba"), to: cairo_four_setter.self)
        setLineWidth = unsafeBitCast(try symbol("set_line_width"), to: cairo_number_setter.self)
        setLineJoin = unsafeBitCast(try symbol("set_line_join"), to: cairo_choice_setter.self)
        setLineCap = unsafeBitCast(try symbol("set_line_cap"), to: cairo_choice_setter.self)
        setDash = unsafeBitCast(try symbol("set_dash"), to: cairo_dash_setter.self)
        scale = unsafeBitCast(try symbol("scale"), to: cairo_point_setter.self)
        translate = unsafeBitCast(try symbol("translate"), to: cairo_point_setter.self)
        rotate = unsafeBitCast(try symbol("rotate"), to: cairo_number_setter.self)
        save = unsafeBitCast(try symbol("save"), to: cairo_context_user.self)
        restore = unsafeBitCast(try symbol("restore"), to: cairo_context_user.self)
        selectFont = unsafeBitCast(try symbol("select_font_face"), to: cairo_font_setter.self)
        setFontSize = unsafeBitCast(try symbol("set_font_size"), to: cairo_number_setter.self)
        measure = unsafeBitCast(try symbol("text_extents"), to: cairo_text_measurer.self)
        showText = unsafeBitCast(try symbol("show_text"), to: cairo_text_user.self)
        words = unsafeBitCast(try symbol("status_to_string"), to: cairo_status_words.self)
    }
}
