import Crypto

/// Keys that an external command keeps, as in a hardware module: `command ARGUMENTS... VERB NAME`.
///
/// The verbs are `create`, `wrap`, `unwrap`, `destroy` and `exists`. `wrap` reads 32 bytes from its standard input
/// and writes at most 512 to its standard output, `unwrap` the other way round; nothing secret is an argument.
/// What the command writes to its standard error is thrown away, as nobody knows what stands in it. Exit status 0
/// is yes or done, 1 says that there is no such key (any more), 2 that the wrapped key is not of this key; all
/// others, a signal and silence for too long mean that the store is not available.
///
/// `deploy/pkcs11-keys` is such a command. It has to wrap so that nobody without the key can make what unwraps, as
/// AES key wrap and AES-GCM do: with a public key anybody could make recordings. Of a key that was made again under
/// its name, what the first one wrapped is not: 2.
package struct CommandKeyStore: RecordingKeyStore {
    private let command: KeyCommand

    /// `command` is an executable's path and what precedes the verb; a call may last `seconds`.
    package init(command: [String], seconds: Double = 10) throws(RecordingKeyError) {
        guard let executable = command.first, executable.hasPrefix("/") else {
            throw .unusable("a key command begins with the path of an executable, from the root")
        }
        self.command = KeyCommand(words: command, seconds: seconds)
    }

    package func create(_ name: RecordingKeyName) throws(RecordingKeyError) {
        let (status, _) = try run("create", name, longestOutput: 0)
        guard status == 0 else { throw unexpected(status, "create") }
    }

    package func wrap(
        _ dataKey: SymmetricKey,
        under name: RecordingKeyName
    ) throws(RecordingKeyError) -> [UInt8] {
        var payload = dataKey.withUnsafeBytes { Array($0) }
        defer { payload.wipe() }
        let (status, output) = try run(
            "wrap",
            name,
            payload,
            longestOutput: KeyWrapping.longestWrappedKey
        )
        switch status {
        case 0 where !output.isEmpty: return output
        case 0: throw .unavailable("the key command wrapped a key in nothing")
        case 1: throw .destroyed(name)
        default: throw unexpected(status, "wrap")
        }
    }

    package func unwrap(
        _ wrapped: [UInt8],
        under name: RecordingKeyName
    ) throws(RecordingKeyError) -> SymmetricKey {
        var (status, output) = try run(
            "unwrap",
            name,
            wrapped,
            longestOutput: KeyWrapping.dataKeyByteCount
        )
        defer { output.wipe() }
        switch status {
        case 0 where output.count == KeyWrapping.dataKeyByteCount: return SymmetricKey(data: output)
        case 0: throw .unavailable("the key command unwrapped \(output.count) bytes and not 32")
        case 1: throw .destroyed(name)
        case 2: throw .wrongKey(name)
        default: throw unexpected(status, "unwrap")
        }
    }

    package func destroy(_ name: RecordingKeyName) throws(RecordingKeyError) {
        let (status, _) = try run("destroy", name, longestOutput: 0)
        guard status == 0 || status == 1 else { throw unexpected(status, "destroy") }
    }

    package func exists(_ name: RecordingKeyName) throws(RecordingKeyError) -> Bool {
        let (status, _) = try run("exists", name, longestOutput: 0)
        guard status == 0 || status == 1 else { throw unexpected(status, "exists") }
        return status == 0
    }

    private func run(
        _ verb: String,
        _ name: RecordingKeyName,
        _ input: [UInt8] = [],
        longestOutput: Int
    ) throws(RecordingKeyError) -> (status: Int32, output: [UInt8]) {
        do {
            return try command.run([verb, name.description], input: input, longestOutput: longestOutput)
        } catch {
            throw .unavailable("\(verb) by the key command: \(error)")
        }
    }

    private func unexpected(_ status: Int32, _ verb: String) -> RecordingKeyError {
        .unavailable("\(verb) by the key command ended with status \(status)")
    }
}
