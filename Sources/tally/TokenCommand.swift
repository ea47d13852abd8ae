import ArgumentParser
import Disclosures
import Foundation
import Primitives
import RelayHTTP
import RoomControl

/// `tally token`: mints tokens with the relay's own secret, on the relay's machine.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Mint an access token with the relay's secret.",
        subcommands: [Publish.self, View.self, Guardian.self, Operator.self]
    )

    /// Where the secret is and how long the token lasts.
    struct Common: ParsableArguments {
        @Option(name: .long, help: "The relay's configuration file (YAML).")
        var config: String?

        @Option(name: .long, help: "Hours until the token expires; default tokens.lifetimeHours.")
        var hours: Int?

        func mint(_ access: AccessToken) async throws {
            let configuration = try TallyConfiguration.load(file: config)
            let authority = await TokenAuthority(
                secret: try TokenSecret.loadOrCreate(path: configuration.tokens.secretFile) { path in
                    LedgerCommand.complain(
                        "note: there was no secret yet, and a new one was made at \(path). A relay with another "
                            + "secret takes no token of it: name that relay's configuration with --config."
                    )
                }
            )
            let token = try await authority.mint(
                access,
                lifetimeSeconds: (hours ?? configuration.tokens.lifetimeHours) * 3_600
            )
            print(token.text)
        }
    }

    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A token for one participant: publish, see who receives, decide consents.",
            discussion: """
                Participants' identifiers are the relay's, not a room's: the same identifier in two rooms is the \
                same person, who from either can read, take back and erase what the relay has of them in both.
                """
        )

        @OptionGroup var common: Common
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "The participant's opaque identifier.") var participant: String
        @Option(name: .long, help: "The screen name that permitted audiences see.") var name: String?
        @Flag(name: .long, help: "Let its session take over from a live one.") var replace = false
        @Option(
            name: .long,
            help: """
                A grant that the token carries, for encoders without a page: live_room, live_embed:PARTNER, \
                recording:RECORDER or rebroadcast:DESTINATION. Repeatable.
                """
        )
        var grant: [String] = []
        @Option(
            name: .long,
            help: "The notice that the person was shown before granting, as ID:VERSION:SHA256."
        )
        var notice: String?
        @Option(
            name: .long,
            help: "What proves the grants outside of the relay: a form's number, a contract."
        )
        var evidence: String?

        func run() async throws {
            let reference = try notice.map(TokenCommand.notice)
            if let evidence, !ConsentTerms.isFileNumber(evidence) {
                throw ValidationError(
                    "evidence is a file number of 1 to 64 characters of a-z A-Z 0-9 space . / : _ -"
                )
            }
            try await common.mint(
                .publish(
                    PublishToken(
                        room: try TokenCommand.room(room),
                        participant: try TokenCommand.participant(participant),
                        name: name ?? participant,
                        replace: replace,
                        grants: try grant.map { text in
                            CarriedGrant(
                                try TokenCommand.audience(text),
                                notice: reference,
                                evidence: evidence
                            )
                        }
                    )
                )
            )
        }
    }

    struct View: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A token to view one room as one audience.")

        @OptionGroup var common: Common
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "The audience: live_room, or live_embed:PARTNER.") var audience =
            "live_room"
        @Option(name: .long, help: "Where the viewer is (ISO 3166, for example DE or US-CA).")
        var region: String?

        func run() async throws {
            try await common.mint(
                .view(
                    ViewToken(
                        room: try TokenCommand.room(room),
                        audience: try TokenCommand.audience(audience),
                        region: try region.map(TokenCommand.region)
                    )
                )
            )
        }
    }

    struct Guardian: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A token for who answers for a child: decide the child's consents in one room."
        )

        @OptionGroup var common: Common
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "The child's opaque identifier.") var participant: String
        @Option(name: .long, help: "The guardian, as the child's status names them.") var guardian: String

        func run() async throws {
            try await common.mint(
                .guardian(
                    GuardianToken(
                        room: try TokenCommand.room(room),
                        participant: try TokenCommand.participant(participant),
                        guardian: guardian
                    )
                )
            )
        }
    }

    struct Operator: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A token for the operator: mint tokens, list rooms, revoke consents."
        )

        @OptionGroup var common: Common
        @Option(name: .long, help: "Who runs the relay, for its records.") var name = "operator"
        @Option(
            name: .long,
            help:
                "In what role they look at personal data: \(OperatorRole.allCases.map(\.rawValue).joined(separator: ", "))."
        )
        var role = OperatorRole.operator.rawValue

        func run() async throws {
            guard let role = OperatorRole(rawValue: role) else {
                throw ValidationError(
                    "--role: '\(role)' is none of \(OperatorRole.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            try await common.mint(.relayOperator(OperatorToken(name: name, role: role)))
        }
    }

    private static let nameRule =
        "has 1 to 64 characters of a-z A-Z 0-9 - _ . and starts with a letter or digit"

    private static func room(_ text: String) throws -> RoomName {
        guard let room = RoomName(text) else {
            throw ValidationError("--room: '\(text)': a room \(nameRule)")
        }
        return room
    }

    private static func participant(_ text: String) throws -> ParticipantID {
        guard let participant = ParticipantID(text) else {
            throw ValidationError("--participant: '\(text)': a participant \(nameRule)")
        }
        return participant
    }

    private static func region(_ text: String) throws -> Region {
        guard let region = Region(text) else {
            throw ValidationError("--region: '\(text)': an ISO 3166 code such as DE or US-CA, EU or EEA")
        }
        return region
    }

    private static func notice(_ text: String) throws -> NoticeReference {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts.contains(""), parts[2].count == 64,
            parts[2].allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else {
            throw ValidationError("--notice: '\(text)' is not of the form ID:VERSION:SHA256")
        }
        return NoticeReference(id: parts[0], version: parts[1], sha256: parts[2])
    }

    private static func audience(_ text: String) throws -> Audience {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let purpose = parts.first.flatMap(Purpose.init(rawValue:)),
            let audience = Audience(purpose: purpose, recipient: parts.count == 2 ? parts[1] : nil)
        else {
            throw ValidationError(
                "'\(text)' is no audience: live_room, live_embed:PARTNER, recording:RECORDER, rebroadcast:DESTINATION"
            )
        }
        return audience
    }
}
