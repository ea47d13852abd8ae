import ICELite
import Primitives

/// The credentials of RFC 5769's vectors, so that its requests authenticate.
private let local = ICECredentials(ufrag: "evtj", password: "VOkJxbRl1RmTxUk/WvJxBt")
private let remoteUfrag = "h6vY"
private let peer = SocketAddress(ipv4: 0xC000_0201, port: 32_853)
private let relay = SocketAddress(ipv4: 0xCB00_7105, port: 7_000)
private let now = MonotonicTime(nanoseconds: 1_000_000_000)

/// A STUN datagram, to both ends of ICE: as it is, and with its attributes in a message that authenticates.
@discardableResult
package func fuzzSTUN(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let message = try checkMessage(bytes)
    try deliver(bytes)
    let attributes = attributes(of: bytes)
    try deliver(sealed(attributes, .request, STUNTransactionID(high: 1, low: 2)))
    try answerOurCheck(bytes, attributes)
    return message
}

private func checkMessage(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let span = bytes.span.bytes
    guard let message = STUNMessage(span) else { return false }
    // RFC 7983 leaves first bytes from 4 on to others; no binding message has one.
    try demand(STUNMessage.isLikely(span) || message.method != 1, "a binding message looks like STUN")
    for range in [message.username, message.software].compactMap(\.self) {
        try demand(range.lowerBound >= 20 && range.upperBound <= bytes.count, "a value lies in the datagram")
    }
    for offset in [message.messageIntegrityOffset, message.fingerprintOffset].compactMap(\.self) {
        try demand(offset >= 20 && offset + 8 <= bytes.count, "an attribute lies in the datagram")
    }
    if let code = message.errorCode { try demand((300...699).contains(code), "an error code is 300 to 699") }
    _ = message.hasValidFingerprint(in: span)
    _ = message.hasValidIntegrity(in: span, password: local.password.utf8)
    if let range = message.username, message.messageClass == .request, message.method == 1 {
        let username = span.bytes(range)
        let colon = username.firstIndex(of: UInt8(ascii: ":"))
        let expected = colon.flatMap { $0 > 0 ? Array(username[..<$0]) : nil }
        let found = STUNMessage.localUfrag(of: span)?.withUnsafeBytes { Array($0) }
        try demand(found == expected, "our fragment is what stands before the colon of the username")
    }
    return true
}

/// Puts a datagram through the lite agent: an answer exactly if it is no drop, and a well-formed one.
private func deliver(_ bytes: [UInt8]) throws(BrokenInvariant) {
    var agent = ICELiteAgent(local: local, remoteUfrag: remoteUfrag)
    var response: [UInt8] = [1]
    let outcome = agent.receive(bytes.span.bytes, from: peer, to: relay, now: now, response: &response)
    agent.checkInvariants()
    if case .drop = outcome {
        try demand(response.isEmpty, "a drop has no answer")
        try demand(agent.validatedPairCount == 0 && agent.selected == nil, "a drop changes nothing")
        return
    }
    let span = response.span.bytes
    let answer = try demandValue(STUNMessage(span), "an answer is a STUN message")
    let request = try demandValue(STUNMessage(bytes.span.bytes), "what is answered is a STUN message")
    try demand(answer.transactionID == request.transactionID, "an answer has the request's transaction")
    try demand(answer.hasValidFingerprint(in: span), "an answer has a fingerprint")
    try demand(
        answer.hasValidIntegrity(in: span, password: local.password.utf8),
        "an answer authenticates"
    )
    if case .respond = outcome {
        try demand(answer.xorMappedAddress == peer, "a success tells the peer its address")
        try demand(agent.isValidated(remote: peer, local: relay, now: now), "a success validates the path")
        try demand(
            request.hasValidIntegrity(in: bytes.span.bytes, password: local.password.utf8),
            "only who knows the password validates a path"
        )
    }
}

/// Answers a check of the checking client with `bytes`, and with their attributes under the right password.
private func answerOurCheck(_ bytes: [UInt8], _ attributes: [Attribute]) throws(BrokenInvariant) {
    var random = SeededRandom(seed: 1)
    var client = ICECheckingClient(
        localUfrag: remoteUfrag,
        remote: local,
        candidates: [relay],
        tieBreaker: 7,
        now: now
    )
    let check = try demandValue(client.poll(now: now, random: &random), "a first check is due at once")
    let sent = try demandValue(STUNMessage(check.bytes.span.bytes), "a check is a STUN message")
    let unsigned = client.receive(bytes.span.bytes, from: relay, now: now)
    try demand(unsigned == .ignored, "an answer to another transaction is ignored")
    for messageClass in [STUNMessage.Class.error, .success] {
        let answer = sealed(attributes, messageClass, sent.transactionID)
        var copy = client
        switch copy.receive(answer.span.bytes, from: relay, now: now) {
        case .ignored:
            continue
        case .refused(let code):
            try demand(messageClass == .error, "only an error refuses")
            try demand(code == 0 || (300...699).contains(code), "a refusal has an error's code")
        case .answered(_, let changed):
            try demand(messageClass == .success && changed, "the first success selects its path")
            try demand(copy.selected == relay && copy.isLive(now: now), "what was selected is live")
        }
    }
}

private struct Attribute {
    var type: UInt16
    var value: [UInt8]
}

/// What can be read as attributes behind the header, up to integrity; a message of its own is made of them.
private func attributes(of bytes: [UInt8]) -> [Attribute] {
    var reader = ByteReader(bytes.span.bytes)
    var found: [Attribute] = []
    guard reader.skip(20) else { return [] }
    while found.count < 40, let type = reader.readUInt16(), let length = reader.readUInt16(),
        type != STUNAttribute.messageIntegrity, type != STUNAttribute.fingerprint,
        let value = reader.readBytes(min(Int(length), reader.remaining, 1024))
    {
        found.append(Attribute(type: type, value: value))
        guard reader.skip(min((4 - Int(length) % 4) % 4, reader.remaining)) else { break }
    }
    return found
}

private func sealed(
    _ attributes: [Attribute],
    _ messageClass: STUNMessage.Class,
    _ transactionID: STUNTransactionID
) -> [UInt8] {
    var writer = STUNWriter(messageClass, transactionID: transactionID)
    if messageClass == .request, !attributes.contains(where: { $0.type == STUNAttribute.username }) {
        writer.addUsername(Array("\(local.ufrag):\(remoteUfrag)".utf8))
    }
    for attribute in attributes { writer.addAttribute(attribute.type, attribute.value) }
    writer.addMessageIntegrity(password: local.password.utf8)
    writer.addFingerprint()
    return writer.bytes
}
