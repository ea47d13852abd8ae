/// The notice that a participant was shown: which one, and the digest of its text.
package struct NoticeReference: Sendable, Hashable {
    package let id: String
    /// The version of the notice; empty in records that name none.
    package let version: String
    /// SHA-256 of the notice's text, in lowercase hexadecimal.
    package let sha256: String

    package init(id: String, version: String = "", sha256: String) {
        self.id = id
        self.version = version
        self.sha256 = sha256
    }
}

/// One version of a notice, in one language, put in force in a room.
package struct NoticeVersion: Sendable, Hashable {
    package enum Change: String, Sendable, Hashable, Codable, CaseIterable {
        /// The same in other words: grants under the earlier versions carry over.
        case editorial
        /// Something else happens to the data: grants under other texts are suspended until renewed.
        case material
    }

    package let id: String
    package let version: String
    /// Language of the text (BCP 47).
    package let language: String
    /// SHA-256 of the text, in lowercase hexadecimal.
    package let sha256: String
    /// Who decides about the data (`pii_controllers`).
    package let controller: String
    package let change: Change
    /// The purposes that the change touches.
    package let purposes: Set<Purpose>

    package init(
        id: String,
        version: String,
        language: String,
        sha256: String,
        controller: String,
        change: Change,
        purposes: Set<Purpose>
    ) {
        self.id = id
        self.version = version
        self.language = language
        self.sha256 = sha256
        self.controller = controller
        self.change = change
        self.purposes = purposes
    }

    /// How a grant names this version.
    package var reference: NoticeReference { NoticeReference(id: id, version: version, sha256: sha256) }

    /// The same publication for other purposes, or as another kind of change.
    package func touching(_ purposes: Set<Purpose>, change: Change? = nil) -> NoticeVersion {
        NoticeVersion(
            id: id,
            version: version,
            language: language,
            sha256: sha256,
            controller: controller,
            change: change ?? self.change,
            purposes: purposes
        )
    }
}
