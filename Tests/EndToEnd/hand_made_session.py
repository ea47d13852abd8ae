"""WHIP and WHEP sessions that a test makes by hand in a page, for what the relay's own pages do not do."""

from relay import room

# Sessions by name, in a page of the relay's origin: its policy lets no other page talk to the relay.
define = """
    window.handMade = (() => {
        const sessions = new Map();

        const send = (method, url, token, type, body, headers = {}) => fetch(url, {
            method, body, headers: { Authorization: `Bearer ${token}`, "Content-Type": type, ...headers },
        });

        const credentialsOf = (sdp) => ({
            ufrag: sdp.match(/^a=ice-ufrag:(\\S+)/m)[1], password: sdp.match(/^a=ice-pwd:(\\S+)/m)[1],
        });

        const open = async (name, url, token, connection) => {
            await connection.setLocalDescription();
            const response = await send("POST", url, token, "application/sdp", connection.localDescription.sdp);
            const answer = await response.text();
            if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
            await connection.setRemoteDescription({ type: "answer", sdp: answer });
            sessions.set(name, {
                connection, token, answer, url: response.headers.get("Location"), tag: response.headers.get("ETag"),
            });
        };

        // A chosen codec, with what repairs it.
        const choose = (transceiver, codec) => {
            const wanted = [`video/${codec}`, "video/rtx"].map((type) => type.toLowerCase());
            transceiver.setCodecPreferences(RTCRtpSender.getCapabilities("video").codecs
                .filter(({ mimeType }) => wanted.includes(mimeType.toLowerCase())));
        };

        const publish = async ({ name, url, token, codec }) => {
            const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
            const stream = await navigator.mediaDevices.getUserMedia({
                audio: true, video: { width: 640, height: 360 },
            });
            for (const track of stream.getTracks()) {
                const transceiver = connection.addTransceiver(track, { direction: "sendonly", streams: [stream] });
                if (track.kind === "video" && codec) choose(transceiver, codec);
            }
            await open(name, url, token, connection);
        };

        const view = async ({ name, url, token }) => {
            const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
            const video = document.createElement("video");
            video.muted = video.autoplay = true;
            connection.addEventListener("track", ({ track, streams }) => {
                if (track.kind === "video") video.srcObject = streams[0];
            });
            for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "recvonly" });
            document.body.append(video);
            await open(name, url, token, connection);
        };

        // RFC 9725 4.3: only the offerer-tagged section, whose transport is everyone's.
        const fragmentOf = (sdp) => {
            const [, first] = sdp.split(/(?=^m=)/m);
            const { ufrag, password } = credentialsOf(first);
            const lines = first.trim().split("\\r\\n");
            return [
                `a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, lines[0],
                ...lines.filter((line) => /^a=(mid|candidate):/.test(line)), "",
            ].join("\\r\\n");
        };

        const restart = async (name) => {
            const session = sessions.get(name);
            const { connection } = session;
            const before = session.tag;
            connection.restartIce();
            await connection.setLocalDescription();
            const response = await send(
                "PATCH", session.url, session.token, "application/trickle-ice-sdpfrag",
                fragmentOf(connection.localDescription.sdp), { "If-Match": "*" });
            const fragment = await response.text();
            if (response.status !== 200) throw new Error(`${response.status}: ${fragment}`);
            // Nothing but the transport changes: the first answer again, with what the fragment says.
            const { ufrag, password } = credentialsOf(fragment);
            const candidates = fragment.match(/^a=candidate:.*\\r\\n/gm).join("");
            session.answer = session.answer
                .replace(/^a=candidate:.*\\r\\n/gm, "")
                .replace(/^a=ice-pwd:.*\\r\\n/gm, `a=ice-pwd:${password}\\r\\n${candidates}`)
                .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${ufrag}`);
            await connection.setRemoteDescription({ type: "answer", sdp: session.answer });
            session.tag = response.headers.get("ETag");
            return { before, after: session.tag, type: response.headers.get("Content-Type") };
        };

        const patch = async (name, tag, fragment) => {
            const { url, token } = sessions.get(name);
            const type = "application/trickle-ice-sdpfrag";
            return (await send("PATCH", url, token, type, fragment, { "If-Match": tag })).status;
        };

        const transport = (name) => {
            const { connection, answer } = sessions.get(name);
            const [, address, port] = answer.match(/^a=candidate:\\S+ 1 udp \\d+ (\\S+) (\\d+) /mi);
            return {
                local: credentialsOf(connection.localDescription.sdp), remote: credentialsOf(answer),
                address, port: Number(port), state: connection.connectionState,
            };
        };

        const statistics = async (name) => [...(await sessions.get(name).connection.getStats()).values()];

        const url = (name) => sessions.get(name).url;

        return { publish, view, restart, patch, transport, statistics, url };
    })();
"""


class HandMadeSession:
    """One session, publishing or viewing, in a page of its own."""

    def __init__(self, browser, relay):
        context = browser.new_context(permissions=["camera", "microphone"], ignore_https_errors=True)
        self.relay = relay
        self.page = context.new_page()
        self.page.goto(f"{relay.url}/")
        self.page.evaluate(define)

    def _call(self, function, *arguments):
        return self.page.evaluate("([name, ...rest]) => window.handMade[name](...rest)", [function, *arguments])

    def publish(self, token, codec=None):
        self._call("publish", {"name": "it", "url": f"/v1/rooms/{room}/whip", "token": token, "codec": codec})
        return self

    def view(self, token):
        self._call("view", {"name": "it", "url": f"/v1/rooms/{room}/whep", "token": token})
        return self

    def restart(self):
        """Restarts ICE; answers the entity tags before and after, and the type of the answer."""
        return self._call("restart", "it")

    def patch(self, tag, fragment):
        return self._call("patch", "it", tag, fragment)

    def transport(self):
        return self._call("transport", "it")

    def statistics(self, report_type, **wanted):
        """The first report of that type that has these values, or nothing."""
        for report in self._call("statistics", "it"):
            if report["type"] == report_type and all(report.get(key) == value for key, value in wanted.items()):
                return report
        return {}

    def url(self):
        return self._call("url", "it")

    def frames_decoded(self):
        return self.statistics("inbound-rtp", kind="video").get("framesDecoded", 0)

    def close(self):
        self.page.context.close()
