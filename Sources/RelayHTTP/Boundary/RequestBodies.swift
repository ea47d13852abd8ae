import ConsentReceipts
import Foundation
import Hummingbird
import NIOCore
import RoomControl

/// Reads request bodies within a size and a time, and refuses what is not of the type asked for.
struct RequestBodies: Sendable {
    /// Bytes; more gets 413.
    let maximumBytes: Int

    /// A session description or fragment as text.
    ///
    /// 415 for another content type, 413 and 400 as they apply.
    func text(of request: Request, type: String) async throws -> String {
        try requireType(type, of: request)
        let buffer = try await collect(request)
        guard buffer.readableBytes > 0 else {
            throw RelayProblem("empty-body", status: 400, detail: "the request has no body; expected \(type)")
        }
        guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
            throw RelayProblem("malformed-text", status: 400, detail: "the body is not UTF-8 text")
        }
        return text
    }

    /// A JSON body.
    ///
    /// Unknown content types get 415, an empty body 400, malformed JSON 400 with the place.
    func json<Value: Decodable>(of request: Request, as type: Value.Type) async throws -> Value {
        try json(in: try await collect(request), of: request, as: type)
    }

    /// As `json`, but `nil` for a request without a body.
    func jsonIfPresent<Value: Decodable>(of request: Request, as type: Value.Type) async throws -> Value? {
        let buffer = try await collect(request)
        guard buffer.readableBytes > 0 else { return nil }
        return try json(in: buffer, of: request, as: type)
    }

    /// A JSON body that was collected before; as `json(of:as:)`.
    func json<Value: Decodable>(
        in body: ByteBuffer,
        of request: Request,
        as type: Value.Type
    ) throws -> Value {
        guard body.readableBytes > 0 else {
            throw RelayProblem(
                "empty-body",
                status: 400,
                detail: "the request has no body; expected application/json"
            )
        }
        try requireType("application/json", of: request)
        let isList = Value.self is any Collection.Type
        let first = body.readableBytesView.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            throw RelayProblem(
                "malformed-json",
                status: 400,
                detail: "the body is to be JSON in UTF-8, \(isList ? "an array: [ … ]" : "an object: { … }")"
            )
        }
        do {
            let value = try JSONDecoder().decode(Value.self, from: Data(body.readableBytesView))
            // The decoder takes one of two members of the same name, and who sent them may have meant the other.
            if let fault = UnambiguousJSON.fault(in: Array(body.readableBytesView)) {
                throw RelayProblem("malformed-json", status: 400, detail: "the body: \(fault)")
            }
            return value
        } catch let problem as RelayProblem {
            throw problem
        } catch let error as DecodingError {
            throw RelayProblem("malformed-json", status: 400, detail: error.explanation)
        } catch {
            throw RelayProblem("malformed-json", status: 400, detail: "the body is not JSON")
        }
    }

    private func requireType(_ type: String, of request: Request) throws {
        let field = request.headers[.contentType] ?? ""
        let essence = field.prefix(while: { $0 != ";" }).trimmingCharacters(in: .whitespaces).lowercased()
        guard essence == type else {
            throw RefusedRequest(
                problem: RelayProblem(
                    "unsupported-media-type",
                    status: 415,
                    detail: "this takes the content type \(type)"
                        + (field.isEmpty ? ", and the request names none" : "")
                ),
                headers: request.method == .patch ? [.acceptPatch: type] : [.acceptPost: type]
            )
        }
    }

    /// The body within its limit; 413 for more.
    func collect(_ request: Request) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maximumBytes {
            throw tooLarge
        }
        do {
            return try await request.body.collect(upTo: maximumBytes)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private var tooLarge: RelayProblem {
        RelayProblem("body-too-large", status: 413, detail: "the body is larger than \(maximumBytes) bytes")
    }
}

extension DecodingError {
    /// What was wrong and where in the document, for the client that sent it.
    var explanation: String {
        switch self {
        case .keyNotFound(let key, let context):
            return "\(Self.place(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(Self.place(context.codingPath)): \(context.debugDescription)"
        case .dataCorrupted(let context):
            // The parser's own words carry line and column.
            let reason = context.underlyingError.map { error in
                ((error as NSError).userInfo["NSDebugDescription"] as? String) ?? "\(error)"
            }
            return "\(Self.place(context.codingPath)): \(reason ?? context.debugDescription)"
        @unknown default:
            return "the body is not JSON of the form expected"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        guard !path.isEmpty else { return "the body" }
        return path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue.prefix(64)
            }
        }
    }
}

/// Refuses members that a type does not know: a misspelt limit must not read as no limit.
func refuseUnknownMembers(of decoder: any Decoder, known: [String]) throws {
    struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            nil
        }
    }
    let container = try decoder.container(keyedBy: AnyKey.self)
    if let stranger = container.allKeys.first(where: { !known.contains($0.stringValue) }) {
        throw DecodingError.dataCorrupted(
            .init(
                codingPath: decoder.codingPath + [stranger],
                debugDescription: "unknown member; known are \(known.joined(separator: ", "))"
            )
        )
    }
}
