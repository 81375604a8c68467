import Glibc

/// A library that is loaded while the program runs, by those commands alone that need it.
package struct SharedLibrary {
    private let handle: UnsafeMutableRawPointer
    private let name: String

    /// Loads the first library of `names` that exists.
    ///
    /// - Throws: `NoSharedLibrary` with the reason for the first name.
    package init(names: [String]) throws(NoSharedLibrary) {
        var reason: String?
        for name in names {
            if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                (self.handle, self.name) = (handle, name)
                return
            }
            reason = reason ?? dlerror().map { String(cString: $0) }
        }
        throw NoSharedLibrary(reason: reason ?? "no reason is given")
    }

    /// Returns a function, as the type of pointers to such functions.
    ///
    /// - Throws: `NoSharedLibrary` where the library has none of that name.
    package func function<Function>(_ symbol: String, as type: Function.Type) throws(NoSharedLibrary) -> Function {
        guard let address = dlsym(handle, symbol) else { throw NoSharedLibrary(reason: "\(name) has no \(symbol)") }
        return unsafeBitCast(address, to: type)
    }
}

/// A library that cannot be loaded or lacks a function.
package struct NoSharedLibrary: Error {
    package let reason: String
}
