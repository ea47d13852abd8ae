/// What one way of sending costs.
package struct FloorResult: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable {
        /// The load as the relay got it.
        case load
        /// The same with each picture at once, which no relay can count on.
        case wholePictures = "whole_pictures"
        /// Ten packets a message and eight messages a call without a pause, which says how fast the machine is.
        case fixed
    }

    package var mode: String
    package var kind: Kind
    package var packets: Int
    /// CPU of the sending thread a packet, the kernel's part included.
    package var nanosecondsOfPacket: Double
    /// Of the packets sent, the share that arrived.
    package var received: Double
    /// From a picture's arrival to the kernel's receipt of its last packet for a viewer.
    package var latencyVideo: Distribution?
    /// The same of sound.
    package var latencyAudio: Distribution?
}
