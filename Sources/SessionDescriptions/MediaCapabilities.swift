/// What this side can do with media: the codecs, header extensions and feedback it accepts.
package struct MediaCapabilities: Sendable {
    package var codecs: Set<CodecName>
    /// `HeaderExtensionURI`s.
    package var extensions: Set<String>
    package var feedback: FeedbackMechanisms

    /// Everything the relay knows, unless told otherwise.
    package init(
        codecs: Set<CodecName> = Set(CodecName.allCases),
        extensions: Set<String> = Set(HeaderExtensionURI.all),
        feedback: FeedbackMechanisms = .all
    ) {
        self.codecs = codecs
        self.extensions = extensions
        self.feedback = feedback
    }
}
