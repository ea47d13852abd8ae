/// Why a recording cannot be read or continued.
package enum RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    case notARecording
    /// Written by a later version of this program.
    case newerVersion(UInt16)
    /// The file is another recording than was asked for.
    case anotherRecording(RecordingID)
    /// The file ends within its header.
    case torn
    /// What stands at this byte of the file is not what was written there: damaged, replaced or moved.
    case forged(atByte: UInt64)
    /// The key-encryption key is gone, and with it what it protected.
    case keyDestroyed(RecordingKeyName)
    /// The key store is not the one that protected this recording.
    case wrongKey(RecordingKeyName)
    case keyStoreUnavailable(String)
    /// Somebody else writes this file.
    case inUse
    case noSuchSegment(Int)
    /// The file cannot take more segments, or no more keys; another file can.
    case overfull
    case system(SystemFailure)

    package var description: String {
        switch self {
        case .notARecording: "this is not a recording"
        case .newerVersion(let version):
            "the recording has format \(version), and this program reads up to \(RecordingHeader.version)"
        case .anotherRecording(let id): "this is the recording \(id) and not the one that was asked for"
        case .torn: "the recording ends within its header"
        case .forged(let offset): "the recording is damaged or forged at byte \(offset)"
        case .keyDestroyed(let name): "the key \(name) that protected this recording was destroyed"
        case .wrongKey(let name): "the key store's key \(name) is not the one that protected this recording"
        case .keyStoreUnavailable(let reason): "the key store is not available: \(reason)"
        case .inUse: "the recording is being written by somebody else"
        case .noSuchSegment(let number): "the recording has no readable segment \(number)"
        case .overfull: "the recording file cannot be continued, begin another"
        case .system(let failure): "the recording's file: \(failure)"
        }
    }

    init(_ error: RecordingKeyError) {
        switch error {
        case .destroyed(let name): self = .keyDestroyed(name)
        case .wrongKey(let name): self = .wrongKey(name)
        case .unavailable(let reason), .unusable(let reason): self = .keyStoreUnavailable(reason)
        }
    }
}

/// Does what the system is asked for, with its failures as a recording's.
func reporting<Result: ~Copyable>(
    _ body: () throws(SystemFailure) -> Result
) throws(RecordingError) -> Result {
    do {
        return try body()
    } catch {
        throw .system(error)
    }
}
