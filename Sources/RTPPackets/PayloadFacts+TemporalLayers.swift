extension PayloadFacts {
    /// The highest temporal layer to forward from this frame on, for a viewer who gets layers up to `current`
    /// and may get them up to `target`.
    ///
    /// Going down is possible at every frame. Going up waits for a frame that says that nothing left out
    /// is needed: of VP8 the layer sync bit of the higher layer's own frame (RFC 7741 4.2); of VP9 and AV1 a
    /// switching point that is forwarded anyway, after which all higher layers can follow (RFC 9628 4.2, AV1
    /// RTP A.8). VP9 encoders also set it on a higher layer's frame that refers to lower layers only.
    package func joinableTemporalLayer(current: UInt8, target: UInt8, codec: MediaCodec) -> UInt8 {
        if target <= current || startsKeyframe { return target }
        guard isSwitchingPoint, temporalLayer <= target else { return current }
        if temporalLayer > current {
            return codec == .av1 ? current : temporalLayer
        }
        return codec == .vp8 ? current : target
    }
}
