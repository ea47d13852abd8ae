extension ReceiptPurpose {
    /// What the person agreed to or not, in plain words.
    package var words: String {
        switch self {
        case .liveRoom: "live transmission to the viewers of the room"
        case .liveEmbed: "live transmission on another site"
        case .recording: "recording"
        case .replayRoom: "replay of a recording in the room"
        case .rebroadcast: "live re-broadcast by another server"
        case .download: "download of a recording"
        case .transcription: "transcription of what is said"
        case .analysis: "analysis of what is said and shown"
        case .aggregate: "statistics over many participants"
        case .identify: "telling who the participant is"
        }
    }
}

extension ReceiptState {
    /// The state in plain words.
    package var words: String {
        switch self {
        case .given: "given"
        case .renewed: "renewed"
        case .unknown: "unknown"
        case .requested: "asked for, not answered"
        case .requestDeferred: "asked for, put off"
        case .refused: "refused"
        case .withdrawn: "withdrawn by the person"
        case .revoked: "revoked by someone else"
        case .expired: "expired"
        case .invalidated: "made invalid"
        }
    }
}

extension ReceiptMethod {
    /// How it came about, in plain words.
    package var words: String {
        switch self {
        case .page: "on the room's page"
        case .api: "through the relay's interface"
        case .token: "with a publish token"
        case .guardian: "by a guardian"
        case .recordPreference: "by the preference in the connection's offer (a=recordpref)"
        case .globalPrivacyControl: "by the browser's privacy signal (Sec-GPC)"
        }
    }
}

extension ReceiptRecipientClass {
    /// Who receives, in plain words.
    package var words: String {
        switch self {
        case .roomViewer: "viewers of the room"
        case .embedPartner: "embedding partner"
        case .recorder: "recorder"
        case .replayViewer: "viewers of the replay"
        case .restreamDestination: "re-broadcaster"
        case .serviceProvider: "service provider"
        case .relayOperator: "operator of the relay"
        case .authority: "authority"
        }
    }
}

extension ReceiptData {
    /// What is covered, in plain words.
    package var words: String {
        switch self {
        case .audio: "audio"
        case .video: "video"
        case .screen: "shared screen"
        case .chat: "chat"
        case .displayName: "screen name"
        }
    }
}

extension ReceiptValidity {
    /// When it holds, in plain words.
    package var words: String {
        switch (from, until) {
        case (nil, nil): "until it is withdrawn"
        case (let from?, nil): "from \(from.text) until it is withdrawn"
        case (nil, let until?): "until \(until.text)"
        case (let from?, let until?): "from \(from.text) until \(until.text)"
        }
    }
}

extension ConsentReceipt.Recipient {
    /// The class in plain words and the one that is meant.
    package var words: String { id.map { "\(recipientClass.words) \($0)" } ?? recipientClass.words }
}

extension ConsentReceipt {
    /// What the receipt says, a line for each thing: who, what, to whom, since when, under which notice.
    package var plainLines: [String] {
        var lines = [
            "Receipt:    \(receiptID) of record \(recordID)", "Who:        participant \(principalID)",
        ]
        for event in events {
            let actor = event.entityID == principalID ? "the participant" : event.entityID
            lines += [
                "State:      \(event.state.words) (\(event.state.rawValue)), event \(event.sequence)",
                "When:       \(event.time.text), by \(actor), \(event.method.words)",
                "Validity:   \(event.validity.words)",
            ]
        }
        for grant in grants { lines += Self.lines(grant) }
        lines.append(
            "Controller: \(controller.name) (\(controller.id)), \(controller.contact ?? "no contact given")"
        )
        if let checkpoint {
            lines.append(
                "Logged:     ledger \(checkpoint.origin), size \(checkpoint.size), root \(checkpoint.root)"
            )
        }
        return lines
    }

    private static func lines(_ grant: Grant) -> [String] {
        let scope = [
            "room \(grant.scope.room)", grant.scope.session.map { "session \($0)" },
            grant.scope.stream.map { "stream \($0)" },
        ]
        let isKept = grant.retentionPeriod != "PT0S"
        let places =
            grant.storageLocations.isEmpty
            ? (isKept ? "places that are not stated" : "nowhere")
            : grant.storageLocations.joined(separator: ", ")
        let notice =
            grant.notice.map { "\($0.id) version \($0.version), sha256 \($0.sha256)" } ?? "none was shown"
        return [
            "Purpose:    \(grant.purpose.words) (\(grant.purpose.rawValue))",
            "Recipient:  \(grant.recipient.words)",
            "Covers:     \(grant.data.map(\.words).joined(separator: ", ")); "
                + scope.compactMap(\.self).joined(separator: ", "),
            "Notice:     \(notice)",
            "Kept:       \(grant.retentionPeriod ?? "as long as was agreed"), stored in: \(places)",
            "Withdraw:   \(grant.withdrawalMethod)",
        ]
    }
}
