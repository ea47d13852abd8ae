import Disclosures
import Foundation
import LedgerStore
import Primitives

/// The JSON of what the ledger tells of people.
enum RightsJSON {
    private struct DisclosureList: Encodable {
        var participant: String
        var disclosures: [Disclosure]
        var operatorReads: [OperatorRead]
    }

    private struct Notice: Encodable {
        var id: String
        var version: String
        var sha256: String
    }

    private struct Disclosure: Encodable {
        var interval: String
        var outcome: String
        var reason: String?
        var room: String
        var stream: String
        var purpose: String
        var recipientClass: String
        var recipient: String?
        var session: String
        var media: [String]
        var from: String
        var until: String
        var packets: UInt64
        var bytes: UInt64
        var basis: String?
        var grant: UInt64?
        var notice: Notice?
    }

    private struct OperatorRead: Encodable {
        var time: String
        var role: String
        var scope: String
        var reason: String?
        var leaf: UInt64
    }

    private struct Erasure: Encodable {
        var state: String
        var requestedAt: String
        var requestedBy: String
        var heldIn: [String]?
        var certificate: ErasureCertificate?
    }

    private struct Breach: Encodable {
        struct Line: Encodable {
            var participant: String?
            var room: String
            var purpose: String
            var recipientClass: String
            var recipient: String?
            var media: [String]
            var intervals: Int
            var sessions: Int
            var from: String
            var until: String
            var packets: UInt64
            var bytes: UInt64
        }

        var affected: [Line]
    }

    private struct Statistics: Encodable {
        struct Line: Encodable {
            var purpose: String
            var recipientClass: String
            var participants: Int
            var intervals: Int
            var packets: UInt64
            var bytes: UInt64
            var seconds: UInt64
        }

        var period: String
        var from: String
        var until: String
        var threshold: Int
        var lines: [Line]
    }

    static func text(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    static func disclosures(_ page: DisclosureAccounting, _ reads: [OperatorReadAccount]) -> String {
        text(
            DisclosureList(
                participant: page.participant.text,
                disclosures: page.disclosures.map(disclosure),
                operatorReads: reads.map { read in
                    OperatorRead(
                        time: read.time.rfc3339,
                        role: read.role,
                        scope: read.scope,
                        reason: read.reason,
                        leaf: read.leaf
                    )
                }
            )
        )
    }

    private static func disclosure(_ account: DisclosureAccount) -> Disclosure {
        let interval = account.interval
        let (outcome, reason): (String, String?) =
            switch account.outcome {
            case .open: ("open", nil)
            case .closed: ("closed", nil)
            case .interrupted: ("interrupted", nil)
            case .refused(let reason): ("refused", reason.rawValue)
            }
        return Disclosure(
            interval: interval.id,
            outcome: outcome,
            reason: reason,
            room: interval.room.text,
            stream: interval.stream,
            purpose: interval.audience.purpose.rawValue,
            recipientClass: interval.audience.recipientClass.rawValue,
            recipient: interval.audience.recipient,
            session: interval.session,
            media: interval.media.sorted().map(\.rawValue),
            from: account.from.rfc3339,
            until: account.until.rfc3339,
            packets: account.packets,
            bytes: account.bytes,
            basis: interval.basis?.rawValue,
            grant: interval.grant,
            notice: interval.notice.map { notice in
                Notice(id: notice.id, version: notice.version, sha256: notice.sha256)
            }
        )
    }

    static func erasure(_ job: ErasureJob) -> ErasureAnswer {
        var document = Erasure(
            state: "pending",
            requestedAt: job.requestedAt.rfc3339,
            requestedBy: job.requester.rawValue
        )
        var isDone = false
        switch job.state {
        case .pending(let rooms): document.heldIn = rooms.map(\.text)
        case .done(let certificate):
            document.state = "done"
            document.certificate = certificate
            isDone = true
        }
        return ErasureAnswer(json: text(document), isDone: isDone)
    }

    static func breach(_ report: BreachReport) -> String {
        text(
            Breach(
                affected: report.lines.map { line in
                    Breach.Line(
                        participant: line.participant?.text,
                        room: line.room.text,
                        purpose: line.audience.purpose.rawValue,
                        recipientClass: line.audience.recipientClass.rawValue,
                        recipient: line.audience.recipient,
                        media: line.media.sorted().map(\.rawValue),
                        intervals: line.intervals,
                        sessions: line.sessions,
                        from: line.from.rfc3339,
                        until: line.until.rfc3339,
                        packets: line.packets,
                        bytes: line.bytes
                    )
                }
            )
        )
    }

    static func statistics(_ statistics: DisclosureStatistics, _ month: CalendarMonth) -> String {
        text(
            Statistics(
                period: month.text,
                from: month.span.lowerBound.rfc3339,
                until: month.span.upperBound.rfc3339,
                threshold: statistics.crowd,
                lines: statistics.lines.map { line in
                    Statistics.Line(
                        purpose: line.purpose.rawValue,
                        recipientClass: line.recipientClass.rawValue,
                        participants: line.participants,
                        intervals: line.intervals,
                        packets: line.packets,
                        bytes: line.bytes,
                        seconds: line.seconds
                    )
                }
            )
        )
    }
}
