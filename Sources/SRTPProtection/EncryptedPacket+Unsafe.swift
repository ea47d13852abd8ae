/// An RTP packet whose header and ciphertext stand where it was protected.
///
/// Its tag stands there too, or is `PendingTags`' to write: without that no receiver takes it.
package struct EncryptedPacket {
    /// What may not be sent.
    package static var nothing: EncryptedPacket { EncryptedPacket(length: 0, hashStates: nil) }

    /// Bytes, those of the tag included; 0 if nothing may be sent.
    package let length: Int
    /// The SHA-1 states behind the inner and the outer padded key, if the tag does not stand yet.
    ///
    /// They are the protection's own, and hold as long as it does.
    package let hashStates: UnsafeRawPointer?
}
