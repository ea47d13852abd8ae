// PeerTransports
