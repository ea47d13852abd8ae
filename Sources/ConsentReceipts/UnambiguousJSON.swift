/// JSON that every reader takes for the same (RFC 7493), as what people agree to must be.
package enum UnambiguousJSON {
    /// Why two readers could take `bytes` for different values, or for none; `nil` if they cannot.
    ///
    /// Numbers are judged by whoever decodes them.
    package static func fault(in bytes: [UInt8]) -> String? {
        do throws(JSONFailure) {
            _ = try JSONReader.read(bytes, passesNumbers: true)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
