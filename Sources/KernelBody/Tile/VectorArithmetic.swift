import CVectors

// Arithmetic of vectors, one operation a vector.
//
// The standard library's is a loop over lanes (Swift 6.3). The code generator makes vectors of that again, but the
// optimiser has sixteen times as many instructions to carry through: five minutes, not one, for AVX-512's kernels.
// The compiler prefers these, as they are declared for a type and not for a protocol. The bits are the same.
extension Vector {
    @inline(__always)
    static func + (a: Vector, b: Vector) -> Vector { vector_add(a, b) }

    @inline(__always)
    static func - (a: Vector, b: Vector) -> Vector { vector_subtract(a, b) }

    @inline(__always)
    static func * (a: Vector, b: Vector) -> Vector { vector_multiply(a, b) }

    @inline(__always)
    static func * (a: Vector, b: Float) -> Vector { vector_multiply(a, Vector(repeating: b)) }

    @inline(__always)
    static func / (a: Vector, b: Vector) -> Vector { vector_divide(a, b) }

    @inline(__always)
    static func += (a: inout Vector, b: Vector) { a = vector_add(a, b) }

    @inline(__always)
    static func -= (a: inout Vector, b: Vector) { a = vector_subtract(a, b) }

    /// Returns the root of each lane, rounded once.
    @inline(__always)
    func squareRoot() -> Vector { vector_square_root(self) }

    /// self + a * b, rounded once.
    @inline(__always)
    func addingProduct(_ a: Vector, _ b: Vector) -> Vector { vector_multiply_add(a, b, self) }

    /// self += a * b, rounded once.
    @inline(__always)
    mutating func addProduct(_ a: Vector, _ b: Vector) { self = vector_multiply_add(a, b, self) }

    /// `other` where the mask is true, else self.
    @inline(__always)
    func replacing(with other: Vector, where mask: SIMDMask<MaskStorage>) -> Vector {
        vector_select(unsafeBitCast(mask, to: MaskStorage.self), other, self)
    }
}
