/// What a fuzz body found to be false of an input; a body that finds nothing throws nothing.
package struct BrokenInvariant: Error, CustomStringConvertible {
    /// What should have held.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws unless `condition` holds.
func demand(_ condition: Bool, _ claim: @autoclosure () -> String) throws(BrokenInvariant) {
    guard condition else { throw BrokenInvariant(claim()) }
}

/// The value, which must be there.
func demandValue<Value>(_ value: Value?, _ claim: @autoclosure () -> String) throws(BrokenInvariant) -> Value
{
    guard let value else { throw BrokenInvariant(claim()) }
    return value
}

extension RawSpan {
    /// The bytes of `range` as an array of their own.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes { Array($0) }
    }
}
