import Foundation
import JWTKit

/// Why a token was not accepted.
package enum TokenRejection: Error, Sendable, Equatable {
    /// Not a JSON Web Token of this relay: damaged, of another key or algorithm, or with wrong claims.
    case invalid
    case expired
}

/// Why a token cannot be minted.
package struct TokenMintingError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// Signs and verifies the relay's tokens: JSON Web Tokens under HMAC-SHA-256 (RFC 7519, RFC 7515).
package struct TokenAuthority: Sendable {
    /// The `aud` claim.
    static let audience = "tally"
    /// RFC 7518 3.2: a key at least as long as the hash.
    package static let minimumSecretBytes = 32
    /// No token that the authority mints comes near it.
    static let maximumTokenBytes = 8192
    /// What clocks of the machine that minted and this one may differ in.
    static let clockSkewSeconds = 60
    /// A token outlives no more than a month: there is no list of revoked ones.
    package static let maximumLifetimeSeconds = 31 * 24 * 3600

    private let keys: JWTKeyCollection
    private let issuer: String

    /// The secret has at least 32 bytes, as `TokenSecret` makes sure.
    package init(secret: [UInt8], issuer: String = "tally") async {
        precondition(secret.count >= Self.minimumSecretBytes, "a token secret has at least 32 bytes")
        self.issuer = issuer
        keys = await JWTKeyCollection().add(hmac: HMACKey(from: Data(secret)), digestAlgorithm: .sha256)
    }

    /// The compact form of a new token that is valid from now for a number of seconds (at most 31 days).
    package func mint(
        _ access: AccessToken,
        lifetimeSeconds: Int,
        now: Date = Date()
    ) async throws -> (text: String, expires: Int) {
        guard (1...Self.maximumLifetimeSeconds).contains(lifetimeSeconds) else {
            throw TokenMintingError(
                description: "a lifetime of \(lifetimeSeconds) s is not between 1 s and "
                    + "\(Self.maximumLifetimeSeconds) s (31 days)"
            )
        }
        let issuedAt = Int(now.timeIntervalSince1970)
        let claims = TokenClaims(
            access,
            issuer: issuer,
            id: randomIdentifier(),
            issuedAt: issuedAt,
            expires: issuedAt + lifetimeSeconds
        )
        guard claims.access == access else {
            throw TokenMintingError(
                description: "a name has 1 to 64 characters and no control characters, and a view token "
                    + "is of the purpose live_room, live_embed or rebroadcast"
            )
        }
        let text = try await keys.sign(claims)
        guard text.utf8.count <= Self.maximumTokenBytes else {
            throw TokenMintingError(
                description: "the token would have \(text.utf8.count) bytes, and the relay reads"
                    + " \(Self.maximumTokenBytes): give it fewer grants or shorter texts"
            )
        }
        return (text, claims.exp)
    }

    /// Checks form, algorithm, signature (in constant time), issuer, audience and times.
    package func verify(_ text: String, now: Date = Date()) async throws(TokenRejection) -> VerifiedToken {
        guard text.utf8.count <= Self.maximumTokenBytes, namesOurAlgorithm(text) else { throw .invalid }
        let claims: TokenClaims
        do {
            claims = try await keys.verify(text, as: TokenClaims.self)
        } catch {
            throw .invalid
        }
        let seconds = Int(now.timeIntervalSince1970)
        guard claims.iss == issuer, claims.aud == Self.audience, let access = claims.access,
            (1...128).contains(claims.jti.utf8.count),
            claims.iat <= seconds + Self.clockSkewSeconds
        else { throw .invalid }
        guard seconds < claims.exp else { throw .expired }
        return VerifiedToken(id: claims.jti, access: access, expires: claims.exp, issuedAt: claims.iat)
    }

    /// The key fixes the algorithm; a header that names another one (RFC 8725 3.1) is refused before any use.
    private func namesOurAlgorithm(_ text: String) -> Bool {
        struct Header: Decodable {
            var alg: String
        }
        guard let first = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first,
            let data = base64URLDecoded(first),
            let header = try? JSONDecoder().decode(Header.self, from: data)
        else { return false }
        return header.alg == "HS256"
    }
}

/// 128 random bits, base64url.
func randomIdentifier() -> String {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    return base64URLEncoded(bytes)
}

/// RFC 4648 section 5 without padding.
func base64URLEncoded(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
        .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// `nil` if `text` is not base64url without padding.
private func base64URLDecoded(_ text: Substring) -> Data? {
    let standard = text.replacing("-", with: "+").replacing("_", with: "/")
    return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
}
