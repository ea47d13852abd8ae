/// Which library encrypts.
///
/// Both give the same bytes.
package enum CipherBackend: CaseIterable, Sendable {
    /// OpenSSL, on every CPU.
    case portable
    /// The Intel Multi-Buffer library, on x86-64 with AES instructions. Where it cannot run, `portable` serves.
    case multiBuffer

    /// The faster of the back ends that run on this machine.
    package static var best: CipherBackend {
        CipherBackend.multiBuffer.isAvailable ? .multiBuffer : .portable
    }

    /// Whether this machine can run the back end.
    package var isAvailable: Bool {
        switch self {
        case .portable: true
        case .multiBuffer: MultiBufferLibrary.isAvailable
        }
    }
}
