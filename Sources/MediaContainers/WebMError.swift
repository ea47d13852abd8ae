/// Why a file could not be written or read.
package enum WebMError: Error, Hashable {
    /// The bytes end inside an element; the text names it.
    case truncated(String)
    /// An element says what no file may; the text names it and the value.
    case malformed(String)
    /// A file that others may have written and that this reader has no use for; the text says what it has.
    case unsupported(String)
    /// More than a file of one participant has; the text names value and limit.
    case tooLarge(String)
    /// The muxer library failed, which it does without memory only.
    case libraryFailure
}
