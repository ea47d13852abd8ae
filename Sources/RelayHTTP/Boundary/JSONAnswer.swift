import Foundation
import Hummingbird
import NIOCore

/// An answer in JSON as a value, so that it can be kept and sent again.
struct JSONAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer

    /// Sorted keys, so that equal answers are equal bytes; not to be cached.
    init(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        type: String = "application/json",
        headers: HTTPFields = [:]
    ) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only values without floating-point numbers are encoded here, which cannot fail.
        let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
        self.status = status
        self.headers = headers
        self.headers[.contentType] = type
        self.headers[.cacheControl] = "no-store"
        body = ByteBuffer(bytes: data)
    }

    var response: Response {
        Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}

extension Response {
    /// An answer in JSON that is not to be cached.
    static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        JSONAnswer(value, status: status, headers: headers).response
    }
}
