import Files
import Foundation

/// An error whose description has several lines, such as one that explains a command's usage.
package protocol ErrorOfSeveralLines: Error, CustomStringConvertible {}

extension Error {
    /// The words of a message for the error: our errors' own words; for an error of the system or of Foundation the
    /// system's reason and the file. Control characters, which may come from files, are made visible.
    package var words: String {
        if let error = self as? any ErrorOfSeveralLines { return error.description }
        let error = self as NSError
        guard [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain) else { return "\(self)".visible }
        let reason = error.systemCode.map(systemReason) ?? "the system gives no reason (\(error.domain) \(error.code))"
        return (error.file.map { "\($0): " } ?? "").visible + reason
    }

    /// The reason alone, for messages that name the file themselves.
    package var reason: String {
        if let error = self as? any ErrorAboutFile { return error.reason.visible }
        return (self as NSError).systemCode.map(systemReason) ?? words
    }
}

extension NSError {
    /// The error number behind the error; nil where there is none.
    fileprivate var systemCode: Int32? {
        if domain == NSPOSIXErrorDomain { return Int32(exactly: code) }
        guard domain == NSCocoaErrorDomain else { return nil }
        if let code = (userInfo[NSUnderlyingErrorKey] as? any Error).flatMap({ ($0 as NSError).systemCode }) {
            return code
        }
        return switch CocoaError.Code(rawValue: code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: EACCES
        case .fileWriteOutOfSpace: ENOSPC
        case .fileWriteFileExists: EEXIST
        case .fileWriteVolumeReadOnly: EROFS
        default: nil
        }
    }

    fileprivate var file: String? {
        userInfo[NSFilePathErrorKey] as? String ?? (userInfo[NSURLErrorKey] as? URL)?.path
    }
}
