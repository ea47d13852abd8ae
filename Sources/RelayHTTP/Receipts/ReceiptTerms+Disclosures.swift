import ConsentReceipts
import Disclosures

// The terms of receipts are what is published and stay what they are; the compiler says here when the law of the
// house has a new one.

extension ReceiptPurpose {
    init(_ purpose: Purpose) {
        self =
            switch purpose {
            case .liveRoom: .liveRoom
            case .liveEmbed: .liveEmbed
            case .recording: .recording
            case .replayRoom: .replayRoom
            case .rebroadcast: .rebroadcast
            case .download: .download
            case .transcription: .transcription
            case .analysis: .analysis
            case .aggregate: .aggregate
            case .identify: .identify
            }
    }
}

extension ReceiptRecipientClass {
    init(_ recipientClass: RecipientClass) {
        self =
            switch recipientClass {
            case .roomViewer: .roomViewer
            case .embedPartner: .embedPartner
            case .recorder: .recorder
            case .replayViewer: .replayViewer
            case .restreamDestination: .restreamDestination
            case .serviceProvider: .serviceProvider
            case .operator: .relayOperator
            case .authority: .authority
            }
    }
}

extension ReceiptData {
    init(_ media: MediaType) {
        self =
            switch media {
            case .audio: .audio
            case .video: .video
            case .screen: .screen
            case .chat: .chat
            case .displayName: .displayName
            }
    }
}

extension ReceiptState {
    init(_ state: ConsentState) {
        self =
            switch state {
            case .given: .given
            case .renewed: .renewed
            case .unknown: .unknown
            case .requested: .requested
            case .requestDeferred: .requestDeferred
            case .refused: .refused
            case .withdrawn: .withdrawn
            case .revoked: .revoked
            case .expired: .expired
            case .invalidated: .invalidated
            }
    }
}

extension ReceiptMethod {
    init(_ source: ConsentSource) {
        self =
            switch source {
            case .page: .page
            case .api: .api
            case .token: .token
            case .guardian: .guardian
            case .recordPreference: .recordPreference
            case .globalPrivacyControl: .globalPrivacyControl
            }
    }
}
