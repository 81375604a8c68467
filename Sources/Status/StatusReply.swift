import NIOCore

/// An answer of the status server, to any client.
struct StatusReply {
    enum Code: Int {
        case ok = 200
        case notFound = 404
        case methodNotAllowed = 405
        case misdirected = 421
        case unavailable = 503
    }

    enum ContentType: String {
        case html = "text/html; charset=utf-8"
        case css = "text/css; charset=utf-8"
        case script = "text/javascript; charset=utf-8"
        case json = "application/json"
        case text = "text/plain; charset=utf-8"
        case metrics = "text/plain; version=0.0.4; charset=utf-8"
    }

    var code: Code
    var type: ContentType
    var body: ByteBuffer
    /// The policy for the things that a page may load and do (W3C, "Content Security Policy"): by default nothing.
    var policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    init(_ code: Code, _ type: ContentType, _ body: ByteBuffer) {
        self.code = code
        self.type = type
        self.body = body
    }

    init(_ code: Code, _ type: ContentType, _ text: String) { self.init(code, type, ByteBuffer(string: text)) }

    /// The head's fields: nothing is kept, guessed, framed by other pages or shown to them.
    var fields: [(name: String, value: String)] {
        [
            ("Content-Type", type.rawValue),
            ("Content-Length", String(body.readableBytes)),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ] + (code == .methodNotAllowed ? [("Allow", "GET, HEAD")] : [])
    }
}
