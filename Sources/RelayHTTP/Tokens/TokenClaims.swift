import Disclosures
import JWTKit
import Partners
import Primitives
import RoomControl

/// The claims as they stand in a token (RFC 7519); every field but the common ones belongs to some kinds only.
struct TokenClaims: JWTPayload {
    /// `authorization_details` of RFC 9396 with the type `room_disclosure`.
    struct AuthorizationDetail: Codable {
        static let roomDisclosure = "room_disclosure"

        var type: String
        /// Purposes.
        var actions: [String]
        /// The named recipient of all actions but `live_room`.
        var recipient: String?
        /// The sites that a partner's grant is for.
        var locations: [String]?
        /// Media kinds; absent means audio and video.
        var datatypes: [String]?
        /// The room; absent means the token's.
        var identifier: String?
        /// The notice that the person was shown.
        var notice: NoticeReferenceDocument?
        /// What proves the grant outside of the relay.
        var evidence: String?
    }

    var iss: String
    var aud: String
    var sub: String
    var exp: Int
    var iat: Int
    var jti: String
    var kind: String
    var room: String?
    var participant: String?
    var name: String?
    var role: String?
    var replace: Bool?
    var purpose: String?
    var recipient: String?
    var region: String?
    /// Of a partner's grant: which of the partner's keys had it minted.
    var keyNumber: Int?
    var authorizationDetails: [AuthorizationDetail]?

    private enum CodingKeys: String, CodingKey {
        case iss
        case aud
        case sub
        case exp
        case iat
        case jti
        case kind
        case room
        case participant
        case name
        case role
        case replace
        case purpose
        case recipient
        case region
        case keyNumber = "key_number"
        case authorizationDetails = "authorization_details"
    }

    /// Times and names are checked by `TokenAuthority`, which is told the time.
    func verify(using algorithm: some JWTAlgorithm) {}
}

extension TokenClaims {
    /// The claims for a token, without times and identifier.
    init(_ access: AccessToken, issuer: String, id: String, issuedAt: Int, expires: Int) {
        self.init(
            iss: issuer,
            aud: TokenAuthority.audience,
            sub: "",
            exp: expires,
            iat: issuedAt,
            jti: id,
            kind: access.kind
        )
        switch access {
        case .publish(let token):
            sub = token.participant.text
            room = token.room.text
            participant = token.participant.text
            name = token.name
            replace = token.replace ? true : nil
            if !token.grants.isEmpty {
                authorizationDetails = token.grants.map { grant in
                    AuthorizationDetail(
                        type: AuthorizationDetail.roomDisclosure,
                        actions: [grant.audience.purpose.rawValue],
                        recipient: grant.audience.recipient,
                        datatypes: ["audio", "video"],
                        identifier: token.room.text,
                        notice: grant.notice.map { NoticeReferenceDocument($0) },
                        evidence: grant.evidence
                    )
                }
            }
        case .view(let token):
            sub = "viewer"
            room = token.room.text
            purpose = token.audience.purpose.rawValue
            recipient = token.audience.recipient
            region = token.region?.code
        case .guardian(let token):
            sub = token.guardian
            room = token.room.text
            participant = token.participant.text
        case .embed(let grant):
            sub = grant.partner
            room = grant.room.text
            purpose = grant.audience.purpose.rawValue
            recipient = grant.audience.recipient
            region = grant.region?.code
            keyNumber = grant.keyNumber
            authorizationDetails = [
                AuthorizationDetail(
                    type: AuthorizationDetail.roomDisclosure,
                    actions: [grant.audience.purpose.rawValue],
                    recipient: grant.audience.recipient,
                    locations: grant.origins.sorted().map(\.text),
                    datatypes: ["audio", "video"],
                    identifier: grant.room.text
                )
            ]
        case .relayOperator(let token):
            sub = token.name
            role = token.role == .operator ? nil : token.role.rawValue
        }
    }

    /// What the claims let their holder do; `nil` if they are not of a shape that `TokenAuthority` mints.
    var access: AccessToken? {
        switch kind {
        case "publish":
            guard let room = room.flatMap({ RoomName($0) }),
                let participant = participant.flatMap({ ParticipantID($0) }),
                let name, isScreenName(name)
            else { return nil }
            return .publish(
                PublishToken(
                    room: room,
                    participant: participant,
                    name: name,
                    replace: replace ?? false,
                    grants: grants(in: room)
                )
            )
        case "view":
            guard let room = room.flatMap({ RoomName($0) }),
                let purpose = purpose.flatMap({ Purpose(rawValue: $0) }),
                let audience = Audience(purpose: purpose, recipient: recipient),
                audience.comesByViewing
            else { return nil }
            // A place that cannot be read is one that is not known, which opens nothing.
            return .view(
                ViewToken(room: room, audience: audience, region: region.flatMap { Region($0) })
            )
        case "guardian":
            guard let room = room.flatMap({ RoomName($0) }),
                let participant = participant.flatMap({ ParticipantID($0) }), isScreenName(sub)
            else { return nil }
            return .guardian(GuardianToken(room: room, participant: participant, guardian: sub))
        case "embed":
            guard let room = room.flatMap({ RoomName($0) }),
                let purpose = purpose.flatMap({ Purpose(rawValue: $0) }),
                let audience = Audience(purpose: purpose, recipient: recipient), audience.isOfPartner,
                let keyNumber, let locations = authorizationDetails?.first?.locations
            else { return nil }
            return .embed(
                EmbedGrant(
                    room: room,
                    audience: audience,
                    keyNumber: keyNumber,
                    origins: Set(locations.compactMap { WebOrigin($0) }),
                    region: region.flatMap { Region($0) }
                )
            )
        case "operator":
            guard isScreenName(sub), let role = OperatorRole(rawValue: role ?? OperatorRole.operator.rawValue)
            else { return nil }
            return .relayOperator(OperatorToken(name: sub, role: role))
        default:
            return nil
        }
    }

    /// The audiences granted; a detail that is narrower than a whole grant, of another room or type, or
    /// malformed gives nothing, because reading it loosely would widen it.
    private func grants(in room: RoomName) -> [CarriedGrant] {
        var grants: [CarriedGrant] = []
        for detail in authorizationDetails ?? [] {
            guard detail.type == AuthorizationDetail.roomDisclosure,
                detail.identifier.map({ $0 == room.text }) ?? true,
                detail.datatypes.map({ Set($0).isSuperset(of: ["audio", "video"]) }) ?? true
            else { continue }
            for action in detail.actions {
                guard let purpose = Purpose(rawValue: action),
                    let audience = Audience(
                        purpose: purpose,
                        recipient: purpose.namesRecipient ? detail.recipient : nil
                    ),
                    !grants.contains(where: { $0.audience == audience })
                else { continue }
                grants.append(
                    CarriedGrant(audience, notice: detail.notice?.reference, evidence: detail.evidence)
                )
            }
        }
        return grants
    }
}

extension Audience {
    /// Whether this audience comes by WHEP, for live media that it has no other way to.
    var comesByViewing: Bool {
        switch purpose {
        case .liveRoom, .liveEmbed, .rebroadcast: recipientClass == purpose.recipientClass
        case .recording, .replayRoom, .download, .transcription, .analysis, .aggregate, .identify: false
        }
    }
}

extension Audience {
    /// Whether partners are this audience's recipients.
    var isOfPartner: Bool {
        purpose == .liveEmbed && recipientClass == .embedPartner
            || purpose == .rebroadcast && recipientClass == .restreamDestination
    }
}

/// 1 to 64 characters, at most 256 bytes, of which none is a control character.
func isScreenName(_ text: String) -> Bool {
    (1...64).contains(text.count) && text.utf8.count <= 256 && isPlainText(text)
}

/// Whether every character is one that shows, or a space.
func isPlainText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        // Formatting characters would let a name reorder the text around it.
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
            false
        default:
            true
        }
    }
}
