import Disclosures
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import Rooms

/// One track that a publisher's answer settled.
package struct IngestParameters: Sendable {
    package var ring: MediaRing
    /// SSRCs the offer announced; empty if it announced none.
    package var ssrcs: [UInt32]
    package var rtxSSRCs: [UInt32]
    package var mid: [UInt8]
    /// Codec per payload type.
    package var codecs: [UInt8: MediaCodec]
    /// Payload type of the repaired stream per RTX payload type.
    package var rtxTypes: [UInt8: UInt8]
    package var sendsNACK: Bool
    package var sendsPLI: Bool
    package var sendsFIR: Bool

    package init(
        ring: MediaRing,
        ssrcs: [UInt32],
        rtxSSRCs: [UInt32],
        mid: [UInt8],
        codecs: [UInt8: MediaCodec],
        rtxTypes: [UInt8: UInt8],
        sendsNACK: Bool,
        sendsPLI: Bool,
        sendsFIR: Bool
    ) {
        self.ring = ring
        self.ssrcs = ssrcs
        self.rtxSSRCs = rtxSSRCs
        self.mid = mid
        self.codecs = codecs
        self.rtxTypes = rtxTypes
        self.sendsNACK = sendsNACK
        self.sendsPLI = sendsPLI
        self.sendsFIR = sendsFIR
    }
}

/// What a publisher's answer settled for all of its tracks.
package struct PublisherParameters: Sendable {
    package var tracks: [IngestParameters]
    /// Header extension ids of the offer; 0 where not negotiated.
    package var midExtension: UInt8
    package var audioLevelExtension: UInt8
    package var orientationExtension: UInt8
    package var dependencyDescriptorExtension: UInt8
    package var transportSequenceExtension: UInt8
    /// Of the consent state that another relay carries along; 0 where not negotiated.
    package var consentExtension: UInt8
    /// Whether media without a consent state is refused: the offer announced it.
    package var requiresConsentState: Bool
    package var sendsREMB: Bool
    package var sendsTransportFeedback: Bool
    /// The most a publisher may send, in bits per second; REMB says so, and the relay drops what is beyond.
    package var maximumBitsPerSecond: Int64

    package init(
        tracks: [IngestParameters],
        midExtension: UInt8,
        audioLevelExtension: UInt8,
        orientationExtension: UInt8,
        dependencyDescriptorExtension: UInt8,
        transportSequenceExtension: UInt8,
        consentExtension: UInt8 = 0,
        requiresConsentState: Bool = false,
        sendsREMB: Bool,
        sendsTransportFeedback: Bool,
        maximumBitsPerSecond: Int64
    ) {
        self.tracks = tracks
        self.midExtension = midExtension
        self.audioLevelExtension = audioLevelExtension
        self.orientationExtension = orientationExtension
        self.dependencyDescriptorExtension = dependencyDescriptorExtension
        self.transportSequenceExtension = transportSequenceExtension
        self.consentExtension = consentExtension
        self.requiresConsentState = requiresConsentState
        self.sendsREMB = sendsREMB
        self.sendsTransportFeedback = sendsTransportFeedback
        self.maximumBitsPerSecond = maximumBitsPerSecond
    }
}

/// A peer's part in the room.
package enum PeerPart: Sendable {
    case publisher(PublisherParameters)
    /// The accepted m-lines of the answer, in order; `mediaIndex` counts these.
    case viewer([MediaLineParameters])
}

/// What the control plane asks of one engine; carried by a bounded queue, applied between batches.
package enum EngineCommand: Sendable {
    case addPeer(PeerID, PeerTransportParameters, PeerPart)
    case removePeer(PeerID)
    case restartICE(PeerID, local: ICECredentials, remoteUfrag: String)
    /// Every loop that may have viewers of the track learns of it.
    case addTrack(MediaRing)
    case removeTrack(TrackID)
    case subscribe(PeerID, mediaIndex: Int, TrackID, DisclosureGate, PayloadTypeTable)
    case unsubscribe(PeerID, mediaIndex: Int)
    /// The ledger holds the interval of this opening: the line may carry its media.
    case admit(PeerID, mediaIndex: Int, LineAdmission)
    case setSlates([SlateFrames])
    /// What the packets of a line say from now on that the receiving server may do with them.
    case carry(PeerID, mediaIndex: Int, CarriedConsent)
    /// The gates follow what `EngineEvent.carried` told under this number.
    case carriedApplied(PeerID, TrackID, number: UInt64)
    /// From another loop: it owns the peer on this path, though the kernel delivers to us.
    case announcePath(ICEPair, owner: Int)
}

/// What an engine tells the control plane.
package enum EngineEvent: Sendable {
    /// A path was nominated and the handshake is done: media can flow. Milliseconds since the peer was added.
    case connected(PeerID, iceMilliseconds: Int64, dtlsMilliseconds: Int64)
    case ended(PeerID, TransportEnd)
    /// A line's state, and whether temporal layers are left out of it.
    case line(PeerID, mediaIndex: Int, MediaLine.State, isThinned: Bool)
    /// The first packet of a publisher's track arrived, or the first after its good-bye.
    case trackStarted(PeerID, TrackID, MediaCodec)
    /// The source of a publisher's track said good-bye (RTCP BYE).
    case trackStopped(PeerID, TrackID)
    /// Another relay says what may be done with a publisher's track; answer with `carriedApplied` once the gates
    /// follow it. Told again each second while packets wait for that.
    case carried(PeerID, TrackID, CarriedConsent, number: UInt64)
    /// What has left on lines, by their accounts: every few seconds, and once when an account ends.
    case counted([AccountReport])
}
