/// Why a record does not permit a request, ordered by how close it came; the closest one is named.
enum Mismatch: Int, Comparable {
    case noRecord
    case purpose
    case recipient
    case scope
    case media
    case requested
    case deferred
    case expired
    case invalidated
    case controllerChanged
    case outdatedNotice
    case guardian
    case region

    static func < (left: Mismatch, right: Mismatch) -> Bool { left.rawValue < right.rawValue }

    var denyReason: DenyReason {
        switch self {
        case .noRecord: .noRecord
        case .purpose: .purpose
        case .recipient: .recipient
        case .scope: .scope
        case .media: .media
        case .requested: .requested
        case .deferred: .deferred
        case .expired: .expired
        case .invalidated: .invalidated
        case .controllerChanged: .controllerChanged
        case .outdatedNotice: .outdatedNotice
        case .guardian: .guardian
        case .region: .region
        }
    }
}
