import Hummingbird
import RoomControl

extension RelayRoutes {
    /// The description of the API, for everybody.
    func registerDocument(on endpoints: Endpoints) {
        endpoints.add("/v1/openapi.json", [.get: { request, _ in Self.describe(to: request) }])
    }

    private static func describe(to request: Request) -> Response {
        let document = APIDocument.served
        var headers: HTTPFields = [.cacheControl: "no-cache", .eTag: document.entityTag]
        if request.headers[.ifNoneMatch] == document.entityTag {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = document.contentType
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: document.bytes))
        )
    }
}
