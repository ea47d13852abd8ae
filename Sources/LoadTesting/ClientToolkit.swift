import DTLSHandshakes
import Primitives
import RelayRuntime

/// What every client of a run shares: one loop, one HTTP client, one certificate.
package struct ClientToolkit: Sendable {
    package let loop: ClientLoop
    package let client: SignalingClient
    package let identity: DTLSIdentity

    /// Throws `LoopError` or `DTLSFailure`.
    package init(name: String, acceptsAnyCertificate: Bool) throws {
        loop = try ClientLoop(name: name)
        client = SignalingClient(acceptsAnyCertificate: acceptsAnyCertificate)
        identity = try DTLSIdentity(commonName: "tally client", validFrom: SystemClock.wall)
    }

    package var publisher: WHIPPublisher { WHIPPublisher(loop: loop, client: client, identity: identity) }
    package var viewer: WHEPViewer { WHEPViewer(loop: loop, client: client, identity: identity) }

    /// Stops the loop and closes the connections.
    package func shutDown() async {
        loop.stop()
        await client.shutDown()
    }
}
