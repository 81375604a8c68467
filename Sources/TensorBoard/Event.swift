/// A record of an event file: the message `Event` of TensorFlow's `event.proto`.
struct Event {
    enum Content {
        /// The first of a file.
        case version
        /// The session began with the event's step: earlier files' events of this and later steps no longer count.
        case sessionStart
        case summary([SummaryValue])
    }

    /// Seconds since 1970.
    var wallTime: Double
    var step: Int
    var content: Content

    /// The version of the format that has session logs.
    static let fileVersion = "brain.Event:2"

    var bytes: [UInt8] {
        var message = ProtobufWriter()
        message.add(1, wallTime)
        message.add(2, step)
        switch content {
        case .version: message.add(3, Self.fileVersion)
        case .sessionStart: message.add(7) { $0.add(1, 1) }
        case .summary(let values):
            message.add(5) { summary in
                for value in values { summary.add(1, message: value.write) }
            }
        }
        return message.bytes
    }
}
