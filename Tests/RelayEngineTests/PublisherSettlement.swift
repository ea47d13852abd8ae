import MediaRings
import RTPPackets
import RelayEngine

/// The answer to a synthetic publisher's offer, in the engine's terms.
struct PublisherSettlement {
    let publisher: SimulatedPublisher

    var parameters: PublisherParameters {
        let habits = publisher.habits
        let video = IngestParameters(
            ring: publisher.video,
            ssrcs: habits.announcesSSRCs ? [publisher.videoSSRC] : [],
            rtxSSRCs: habits.announcesSSRCs && habits.usesRTX ? [publisher.rtxSSRC] : [],
            mid: Array("0".utf8),
            codecs: [SimulatedPublisher.videoType: .vp8],
            rtxTypes: habits.usesRTX ? [SimulatedPublisher.rtxType: SimulatedPublisher.videoType] : [:],
            sendsNACK: true,
            sendsPLI: true,
            sendsFIR: true
        )
        let audio = IngestParameters(
            ring: publisher.audio,
            ssrcs: habits.announcesSSRCs ? [publisher.audioSSRC] : [],
            rtxSSRCs: [],
            mid: Array("1".utf8),
            codecs: [SimulatedPublisher.audioType: .opus],
            rtxTypes: [:],
            sendsNACK: false,
            sendsPLI: false,
            sendsFIR: false
        )
        return PublisherParameters(
            tracks: [video, audio],
            midExtension: 0,
            audioLevelExtension: 0,
            orientationExtension: 0,
            dependencyDescriptorExtension: 0,
            transportSequenceExtension: 0,
            consentExtension: habits.announcesConsentState ? SimulatedClient.consentExtension : 0,
            requiresConsentState: habits.announcesConsentState,
            sendsREMB: true,
            sendsTransportFeedback: false,
            maximumBitsPerSecond: 4_000_000
        )
    }
}
