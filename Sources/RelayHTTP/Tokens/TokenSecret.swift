import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why the secret that signs tokens cannot be used; says what to do.
package struct TokenSecretError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// The HS256 secret in its file: base64url text, readable by its owner only.
package enum TokenSecret {
    private static let ownerOnly = 0o600 as mode_t

    /// Reads the secret, at least 32 bytes; makes a random one with mode 0600 if there is no file yet.
    ///
    /// `onCreation` is told where a new one was made.
    package static func loadOrCreate(
        path: String,
        onCreation: (_ path: String) -> Void = { _ in }
    ) throws -> [UInt8] {
        let url = URL(filePath: path)
        if !FileManager.default.fileExists(atPath: path) {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try create(path)
            onCreation(url.path)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        guard mode & 0o077 == 0 else {
            throw TokenSecretError(
                description: "\(path) holds the secret that signs tokens but others may read it "
                    + "(mode \(String(mode, radix: 8))); run: chmod 600 \(path)"
            )
        }
        let text = try String(contentsOf: url, encoding: .utf8)
        // The text itself is the key, so that a secret made with any other tool serves as well.
        let secret = Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        guard secret.count >= TokenAuthority.minimumSecretBytes else {
            throw TokenSecretError(
                description: "\(path) holds a secret of \(secret.count) bytes; HS256 needs at least "
                    + "\(TokenAuthority.minimumSecretBytes). Remove the file to have a new one made "
                    + "(all tokens become invalid)"
            )
        }
        return secret
    }

    /// Made exclusively and with its final mode, so that no other user can ever open it; a second process that
    /// starts at the same time uses the first one's.
    private static func create(_ path: String) throws {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, ownerOnly)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            throw TokenSecretError(
                description: "cannot create \(path) for the secret that signs tokens: "
                    + String(cString: strerror(errno))
            )
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data((base64URLEncoded(bytes) + "\n").utf8))
        try file.synchronize()
    }
}
