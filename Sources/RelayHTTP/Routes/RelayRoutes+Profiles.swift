import Disclosures
import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    /// What a participant is called, and what else of themselves they let others see.
    func registerProfiles(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/rooms/{room}/participants/{participant}",
            accepts: [.acceptPatch: "application/json"],
            [.get: showProfile, .patch: correctProfile]
        )
    }

    @Sendable private func showProfile(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        try await admitReader(request, of: participant, in: room, .profile)
        return .json(ProfileDocument(profile: try await service.displayFields(of: participant, in: room)))
    }

    /// Answers nothing: an operator who corrects one field has not asked to read the others.
    @Sendable private func correctProfile(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        let actor = try await bearer.participantActor(of: request, room: room, participant: participant)
        let document = try await bodies.json(of: request, as: ProfilePatchDocument.self)
        try await refuseErased(actor, participant)
        if case .relayOperator(let token) = actor { try await note(token, request, .correction, participant) }
        try await service.correct(document.correction, of: participant, in: room)
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }
}

/// The display fields of a participant in a room, as far as they were corrected.
struct ProfileDocument: Encodable {
    let profile: ParticipantProfile

    private enum CodingKeys: String, CodingKey {
        case displayName = "display_name"
        case profile
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(profile.displayName, forKey: .displayName)
        try container.encode(profile.fields, forKey: .profile)
    }
}

/// The body of `PATCH …/participants/{participant}`: a merge patch (RFC 7396).
struct ProfilePatchDocument: Decodable {
    let correction: DisplayCorrection

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case displayName = "display_name"
        case profile
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        var correction = DisplayCorrection()
        if container.contains(.displayName) {
            let name = try container.decode(String?.self, forKey: .displayName)
            guard name.map({ isScreenName($0) }) ?? true else {
                throw DecodingError.dataCorruptedError(
                    forKey: .displayName,
                    in: container,
                    debugDescription: "a name has 1 to 64 characters and no control characters"
                )
            }
            correction.displayName = .some(name)
        }
        if container.contains(.profile) {
            correction.fields = try container.decode([String: String?].self, forKey: .profile)
        }
        guard correction.fields.count <= ParticipantProfile.maximumFields,
            correction.fields.allSatisfy({ name, text in
                ParticipantProfile.isFieldName(name) && (text.map { isProfileText($0) } ?? true)
            })
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .profile,
                in: container,
                debugDescription:
                    "has at most \(ParticipantProfile.maximumFields) fields with names of a-z 0-9 _ and texts of 1 to "
                    + "\(ParticipantProfile.longestField) characters without control characters"
            )
        }
        self.correction = correction
    }
}

/// As a screen name, and longer.
private func isProfileText(_ text: String) -> Bool {
    (1...ParticipantProfile.longestField).contains(text.count)
        && text.utf8.count <= ParticipantProfile.longestField * 4 && isPlainText(text)
}
